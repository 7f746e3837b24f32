import CCurl
import CLinux
import Glibc
import Kernel

extension Transfer {
    func setCallbacks() {
        let me = Unmanaged.passUnretained(self).toOpaque()
        kcurl_set_pointer(easy, CURLOPT_PRIVATE, me)
        kcurl_set_receiver(easy, CURLOPT_HEADERFUNCTION, receiveLine)
        kcurl_set_pointer(easy, CURLOPT_HEADERDATA, me)
        kcurl_set_receiver(easy, CURLOPT_WRITEFUNCTION, receiveBody)
        kcurl_set_pointer(easy, CURLOPT_WRITEDATA, me)
        kcurl_set_open_socket(easy, openSocket)
        kcurl_set_pointer(easy, CURLOPT_OPENSOCKETDATA, me)
        // A connection outlives the request that opened it.
        kcurl_set_close_socket(easy, closeSocket)
        kcurl_set_pointer(
            easy, CURLOPT_CLOSESOCKETDATA, Unmanaged.passUnretained(lines).toOpaque())
        kcurl_set_before_request(easy, beforeRequest)
        kcurl_set_pointer(easy, CURLOPT_PREREQDATA, me)
    }
}

// No curl call from inside any of these.

private func transfer(_ pointer: UnsafeMutableRawPointer) -> Transfer {
    Unmanaged<Transfer>.fromOpaque(pointer).takeUnretainedValue()
}

private func receiveLine(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ user: UnsafeMutableRawPointer?
) -> Int {
    guard let user else { return 0 }
    let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
    let mayGoOn = transfer(user).state?.collector.line(line) ?? false
    return mayGoOn ? line.count : 0
}

private func receiveBody(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ user: UnsafeMutableRawPointer?
) -> Int {
    guard let user else { return 0 }
    let part = UnsafeRawBufferPointer(start: bytes, count: size * count)
    switch transfer(user).receive(part) {
    case .goOn: return part.count
    case .pause: return Int(CURL_WRITEFUNC_PAUSE)
    case .stop: return 0
    }
}

/// Asked for every address before it is connected to. libcurl reports a refusal as code 7, like a closed
/// port, so it is written down here.
private func openSocket(
    _ user: UnsafeMutableRawPointer?, _ purpose: curlsocktype, _ address: UnsafeMutablePointer<curl_sockaddr>?
) -> curl_socket_t {
    guard let user, let address, let bytes = kcurl_address(address) else { return -1 }
    guard let (ip, port) = socketEndpoint(bytes, family: address.pointee.family),
        transfer(user).mayConnect(ip, port: port)
    else { return -1 }
    let descriptor = socket(
        address.pointee.family, address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue),
        address.pointee.protocol)
    transfer(user).opened(descriptor)
    return descriptor
}

private func closeSocket(_ user: UnsafeMutableRawPointer?, _ descriptor: curl_socket_t) -> Int32 {
    guard let user else { return Glibc.close(descriptor) }
    return Unmanaged<OpenLines>.fromOpaque(user).takeUnretainedValue().close(descriptor)
}

/// Asked for every connection before it carries a request, kept ones too: a connection opened under another
/// allowance or another guard is not borrowed.
private func beforeRequest(
    _ user: UnsafeMutableRawPointer?, _ remote: UnsafeMutablePointer<CChar>?,
    _ local: UnsafeMutablePointer<CChar>?, _ remotePort: Int32, _ localPort: Int32
) -> Int32 {
    guard let user, let remote, let local, let port = UInt16(exactly: remotePort),
        let ownPort = UInt16(exactly: localPort), let address = IPAddress(String(cString: remote)),
        let own = IPAddress(String(cString: local))
    else { return CURL_PREREQFUNC_ABORT }
    let ends = OpenLines.Ends(local: own, localPort: ownPort, remote: address, remotePort: port)
    return transfer(user).begins(on: ends) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
}

func socketEndpoint(_ bytes: UnsafeRawPointer, family: Int32) -> (IPAddress, UInt16)? {
    let port = UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
    switch family {
    case AF_INET:
        return (
            IPAddress(v4: UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self))), port
        )
    case AF_INET6:
        let high = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        let low = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
        return (IPAddress(v6: high, low), port)
    default: return nil
    }
}

extension Transfer {
    fileprivate func admits(_ address: IPAddress, port: UInt16) -> Bool {
        guard let state else { return false }
        let refusal = state.addressGuard.refusal(
            of: address, port: port, isPlain: state.request.url.isPlain, allowance: state.request.allowance)
        if let refusal { self.state?.refusal = refusal }
        return refusal == nil
    }

    /// A request that left once, and may not leave again, needs no further connection.
    fileprivate func mayConnect(_ address: IPAddress, port: UInt16) -> Bool {
        guard let state, !state.isSent || state.request.mayResend else { return false }
        return admits(address, port: port)
    }

    fileprivate func opened(_ descriptor: Int32) {
        guard descriptor >= 0 else { return }
        lines.opened(descriptor)
        state?.opened.append(descriptor)
    }

    /// The permission to write the request. libcurl asks each time before it does, also when it means to send
    /// again, by itself, what a reused connection swallowed without a byte of an answer (Curl_retry_request):
    /// so what must be sent once is permitted once.
    fileprivate func begins(on ends: OpenLines.Ends) -> Bool {
        guard let state, !state.isSent || state.request.mayResend else { return false }
        guard admits(ends.remote, port: ends.remotePort) else { return false }
        if state.addressGuard.isOwn(ends.remote, ends.remotePort, connectedFrom: ends.local) {
            self.state?.refusal = .ownAddress
            return false
        }
        if let source = state.request.source, source != ends.local {
            // A kept connection may be bound to another address, and is not borrowed then.
            self.state?.isUnproven = true
            return false
        }
        if state.request.mayResend {
            lines.meet(ends, state.opened)
        } else if !lines.mayCarryOnce(ends, openedFor: state.opened) {
            self.state?.isUnproven = true
            return false
        }
        if let mayLeave = state.request.mayLeave, !mayLeave() {
            self.state?.isLate = true
            return false
        }
        self.state?.ends = ends
        self.state?.isSent = true
        return true
    }
}
