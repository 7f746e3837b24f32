/// A mail server, whoever sends there and to whom. TLS always: from the first byte, or by STARTTLS, which is
/// required.
package struct MailRoute: Sendable, Equatable {
    package let host: String
    package let port: UInt16
    /// TLS from the first byte (RFC 8314); otherwise STARTTLS.
    package let isImplicitTLS: Bool
    package let user: String?
    package let password: String?
    package let from: String
    package let to: [String]

    package init(
        host: String, port: UInt16, isImplicitTLS: Bool, user: String?, password: String?, from: String,
        to: [String]
    ) {
        (self.host, self.port, self.isImplicitTLS) = (host, port, isImplicitTLS)
        (self.user, self.password, self.from, self.to) = (user, password, from, to)
    }
}

package enum MailAddress {
    /// RFC 5321: 254 is what a path holds.
    package static let lengthRange = 3...254

    /// A plain `local@domain` of ASCII: nothing that a header or an SMTP command could take for more.
    package static func isValid(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
        guard lengthRange.contains(text.utf8.count), parts.count == 2 else { return false }
        let (local, domain) = (parts[0], parts[1])
        guard local.count <= 64 else { return false }
        return isDotted(local, also: "!#$%&'*+/=?^_`{|}~-") && isDotted(domain, also: "-")
    }

    /// Non-empty words of letters, digits and what else is allowed, between single dots.
    private static func isDotted(_ bytes: Substring.UTF8View, also others: String) -> Bool {
        let words = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return words.allSatisfy { word in
            !word.isEmpty && word.first != UInt8(ascii: "-") && word.allSatisfy { isPlain($0, others) }
        }
    }

    private static func isPlain(_ byte: UInt8, _ others: String) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"):
            true
        default: others.utf8.contains(byte)
        }
    }

    /// After the at sign.
    static func domain(of address: String) -> Substring {
        address.split(separator: "@").last ?? "localhost"
    }
}
