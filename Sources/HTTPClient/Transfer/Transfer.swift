import CCurl
import CLinux
import EventLoop
import Glibc
import Kernel

/// One libcurl handle, used again and again, and the request that it is carrying.
final class Transfer {
    struct Settings {
        var userAgent: String
        /// PEM; nil: the system's.
        var certificateAuthorityFile: String?
        /// Since its last use.
        var idleLifetimeSeconds: Int
        /// Since it was opened.
        var connectionLifetimeSeconds: Int
        var streamLimit: Period
    }

    /// What the callbacks of one request need and find.
    fileprivate struct State {
        var collector: ResponseCollector
        let request: OutgoingRequest
        let addressGuard: AddressGuard
        var refusal: AddressRefusal?
        /// It was not to leave any more.
        var isLate = false
        /// The kept connection that libcurl chose is not proven; nothing was written.
        var isUnproven = false
        /// The connection stood and the request was about to be written.
        var isSent = false
        /// Sockets that were opened for it.
        var opened: [Int32] = []
        /// Of the connection that carries it.
        var ends: OpenLines.Ends?
        /// The write callback held libcurl back; it has a part that it will offer again.
        var isPaused = false
    }

    private let easy: UnsafeMutableRawPointer
    private let settings: Settings
    private let lines: OpenLines
    private var headers: UnsafeMutablePointer<curl_slist>?
    private var pin: UnsafeMutablePointer<curl_slist>?
    /// The name cache of this request alone: the pin lives in it and dies with it, unseen by other requests.
    private var names: UnsafeMutableRawPointer?
    fileprivate var state: State?
    /// Rings when the answer is open, when there is more of it, and at its end.
    private let bell = Wakeup()
    /// How it ended; nil: it is on its way.
    private(set) var result: CURLcode?

    init?(_ settings: Settings, lines: OpenLines) {
        guard let easy = curl_easy_init() else { return nil }
        self.easy = easy
        self.settings = settings
        self.lines = lines
    }

    deinit {
        release()
        curl_easy_cleanup(easy)
    }

    // MARK: One request

    /// - Parameters:
    ///   - pinned: the checked addresses of the URL's name, the only ones that libcurl will know; empty for
    ///     an address.
    ///   - isFresh: on a connection of its own.
    func prepare(
        _ request: OutgoingRequest, pinned: [IPAddress], timeLimits: OutgoingRequest.TimeLimits,
        addressGuard: AddressGuard, isFresh: Bool
    ) {
        state = State(
            collector: ResponseCollector(limits: request.responseLimits), request: request,
            addressGuard: addressGuard)
        setRules()
        setReuse(isFresh: isFresh)
        setTimeLimits(timeLimits, isStreamed: request.responseLimits.streamedFromBytes != nil)
        setTarget(request.url, pinned: pinned)
        // libcurl keeps such a connection for requests from the same address.
        if let source = request.source { set(CURLOPT_INTERFACE, "host!\(source)") }
        setMessage(request)
        setCallbacks()
    }

    /// Suspends until it is over, or until so much of the answer came that the rest is streamed.
    nonisolated(nonsending) func run(in multi: UnsafeMutableRawPointer) async {
        result = nil
        if curl_multi_add_handle(multi, easy) != CURLM_OK { finish(CURLE_FAILED_INIT, in: multi) }
        while result == nil, !isOpen { await bell.wait() }
    }

    /// Leaves the pool's multi handle.
    func finish(_ code: CURLcode, in multi: UnsafeMutableRawPointer) {
        guard result == nil else { return }
        curl_multi_remove_handle(multi, easy)
        release()
        if code == CURLE_OK, let ends = state?.ends { lines.answered(ends) }
        result = code
        bell.wake()
    }

    /// The kept connection that it was to go out on was not proven, and nothing was written.
    var isUnproven: Bool { state?.isUnproven ?? false }

    /// What `code` means, given what the callbacks saw; nil: it is on its way, and what came of a streamed
    /// answer is taken.
    func outcome(_ code: CURLcode?, duration: Period) throws(OutgoingError) -> OutgoingResponse {
        guard let state else { throw .other("nothing was sent") }
        if let refusal = state.refusal { throw .refusedByPolicy(refusal) }
        if state.isLate { throw .other("it was too late to send it") }
        if state.isUnproven { throw .other("no connection is proven") }
        let answer = state.collector
        if let code, code != CURLE_OK, !answer.isStopped { throw Self.error(code, state) }
        guard answer.isHeadComplete else { throw .noAnswer("no status line") }
        return OutgoingResponse(
            status: answer.status, headers: answer.headers,
            body: answer.isOpen ? takeBody() : answer.body, isTruncated: answer.isTruncated,
            duration: duration)
    }

    private static func error(_ code: CURLcode, _ state: State) -> OutgoingError {
        if state.collector.isHeadTooLarge { return .tooLarge }
        if code == CURLE_OPERATION_TIMEDOUT { return .timeout(state.isSent ? .answer : .connect) }
        let text = String(cString: curl_easy_strerror(code))
        if state.isSent {
            return state.collector.isHeadComplete
                ? .cutAnswer(status: state.collector.status) : .noAnswer(text)
        }
        switch code {
        case CURLE_COULDNT_CONNECT: return .connectFailed(text)
        case CURLE_COULDNT_RESOLVE_HOST: return .resolveFailed(text)
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE,
            CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS:
            return .tls(text)
        // A connection that dies in the TLS handshake.
        case CURLE_RECV_ERROR, CURLE_SEND_ERROR: return .connectFailed(text)
        default: return .other(text)
        }
    }

    /// Forgets the request, so that neither bodies nor what was received stay behind in an idle handle.
    func forget() { state = nil }

    /// Gives back what libcurl holds of the request: its options and copies, the headers, the pin with its
    /// cache.
    private func release() {
        if let names {
            kcurl_set_pointer(easy, CURLOPT_SHARE, nil)
            curl_share_cleanup(names)
        }
        curl_easy_reset(easy)
        curl_slist_free_all(headers)
        curl_slist_free_all(pin)
        (names, headers, pin) = (nil, nil, nil)
    }
}

// MARK: Options

extension Transfer {
    /// What holds for every request: no redirects, no proxy from the environment, no credentials from files,
    /// no cookies (the engine is never switched on), and HTTP/1.1 alone, whose resending rules are known.
    private func setRules() {
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_FOLLOWLOCATION, 0)
        set(CURLOPT_NETRC, Int(CURL_NETRC_IGNORED.rawValue))
        set(CURLOPT_HTTP09_ALLOWED, 0)
        set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1)
        set(CURLOPT_PATH_AS_IS, 1)
        set(CURLOPT_TCP_NODELAY, 1)
        set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1)
        set(CURLOPT_SSL_VERIFYPEER, 1)
        set(CURLOPT_SSL_VERIFYHOST, 2)
        set(CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2)
        set(CURLOPT_PROXY, "")
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_USERAGENT, settings.userAgent)
        if let file = settings.certificateAuthorityFile { set(CURLOPT_CAINFO, file) }
    }

    private func setReuse(isFresh: Bool) {
        set(CURLOPT_MAXAGE_CONN, settings.idleLifetimeSeconds)
        set(CURLOPT_MAXLIFETIME_CONN, settings.connectionLifetimeSeconds)
        if isFresh { set(CURLOPT_FRESH_CONNECT, 1) }
    }

    private func setTimeLimits(_ limits: OutgoingRequest.TimeLimits, isStreamed: Bool) {
        let total = isStreamed ? settings.streamLimit : limits.total
        // Zero would mean libcurl's defaults: none, and five minutes.
        set(CURLOPT_TIMEOUT_MS, max(Int(total.microseconds / 1_000), 1))
        set(CURLOPT_CONNECTTIMEOUT_MS, max(Int(limits.connect.microseconds / 1_000), 1))
    }

    private func setTarget(_ url: OutgoingURL, pinned: [IPAddress]) {
        set(CURLOPT_URL, url.text)
        set(CURLOPT_REQUEST_TARGET, url.target)
        guard case .name(let name) = url.host else { return }
        let addresses = pinned.map { $0.family == .v4 ? "\($0)" : "[\($0)]" }.joined(separator: ",")
        pin = curl_slist_append(nil, "\(name):\(url.port):\(addresses)")
        names = curl_share_init()
        kcurl_share_dns(names)
        kcurl_set_pointer(easy, CURLOPT_SHARE, names)
        kcurl_set_list(easy, CURLOPT_RESOLVE, pin)
    }

    private func setMessage(_ request: OutgoingRequest) {
        switch request.method {
        case .get where request.body.isEmpty: set(CURLOPT_HTTPGET, 1)
        case .head: set(CURLOPT_NOBODY, 1)
        case .delete where request.body.isEmpty: set(CURLOPT_CUSTOMREQUEST, request.method.rawValue)
        default: setBody(request)
        }
        addHeader("Accept-Encoding: identity")
        // Names without a value take libcurl's own headers away.
        addHeader("Expect:")
        if !request.headers.contains(where: { $0.name.lowercased() == "content-type" }) {
            addHeader("Content-Type:")
        }
        for header in request.headers {
            addHeader(header.value.isEmpty ? "\(header.name);" : "\(header.name): \(header.value)")
        }
        kcurl_set_list(easy, CURLOPT_HTTPHEADER, headers)
    }

    private func setBody(_ request: OutgoingRequest) {
        set(CURLOPT_POST, 1)
        if request.method != .post { set(CURLOPT_CUSTOMREQUEST, request.method.rawValue) }
        kcurl_set_size(easy, CURLOPT_POSTFIELDSIZE_LARGE, request.body.count)
        // libcurl's copy: the array may move, the copy stays until the next request.
        if request.body.isEmpty {
            set(CURLOPT_COPYPOSTFIELDS, "")
        } else {
            request.body.withUnsafeBytes {
                _ = kcurl_set_pointer(easy, CURLOPT_COPYPOSTFIELDS, $0.baseAddress)
            }
        }
    }

    private func setCallbacks() {
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

    private func addHeader(_ line: String) { headers = curl_slist_append(headers, line) }

    private func set(_ option: CURLoption, _ value: Int) {
        let code = kcurl_set_long(easy, option, value)
        precondition(code == CURLE_OK, "libcurl refuses option \(option.rawValue)")
    }

    private func set(_ option: CURLoption, _ text: String) {
        let code = kcurl_set_text(easy, option, text)
        precondition(code == CURLE_OK, "libcurl refuses option \(option.rawValue)")
    }
}

// MARK: Callbacks

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
    guard let (ip, port) = endpoint(bytes, family: address.pointee.family),
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

private func endpoint(_ bytes: UnsafeRawPointer, family: Int32) -> (IPAddress, UInt16)? {
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

// MARK: Streaming

extension Transfer {
    /// More came than is waited for: the rest is streamed.
    var isOpen: Bool { state?.collector.isOpen ?? false }

    fileprivate func receive(_ part: UnsafeRawBufferPointer) -> ResponseCollector.Verdict {
        let verdict = state?.collector.bodyPart(part) ?? .stop
        if verdict == .pause { state?.isPaused = true }
        if isOpen { bell.wake() }
        return verdict
    }

    /// What arrived since, and libcurl may go on.
    func takeBody() -> [UInt8] {
        let bytes = state?.collector.takeBody() ?? []
        if !bytes.isEmpty, result == nil, state?.isPaused == true {
            state?.isPaused = false
            // It may call back from here with what it held; an error is told as any other, by the pool.
            curl_easy_pause(easy, CURLPAUSE_CONT)
        }
        return bytes
    }

    /// Something can be taken, or it is over.
    var hasMore: Bool { result != nil || state?.collector.body.isEmpty == false }

    nonisolated(nonsending) func more() async { while !hasMore { await bell.wait() } }
}
