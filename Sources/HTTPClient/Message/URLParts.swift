import Kernel

/// The strict reader of RFC 3986 URLs with an authority: `scheme://host[:port][/path][?query]`.
struct URLParts {
    let scheme: OutgoingURL.Scheme
    let host: OutgoingURL.Host
    let port: UInt16
    let target: String

    init(_ text: String, bytesAtMost: Int = OutgoingURL.maximumBytes) throws(URLRefusal) {
        guard text.utf8.count <= bytesAtMost else { throw .tooLong }
        try Self.checkCharacters(text[...])
        let (scheme, rest) = try Self.splitScheme(text[...])
        if rest.utf8.contains(UInt8(ascii: "#")) { throw .hasFragment }
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        let authority = rest[..<end]
        if authority.contains("@") { throw .hasCredentials }
        let (hostText, portText) = try Self.splitPort(authority)
        self.scheme = scheme
        host = try Self.host(hostText)
        port = try portText.map(Self.port) ?? (scheme == .https ? 443 : 80)
        target = try Self.target(rest[end...])
    }

    static func checkCharacters(_ text: Substring) throws(URLRefusal) {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }) else {
            throw .badCharacter
        }
    }

    private static func splitScheme(_ text: Substring) throws(URLRefusal) -> (OutgoingURL.Scheme, Substring) {
        for scheme in [OutgoingURL.Scheme.https, .http] {
            let prefix = "\(scheme.rawValue)://"
            if text.prefix(prefix.count).lowercased() == prefix {
                return (scheme, text.dropFirst(prefix.count))
            }
        }
        throw .notHTTPS
    }

    /// The host, in brackets if it was, and the port's digits if there is a colon.
    private static func splitPort(_ authority: Substring) throws(URLRefusal) -> (Substring, Substring?) {
        if authority.isEmpty { throw .hostMissing }
        if authority.hasPrefix("[") {
            guard let bracket = authority.firstIndex(of: "]") else { throw .hostInvalid }
            let after = authority[authority.index(after: bracket)...]
            if after.isEmpty { return (authority, nil) }
            guard after.hasPrefix(":") else { throw .hostInvalid }
            return (authority[...bracket], after.dropFirst())
        }
        guard let colon = authority.firstIndex(of: ":") else { return (authority, nil) }
        return (authority[..<colon], authority[authority.index(after: colon)...])
    }

    private static func port(_ digits: Substring) throws(URLRefusal) -> UInt16 {
        guard digits.utf8.allSatisfy({ (48...57).contains($0) }), !digits.hasPrefix("0"),
            let port = UInt16(digits)
        else { throw .portInvalid }
        return port
    }

    static func target(_ text: Substring) throws(URLRefusal) -> String {
        let bytes = Array(text.utf8)
        for index in bytes.indices where bytes[index] == UInt8(ascii: "%") {
            guard index + 2 < bytes.count, isHexDigit(bytes[index + 1]), isHexDigit(bytes[index + 2]) else {
                throw .pathInvalid
            }
        }
        return text.hasPrefix("/") ? String(text) : "/" + text
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...70).contains(byte) || (97...102).contains(byte)
    }
}

// MARK: Hosts

extension URLParts {
    static func host(_ text: Substring) throws(URLRefusal) -> OutgoingURL.Host {
        if text.hasPrefix("[") { return .address(try bracketed(text.dropFirst().dropLast())) }
        let name = (text.hasSuffix(".") ? text.dropLast() : text).lowercased()
        if name.isEmpty { throw .hostMissing }
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        guard let last = labels.last, name.utf8.count <= 253, labels.allSatisfy(isLabel) else {
            throw .hostInvalid
        }
        // The URL standard's rule: a host whose last label looks like a number is an IPv4 address to lenient
        // readers (`2130706433`, `0x7f.1`, `0177.0.0.1`, `127.1`), so nothing but the one plain form is
        // accepted.
        guard looksNumeric(last) else { return .name(name) }
        guard labels.count == 4, labels.allSatisfy(isPlainDecimal), let address = IPAddress(name) else {
            throw .hostAmbiguous
        }
        return .address(address)
    }

    private static func bracketed(_ text: Substring) throws(URLRefusal) -> IPAddress {
        if text.contains("%") { throw .hostHasZone }
        guard text.contains(":"), let address = IPAddress(String(text)) else { throw .hostInvalid }
        return address
    }

    /// RFC 1035 labels, and the underscore that names in closed networks carry.
    private static func isLabel(_ label: Substring) -> Bool {
        guard (1...63).contains(label.utf8.count), !label.hasPrefix("-"), !label.hasSuffix("-") else {
            return false
        }
        return label.utf8.allSatisfy {
            (97...122).contains($0) || (48...57).contains($0) || $0 == UInt8(ascii: "-")
                || $0 == UInt8(ascii: "_")
        }
    }

    private static func looksNumeric(_ label: Substring) -> Bool {
        if label.hasPrefix("0x") { return label.dropFirst(2).utf8.allSatisfy(isHexDigit) }
        return label.utf8.allSatisfy { (48...57).contains($0) }
    }

    private static func isPlainDecimal(_ label: Substring) -> Bool {
        label.utf8.allSatisfy { (48...57).contains($0) } && (label == "0" || !label.hasPrefix("0"))
    }
}
