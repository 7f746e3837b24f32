import CCurl
import CLinux
import Glibc
import Kernel

/// One mail through libcurl, blocking: a handle of its own from the connection to the end.
final class MailTransfer {
    struct Order: Sendable {
        let mail: OutgoingMail
        let pinned: [IPAddress]
        let addressGuard: AddressGuard
    }

    struct Reply: Equatable, Sendable {
        let code: Int
        let text: String
    }

    /// Of the server's lines that are kept.
    private static let keptBytes = 1_024
    /// A server that says more than that in a dialogue of twenty lines is none.
    private static let heardBytes = 65_536

    private let order: Order
    private let easy: UnsafeMutableRawPointer
    private var lists: [UnsafeMutablePointer<curl_slist>?] = []
    private var refusal: AddressRefusal?
    private var isConnected = false
    private var sentBytes = 0
    private var heard = 0
    private var lines: [String] = []

    static func run(_ order: Order) -> Result<Reply, OutgoingError> {
        CurlLibrary.start()
        guard let transfer = MailTransfer(order) else {
            return .failure(.other("no memory for a libcurl handle"))
        }
        return transfer.perform()
    }

    private init?(_ order: Order) {
        guard let easy = curl_easy_init() else { return nil }
        (self.order, self.easy) = (order, easy)
    }

    deinit {
        curl_easy_cleanup(easy)
        for list in lists { curl_slist_free_all(list) }
    }

    private func perform() -> Result<Reply, OutgoingError> {
        setRules()
        setDialogue()
        setCallbacks()
        let code = curl_easy_perform(easy)
        var last = 0
        kcurl_get_long(easy, CURLINFO_RESPONSE_CODE, &last)
        if let refusal { return .failure(.refusedByPolicy(refusal)) }
        // Whatever libcurl makes of a refusal, the server's own word is more exact.
        if code == CURLE_OK || last >= 400 && isRefusal(code) {
            return .success(Reply(code: last, text: lines.joined(separator: "\n")))
        }
        return .failure(error(code))
    }

    private func isRefusal(_ code: CURLcode) -> Bool {
        switch code {
        case CURLE_LOGIN_DENIED, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_WEIRD_SERVER_REPLY,
            CURLE_REMOTE_ACCESS_DENIED, CURLE_UPLOAD_FAILED, CURLE_QUOTE_ERROR:
            true
        default: false
        }
    }

    private func error(_ code: CURLcode) -> OutgoingError {
        let text = String(cString: curl_easy_strerror(code))
        switch code {
        case CURLE_OPERATION_TIMEDOUT: return .timeout(isConnected ? .answer : .connect)
        case CURLE_COULDNT_CONNECT: return .connectFailed(text)
        case CURLE_COULDNT_RESOLVE_HOST: return .resolveFailed(text)
        case CURLE_USE_SSL_FAILED: return .tls("the server offers no STARTTLS")
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE,
            CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS:
            return .tls(text)
        default: return sentBytes > 0 ? .noAnswer(text) : .connectFailed(text)
        }
    }

    // MARK: Options

    private func setRules() {
        let mail = order.mail
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_NETRC, Int(CURL_NETRC_IGNORED.rawValue))
        set(CURLOPT_SSL_VERIFYPEER, 1)
        set(CURLOPT_SSL_VERIFYHOST, 2)
        set(CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2)
        // STARTTLS or nothing: a server, or whoever stands before it, cannot talk us out of it.
        set(CURLOPT_USE_SSL, Int(CURLUSESSL_ALL.rawValue))
        set(CURLOPT_PROXY, "")
        set(CURLOPT_PROTOCOLS_STR, "smtp,smtps")
        set(CURLOPT_TIMEOUT_MS, max(Int(mail.timeLimits.total.microseconds / 1_000), 1))
        set(CURLOPT_CONNECTTIMEOUT_MS, max(Int(mail.timeLimits.connect.microseconds / 1_000), 1))
        if let authority = mail.authority {
            let bytes = Array(authority.utf8)
            bytes.withUnsafeBytes { _ = kcurl_set_blob(easy, CURLOPT_CAINFO_BLOB, $0.baseAddress, $0.count) }
            // Alone: libcurl would trust its own folder beside it.
            _ = kcurl_set_pointer(easy, CURLOPT_CAPATH, nil)
        }
    }

    private func setDialogue() {
        let mail = order.mail
        let scheme = mail.isImplicitTLS ? "smtps" : "smtp"
        // After EHLO we call ourselves as our sender's domain, not as this machine.
        let domain = mail.from.split(separator: "@").last ?? "localhost"
        set(CURLOPT_URL, "\(scheme)://\(mail.server.hostText):\(mail.server.port)/\(domain)")
        if case .name(let name) = mail.server.host {
            let addresses = order.pinned.map { $0.family == .v4 ? "\($0)" : "[\($0)]" }
            let pin = "\(name):\(mail.server.port):\(addresses.joined(separator: ","))"
            kcurl_set_list(easy, CURLOPT_RESOLVE, list([pin]))
        }
        if let user = mail.user, let password = mail.password {
            set(CURLOPT_USERNAME, user)
            set(CURLOPT_PASSWORD, password)
        }
        set(CURLOPT_MAIL_FROM, "<\(mail.from)>")
        kcurl_set_list(easy, CURLOPT_MAIL_RCPT, list(mail.to.map { "<\($0)>" }))
        // One who left must not cost the others their alert.
        set(CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1)
        set(CURLOPT_UPLOAD, 1)
        kcurl_set_size(easy, CURLOPT_INFILESIZE_LARGE, mail.bytes.count)
    }

    private func setCallbacks() {
        let me = Unmanaged.passUnretained(self).toOpaque()
        kcurl_set_receiver(easy, CURLOPT_READFUNCTION, giveBytes)
        kcurl_set_pointer(easy, CURLOPT_READDATA, me)
        kcurl_set_receiver(easy, CURLOPT_HEADERFUNCTION, hearLine)
        kcurl_set_pointer(easy, CURLOPT_HEADERDATA, me)
        kcurl_set_receiver(easy, CURLOPT_WRITEFUNCTION, dropBytes)
        kcurl_set_open_socket(easy, openSocket)
        kcurl_set_pointer(easy, CURLOPT_OPENSOCKETDATA, me)
    }

    private func list(_ lines: [String]) -> UnsafeMutablePointer<curl_slist>? {
        let list = lines.reduce(nil) { curl_slist_append($0, $1) }
        lists.append(list)
        return list
    }

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

extension MailTransfer {
    fileprivate static func of(_ pointer: UnsafeMutableRawPointer) -> MailTransfer {
        Unmanaged<MailTransfer>.fromOpaque(pointer).takeUnretainedValue()
    }

    fileprivate func give(_ room: UnsafeMutableRawBufferPointer) -> Int {
        let part = order.mail.bytes[sentBytes...].prefix(room.count)
        room.copyBytes(from: part)
        sentBytes += part.count
        return part.count
    }

    /// Keeps the last line and those that refuse somebody.
    fileprivate func hear(_ line: UnsafeRawBufferPointer) -> Bool {
        isConnected = true
        heard += line.count
        guard heard <= Self.heardBytes else { return false }
        let text = String(decoding: line, as: UTF8.self).filter { !$0.isNewline && $0 != "\0" }
        if let last = lines.last, !Self.isRefusal(last) { lines.removeLast() }
        if lines.reduce(0, { $0 + $1.utf8.count }) < Self.keptBytes {
            lines.append(String(text.prefix(Self.keptBytes / 4)))
        }
        return true
    }

    private static func isRefusal(_ line: String) -> Bool { line.hasPrefix("4") || line.hasPrefix("5") }

    fileprivate func admits(_ address: IPAddress, port: UInt16) -> Bool {
        refusal = order.addressGuard.refusal(
            of: address, port: port, isPlain: false, allowance: order.mail.allowance)
        return refusal == nil
    }
}

// No curl call from inside any of these.

private func giveBytes(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ user: UnsafeMutableRawPointer?
) -> Int {
    guard let user else { return 0 }
    return MailTransfer.of(user).give(UnsafeMutableRawBufferPointer(start: bytes, count: size * count))
}

private func hearLine(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ user: UnsafeMutableRawPointer?
) -> Int {
    guard let user else { return 0 }
    let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
    return MailTransfer.of(user).hear(line) ? line.count : 0
}

private func dropBytes(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ user: UnsafeMutableRawPointer?
) -> Int { size * count }

private func openSocket(
    _ user: UnsafeMutableRawPointer?, _ purpose: curlsocktype, _ address: UnsafeMutablePointer<curl_sockaddr>?
) -> curl_socket_t {
    guard let user, let address, let bytes = kcurl_address(address),
        let (ip, port) = socketEndpoint(bytes, family: address.pointee.family),
        MailTransfer.of(user).admits(ip, port: port)
    else { return -1 }
    return socket(
        address.pointee.family, address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue),
        address.pointee.protocol)
}
