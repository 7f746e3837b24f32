import Crypto
import Synchronization
import Testing

/// What must not be seen, plain or encoded, by the name that a failure tells.
final class Canaries: Sendable {
    /// Shorter than that, an encoding could be there by chance.
    private static let leastCharacters = 16

    private let forms = Mutex<[String: Set<String>]>([:])

    /// The random part only: a prefix such as `kbt_` may be shown.
    func watch(_ name: String, _ secret: String?) throws {
        let secret = try #require(secret, "no secret for \(name)")
        let body = secret.firstIndex(of: "_").map { secret[secret.index(after: $0)...] } ?? secret[...]
        try #require(body.count >= Self.leastCharacters)
        let found = Self.forms(of: String(body)).filter { $0.count >= Self.leastCharacters }
        forms.withLock { $0[name] = found }
    }

    /// Every text that must not be seen.
    var allForms: [String] { forms.withLock { $0.values.flatMap { $0 } }.sorted() }

    /// Names of the secrets that are in `text`.
    func seen(in text: String) -> [String] {
        forms.withLock { forms in
            forms.filter { $0.value.contains { text.contains($0) } }.map(\.key).sorted()
        }
    }

    /// As it is, and in hex and base64; where it is base64 itself, what it stands for in hex, too.
    private static func forms(of secret: String) -> Set<String> {
        let bytes = Array(secret.utf8)
        let texts = inBothAlphabets(secret) + hex(bytes) + (0..<3).flatMap { base64(bytes, behind: $0) }
        return Set(texts + hex(Array(decoded(secret).prefix(rawBytes))))
    }

    /// Bytes of a secret before a checksum that its text may have.
    private static let rawBytes = 24

    /// Nothing for what is not base64.
    private static func decoded(_ secret: String) -> [UInt8] {
        let standard = inBothAlphabets(secret)[0].prefix { $0 != "=" }
        return Base64.decode(standard + String(repeating: "=", count: (4 - standard.count % 4) % 4)) ?? []
    }

    private static func inBothAlphabets(_ text: String) -> [String] {
        [
            text.replacing("-", with: "+").replacing("_", with: "/"),
            text.replacing("+", with: "-").replacing("/", with: "_"),
        ]
    }

    private static func hex(_ bytes: [UInt8]) -> [String] {
        let lower = Hex.encode(bytes)
        return [lower, lower.uppercased()]
    }

    /// The characters that hold nothing but these bytes when `count` others stand before them.
    private static func base64(_ bytes: [UInt8], behind count: Int) -> [String] {
        let all = Base64.encode([UInt8](repeating: 0, count: count) + bytes)
        let first = (count * 8 + 5) / 6
        let end = (count + bytes.count) * 8 / 6
        return inBothAlphabets(String(all.prefix(end).dropFirst(first)))
    }
}
