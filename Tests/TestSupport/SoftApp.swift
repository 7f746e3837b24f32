import Crypto
package import Kernel

/// Somebody's phone: shows one-time codes of a seed, by RFC 6238 and 4226.
package struct SoftApp: Sendable {
    private let seed: [UInt8]

    /// Nil for what is no base32 of 20 bytes.
    package init?(_ secret: String) {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)
        let values = secret.utf8.compactMap { alphabet.firstIndex(of: $0) }
        guard values.count == 32, secret.utf8.count == 32 else { return nil }
        let bits = values.flatMap { value in (0..<5).reversed().map { UInt8(value >> $0 & 1) } }
        seed = stride(from: 0, to: 160, by: 8).map { bits[$0..<$0 + 8].reduce(0) { $0 << 1 | $1 } }
    }

    package var seedInHex: String { Hex.encode(seed) }

    package func code(at now: Timestamp) throws -> String {
        let step = UInt64(now.seconds / 30)
        let counter = (0..<8).map { UInt8(truncatingIfNeeded: step >> UInt64(56 - 8 * $0)) }
        let hash = HMAC.sha1(key: try Secret(copying: seed), counter)
        let offset = Int(hash[19] & 0x0F)
        let number = hash[offset..<offset + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } & 0x7FFF_FFFF
        let digits = String(number % 1_000_000)
        return String(repeating: "0", count: 6 - digits.utf8.count) + digits
    }
}
