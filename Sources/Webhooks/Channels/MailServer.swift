import HTTPClient

/// `smtps://host[:465]`, or `smtp://host[:587]` with STARTTLS.
struct MailServer {
    let host: String
    let port: UInt16
    let isImplicitTLS: Bool

    /// Nil for what is no such address.
    init?(_ text: String) {
        guard let (server, isImplicitTLS) = try? Self.url(text, allowance: .privateReceivers) else {
            return nil
        }
        (host, port, self.isImplicitTLS) = (server.hostText, server.port, isImplicitTLS)
    }

    /// The host and port as an URL of https, which is read in one place.
    static func url(_ text: String, allowance: Allowance) throws(URLRefusal) -> (OutgoingURL, Bool) {
        let isImplicitTLS = text.hasPrefix("smtps://")
        guard isImplicitTLS || text.hasPrefix("smtp://") else { throw .notHTTPS }
        let rest = text.dropFirst(isImplicitTLS ? 8 : 7)
        let place = rest.hasSuffix("/") ? rest.dropLast() : rest
        // No path: it would be what we call ourselves. A bracket ends an IPv6 address without a port.
        guard !place.contains("/"), !place.contains("?") else { throw .badCharacter }
        let hasPort = place.last != "]" && place.contains(":")
        let port = hasPort ? "" : isImplicitTLS ? ":465" : ":587"
        return (try OutgoingURL("https://\(place)\(port)", allowance: allowance.ofMail), isImplicitTLS)
    }
}
