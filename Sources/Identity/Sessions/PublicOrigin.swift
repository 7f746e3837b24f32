import Kernel

/// Scheme, host and port that people's browsers call this service by: `https://host[:port]`, or
/// `http://localhost[:port]`, since only there browsers keep `__Host-` cookies and passkeys.
package struct PublicOrigin: Equatable, Sendable {
    /// As browsers write it in `Origin`: lower case, without the scheme's own port, without a slash.
    package let text: String
    let isLocal: Bool

    package init?(_ typed: String) {
        let lower = typed.lowercased()
        let isSecure = lower.hasPrefix("https://")
        guard isSecure || lower.hasPrefix("http://") else { return nil }
        let authority = lower.dropFirst(isSecure ? 8 : 7)
        guard let (host, port) = Self.parts(authority) else { return nil }
        guard isSecure || host == "localhost" else { return nil }
        isLocal = !isSecure
        let own = port == (isSecure ? 443 : 80) ? nil : port
        text = (isSecure ? "https://" : "http://") + host + (own.map { ":\($0)" } ?? "")
    }

    /// Without a path, a user or anything else.
    private static func parts(_ authority: Substring) -> (host: Substring, port: Int?)? {
        let isBracketed = authority.hasPrefix("[")
        let end = isBracketed ? authority.firstIndex(of: "]").map { authority.index(after: $0) } : nil
        let host = authority[..<(end ?? authority.firstIndex(of: ":") ?? authority.endIndex)]
        let rest = authority[host.endIndex...]
        guard isBracketed ? isAddress(host) : isName(host) else { return nil }
        if rest.isEmpty { return (host, nil) }
        let digits = rest.dropFirst()
        guard rest.first == ":", let port = Int(digits), (1...65_535).contains(port),
            String(port) == digits
        else { return nil }
        return (host, port)
    }

    private static func isAddress(_ host: Substring) -> Bool {
        IPAddress(String(host.dropFirst().dropLast()))?.family == .v6
    }

    /// RFC 1123 2.1.
    private static func isName(_ host: Substring) -> Bool {
        let labels = host.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return host.utf8.count <= 253
            && labels.allSatisfy { label in
                (1...63).contains(label.count) && label.first != UInt8(ascii: "-")
                    && label.last != UInt8(ascii: "-")
                    && label.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
            }
    }
}
