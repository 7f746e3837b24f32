package import Kernel

/// One mail on its way to a mail server; TLS always.
package struct OutgoingMail: Sendable {
    /// What mail servers listen on for those who hand mail in (RFC 6409, RFC 8314).
    package static let ports: Set<UInt16> = [465, 587, 2_525]

    /// As a URL reads it: the scheme apart, which is ours.
    package var server: OutgoingURL
    /// TLS from the first byte; otherwise STARTTLS, without which nothing is said.
    package var isImplicitTLS: Bool
    package var user: String?
    package var password: String?
    /// PEM; nil: the system's authorities.
    package var authority: String?
    package var from: String
    package var to: [String]
    package var bytes: [UInt8]
    package var allowance: Allowance
    package var timeLimits = OutgoingRequest.TimeLimits(connect: .seconds(5), total: .seconds(20))

    package init(
        to server: OutgoingURL, isImplicitTLS: Bool, user: String?, password: String?, authority: String?,
        from: String, recipients: [String], bytes: [UInt8], allowance: Allowance
    ) {
        (self.server, self.isImplicitTLS) = (server, isImplicitTLS)
        (self.user, self.password, self.authority) = (user, password, authority)
        (self.from, to, self.bytes, self.allowance) = (from, recipients, bytes, allowance)
    }
}

extension Allowance {
    /// The same receivers by the ports of mail, never without TLS.
    package var ofMail: Allowance {
        var allowance = self
        allowance.ports = OutgoingMail.ports
        allowance.plainHTTP = false
        return allowance
    }
}

/// What the server said last.
package struct MailReply: Equatable, Sendable {
    /// RFC 5321 (4.2): 2xx is success, 4xx may be tried again, 5xx not as it is.
    package let code: Int
    /// The last line, and of the lines before those that refuse a recipient.
    package let text: String
    package let duration: Period
}
