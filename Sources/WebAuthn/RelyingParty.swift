import Crypto

/// The site that passkeys are made for: by its origin, whose host is the domain that they are bound to.
package struct RelyingParty: Equatable, Sendable {
    /// `https://keybell.desk.example:8443`, as browsers write it.
    package let origin: String
    /// Its host.
    package let id: String

    /// Nil for what no passkey can be bound to: WebAuthn wants a secure context and a domain
    /// (level 2, 5.1.3), so https, or http on this machine, and no address.
    package init?(origin: String) {
        let isLocal = origin == "http://localhost" || origin.hasPrefix("http://localhost:")
        guard isLocal || origin.hasPrefix("https://"), let start = origin.firstRange(of: "://") else {
            return nil
        }
        let host = origin[start.upperBound...].prefix { $0 != ":" && $0 != "/" }
        let isAddress = host.hasPrefix("[") || host.allSatisfy { $0.isNumber || $0 == "." }
        guard !host.isEmpty, !isAddress else { return nil }
        self.origin = origin
        id = String(host)
    }

    /// What every answer of an authenticator begins with.
    package var hash: [UInt8] { SHA256.hash(id) }
}
