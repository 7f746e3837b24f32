/// The SHA-256 of a secret's text: what is stored, and what caches are keyed by. Equal hashes mean equal
/// secrets, and nothing that a caller can measure about a look-up by hash helps to find the text.
package struct SecretHash: Hashable, Sendable {
    private let words: (UInt64, UInt64, UInt64, UInt64)

    package init(_ bytes: [UInt8]) {
        precondition(bytes.count == 32, "a SHA-256 has 32 bytes")
        func word(_ index: Int) -> UInt64 {
            bytes[index * 8..<index * 8 + 8].reduce(0) { $0 << 8 | UInt64($1) }
        }
        words = (word(0), word(1), word(2), word(3))
    }

    package var bytes: [UInt8] {
        [words.0, words.1, words.2, words.3].flatMap { word in
            (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(56 - $0 * 8)) }
        }
    }

    /// In constant time.
    package static func == (a: Self, b: Self) -> Bool {
        let difference =
            (a.words.0 ^ b.words.0) | (a.words.1 ^ b.words.1) | (a.words.2 ^ b.words.2)
            | (a.words.3 ^ b.words.3)
        return difference == 0
    }

    /// It is uniform already.
    package func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}
