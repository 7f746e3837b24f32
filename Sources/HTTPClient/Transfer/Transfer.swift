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
    struct State {
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

    let easy: UnsafeMutableRawPointer
    let settings: Settings
    let lines: OpenLines
    var headers: UnsafeMutablePointer<curl_slist>?
    var pin: UnsafeMutablePointer<curl_slist>?
    /// The name cache of this request alone: the pin lives in it and dies with it, unseen by other requests.
    var names: UnsafeMutableRawPointer?
    var state: State?
    /// Rings when the answer is open, when there is more of it, and at its end.
    let bell = Wakeup()
    /// What libcurl says of an error beside its code.
    private let words = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
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
        words.deallocate()
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
        words.pointee = 0
        kcurl_set_pointer(easy, CURLOPT_ERRORBUFFER, words)
        setRules()
        setReuse(isFresh: isFresh)
        setTimeLimits(timeLimits, isStreamed: request.responseLimits.streamedFromBytes != nil)
        setTarget(request.url, pinned: pinned)
        // libcurl keeps such a connection for requests from the same address.
        if let source = request.source { set(CURLOPT_INTERFACE, "host!\(source)") }
        if let certificate = request.clientCertificate { setCertificate(certificate) }
        if let authority = request.authority { setAuthority(authority) }
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
        if let code, code != CURLE_OK, !answer.isStopped { throw error(code, state) }
        guard answer.isHeadComplete else { throw .noAnswer("no status line") }
        return OutgoingResponse(
            status: answer.status, headers: answer.headers,
            body: answer.isOpen ? takeBody() : answer.body, isTruncated: answer.isTruncated,
            duration: duration)
    }

    private func error(_ code: CURLcode, _ state: State) -> OutgoingError {
        if state.collector.isHeadTooLarge { return .tooLarge }
        if code == CURLE_OPERATION_TIMEDOUT { return .timeout(state.isSent ? .answer : .connect) }
        let text = String(cString: curl_easy_strerror(code))
        if code == CURLE_RECV_ERROR, !state.collector.isHeadComplete, refusesCertificate { return .tls(text) }
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

    /// By TLS 1.3 a client believes that the connection stands before the server has looked at its
    /// certificate: a server that does not take it, or misses one, says so when the request was written
    /// already. It has read nothing of that: its handshake never ended (RFC 8446, 4.4.2.4).
    private var refusesCertificate: Bool {
        let said = String(cString: words)
        return said.contains(" alert ")
            && ["certificate", "unknown ca", "access denied"].contains { said.contains($0) }
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

// MARK: Streaming

extension Transfer {
    /// More came than is waited for: the rest is streamed.
    var isOpen: Bool { state?.collector.isOpen ?? false }

    func receive(_ part: UnsafeRawBufferPointer) -> ResponseCollector.Verdict {
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
