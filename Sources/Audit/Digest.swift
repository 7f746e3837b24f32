import Crypto
package import JSON

/// A SHA-256 without an allocation of its own: verification holds many.
package struct Digest: Hashable, Sendable {
    private let words: InlineWords

    private struct InlineWords: Hashable {
        var (a, b, c, d): (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    }

    /// What stands before the first entry of a lane.
    package static let zero = Digest(words: InlineWords())

    private init(words: InlineWords) { self.words = words }

    /// Nil unless 32 bytes.
    package init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == SHA256.digestBytes else { return nil }
        var words = InlineWords()
        for (index, byte) in bytes.enumerated() {
            switch index / 8 {
            case 0: words.a = words.a << 8 | UInt64(byte)
            case 1: words.b = words.b << 8 | UInt64(byte)
            case 2: words.c = words.c << 8 | UInt64(byte)
            default: words.d = words.d << 8 | UInt64(byte)
            }
        }
        self.words = words
    }

    /// Nil unless 64 hexadecimal digits.
    package init?(hex: String) {
        guard let bytes = Hex.decode(hex) else { return nil }
        self.init(bytes)
    }

    package static func of(_ bytes: [UInt8]) -> Digest { Digest(SHA256.hash(bytes)) ?? .zero }

    package var bytes: [UInt8] {
        let words = (words.a.bigEndian, words.b.bigEndian, words.c.bigEndian, words.d.bigEndian)
        return withUnsafeBytes(of: words) { Array($0) }
    }
}

extension Digest: CustomStringConvertible, JSONWritable {
    /// 64 lower-case hexadecimal digits.
    package var description: String { Hex.encode(bytes) }

    package func write(to w: inout JSONWriter) { w.string(description) }
}
