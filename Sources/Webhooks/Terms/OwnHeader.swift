import JSON

/// A header of the owner's own, on every request to the receiver. Its value is never shown again.
enum OwnHeader {
    static let nameBytes = 64
    static let valueBytes = 2_048

    /// What the connection, the body or the signature decides. A second opinion on any of them is an attack.
    private static let reserved: Set<String> = [
        "accept-encoding", "connection", "content-encoding", "content-length", "content-type", "cookie",
        "expect",
        "forwarded", "host", "keep-alive", "te", "trailer", "traceparent", "tracestate", "transfer-encoding",
        "upgrade", "user-agent", "via",
    ]
    private static let reservedBeginnings = ["webhook-", "keybell-", "proxy-", "x-forwarded-"]

    /// For the person who wrote it; the value is not repeated.
    static func mistake(_ name: String, _ value: JSONValue) -> String? {
        guard !name.isEmpty, name.utf8.count <= nameBytes, name.utf8.allSatisfy(isTokenByte) else {
            return "\"\(name.prefix(nameBytes))\" is no name of a header"
        }
        let folded = name.lowercased()
        if reserved.contains(folded) || reservedBeginnings.contains(where: { folded.hasPrefix($0) }) {
            return "\(name) is set by the service"
        }
        guard let text = value.asString else { return "the value of \(name) must be a string" }
        let isPlain = text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }
        guard isPlain, text.utf8.count <= valueBytes, text.first != " ", text.last != " ", !text.isEmpty
        else {
            return "the value of \(name) must be 1 to \(valueBytes) visible ASCII characters"
        }
        return nil
    }

    /// RFC 9110, 5.6.2.
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122: true
        case 33, 35...39, 42, 43, 45, 46, 94...96, 124, 126: true
        default: false
        }
    }
}
