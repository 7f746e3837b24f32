import CCurl
import CLinux
import Glibc
import Kernel

/// One libcurl handle, used again and again, and the request that it is carrying.
final class Transfer {
    struct Settings {
        var userAgent: String
        /// PEM; nil: the system's.
        var certificateAuthorityFile: String?
        /// Since its last use, and since it was opened.
        var connectionLifetimeSeconds: Int
    }

    /// What the callbacks of one request need and find.
    fileprivate struct State {
        var collector: ResponseCollector
        let request: OutgoingRequest
        let addressGuard: AddressGuard
        var refusal: AddressRefusal?
        /// It was not to leave any more.
        var isLate = false
        /// The connection stood and the request was about to be written.
        var isSent = false
    }

    private let easy: UnsafeMutableRawPointer
    private let settings: Settings
    private var headers: UnsafeMutablePointer<curl_slist>?
    private var pin: UnsafeMutablePointer<curl_slist>?
    /// The name cache of this request alone: the pin lives in it and dies with it, unseen by other requests.
    private var names: UnsafeMutableRawPointer?
    fileprivate var state: State?
    private var waiter: UnsafeContinuation<CURLcode, Never>?

    init?(_ settings: Settings) {
        guard let easy = curl_easy_init() else { return nil }
        self.easy = easy
        self.settings = settings
    }

    deinit {
        release()
        curl_easy_cleanup(easy)
    }

    // MARK: One request

    /// - Parameter pinned: the checked addresses of the URL's name, the only ones that libcurl will know;
    /// empty   for an address.
    func prepare(
        _ request: OutgoingRequest, pinned: [IPAddress], timeLimits: OutgoingRequest.TimeLimits,
        addressGuard: AddressGuard
    ) {
        state = State(
            collector: ResponseCollector(limits: request.responseLimits), request: request,
            addressGuard: addressGuard)
        setRules()
        setReuse(request.mayResend)
        setTimeLimits(timeLimits)
        setTarget(request.url, pinned: pinned)
        // libcurl keeps such a connection for requests from the same address.
        if let source = request.source { set(CURLOPT_INTERFACE, "host!\(source)") }
        setMessage(request)
        setCallbacks()
    }

    /// Suspends until the pool says that libcurl is done with it.
    nonisolated(nonsending) func run(in multi: UnsafeMutableRawPointer) async -> CURLcode {
        await withUnsafeContinuation {
            waiter = $0
            if curl_multi_add_handle(multi, easy) != CURLM_OK { finish(CURLE_FAILED_INIT, in: multi) }
        }
    }

    /// Leaves the pool's multi handle; `run` goes on with `code`.
    func finish(_ code: CURLcode, in multi: UnsafeMutableRawPointer) {
        curl_multi_remove_handle(multi, easy)
        release()
        waiter?.resume(returning: code)
        waiter = nil
    }

    /// What `code` means, given what the callbacks saw.
    func outcome(_ code: CURLcode, duration: Period) throws(OutgoingError) -> OutgoingResponse {
        guard let state else { throw .other("nothing was sent") }
        if let refusal = state.refusal { throw .refusedByPolicy(refusal) }
        if state.isLate { throw .other("it was too late to send it") }
        let answer = state.collector
        guard code == CURLE_OK || answer.isStopped else { throw Self.error(code, state) }
        guard answer.isHeadComplete else { throw .noAnswer("no status line") }
        return OutgoingResponse(
            status: answer.status, headers: answer.headers, body: answer.body,
            isTruncated: answer.isTruncated,
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

    private func setReuse(_ mayResend: Bool) {
        if mayResend {
            set(CURLOPT_MAXAGE_CONN, settings.connectionLifetimeSeconds)
            set(CURLOPT_MAXLIFETIME_CONN, settings.connectionLifetimeSeconds)
        } else {
            // libcurl sends a request again by itself when a reused connection dies before the first byte of
            // an answer (Curl_retry_request asks conn->bits.reuse). On a connection of its own it never does.
            set(CURLOPT_FRESH_CONNECT, 1)
            set(CURLOPT_FORBID_REUSE, 1)
        }
    }

    private func setTimeLimits(_ limits: OutgoingRequest.TimeLimits) {
        // Zero would mean libcurl's defaults: none, and five minutes.
        set(CURLOPT_TIMEOUT_MS, max(Int(limits.total.microseconds / 1_000), 1))
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
    let mayGoOn = transfer(user).state?.collector.bodyPart(part) ?? false
    return mayGoOn ? part.count : 0
}

/// Asked for every address before it is connected to. libcurl reports a refusal as code 7, like a closed
/// port, so it is written down here.
private func openSocket(
    _ user: UnsafeMutableRawPointer?, _ purpose: curlsocktype, _ address: UnsafeMutablePointer<curl_sockaddr>?
) -> curl_socket_t {
    guard let user, let address, let bytes = kcurl_address(address) else { return -1 }
    guard let (ip, port) = endpoint(bytes, family: address.pointee.family),
        transfer(user).admits(ip, port: port)
    else { return -1 }
    return socket(
        address.pointee.family, address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue),
        address.pointee.protocol)
}

/// Asked for every connection before it carries a request, kept ones too: a connection opened under another
/// allowance or another guard is not borrowed.
private func beforeRequest(
    _ user: UnsafeMutableRawPointer?, _ remote: UnsafeMutablePointer<CChar>?,
    _ local: UnsafeMutablePointer<CChar>?, _ remotePort: Int32, _ localPort: Int32
) -> Int32 {
    guard let user, let remote, let local, let port = UInt16(exactly: remotePort),
        let address = IPAddress(String(cString: remote))
    else { return CURL_PREREQFUNC_ABORT }
    let isAdmitted = transfer(user).begins(
        address, port: port, connectedFrom: IPAddress(String(cString: local)))
    return isAdmitted ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
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

    fileprivate func begins(_ address: IPAddress, port: UInt16, connectedFrom local: IPAddress?) -> Bool {
        guard admits(address, port: port) else { return false }
        // A kept connection may be bound to another address, and is not borrowed then.
        if let source = state?.request.source, source != local { return false }
        if let local, state?.addressGuard.isOwn(address, port, connectedFrom: local) ?? true {
            state?.refusal = .ownAddress
            return false
        }
        if let mayLeave = state?.request.mayLeave, !mayLeave() {
            state?.isLate = true
            return false
        }
        state?.isSent = true
        return true
    }
}
