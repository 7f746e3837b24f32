/// 128 bits. New ones are version 7 (RFC 9562): time first, so that they sort and index by age.
package struct UUID: Hashable, Comparable, Sendable {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) { (self.high, self.low) = (high, low) }

    /// A version 7 UUID: 48 bits of milliseconds, 74 random bits.
    package init(at time: Timestamp, entropy: Entropy) {
        let random = entropy.bytes(10)
        let a = UInt64(random[0]) << 8 | UInt64(random[1])
        let b = random[2...].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        high = UInt64(bitPattern: time.milliseconds) << 16 | 0x7000 | (a & 0x0FFF)
        low = 0x8000_0000_0000_0000 | (b & 0x3FFF_FFFF_FFFF_FFFF)
    }

    /// One with a number of 62 bits in place of what is random.
    package init(at time: Timestamp, number: UInt64) {
        high = UInt64(bitPattern: time.milliseconds) << 16 | 0x7000
        low = 0x8000_0000_0000_0000 | (number & 0x3FFF_FFFF_FFFF_FFFF)
    }

    package init(bytes: UnsafeRawBufferPointer) {
        precondition(bytes.count == 16, "a UUID has 16 bytes")
        high = UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self))
        low = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    }

    /// The 16 bytes in network order, as PostgreSQL's binary format has them.
    package var bytes: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 16) { buffer, count in
            withUnsafeBytes(of: high.bigEndian) { UnsafeMutableRawBufferPointer(buffer).copyMemory(from: $0) }
            withUnsafeBytes(of: low.bigEndian) {
                UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[8...])
                    .copyMemory(from: $0)
            }
            count = 16
        }
    }

    package static func < (a: UUID, b: UUID) -> Bool { (a.high, a.low) < (b.high, b.low) }
}

extension UUID: CustomStringConvertible {
    /// Lower-case hexadecimal in groups of 8-4-4-4-12.
    package var description: String { text(dashesBefore: 1 << 4 | 1 << 6 | 1 << 8 | 1 << 10) }

    /// Its 32 hexadecimal digits alone.
    package var digits: String { text(dashesBefore: 0) }

    /// - Parameter dashes: a bit for each byte that a dash stands before.
    private func text(dashesBefore dashes: UInt16) -> String {
        String(unsafeUninitializedCapacity: 36) { text in
            var end = 0
            func append(_ byte: UInt8) {
                text[end] = byte
                end += 1
            }
            for place in 0..<16 {
                if dashes & 1 << place != 0 { append(UInt8(ascii: "-")) }
                let half = place < 8 ? high : low
                let byte = UInt8(truncatingIfNeeded: half >> UInt64(56 - 8 * (place & 7)))
                append(Self.digit(byte >> 4))
                append(Self.digit(byte & 15))
            }
            return end
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    package init?(_ text: String) {
        let groups = text.split(separator: "-", omittingEmptySubsequences: false)
        guard groups.map(\.utf8.count) == [8, 4, 4, 4, 12] else { return nil }
        let hex = groups.joined()
        guard hex.utf8.allSatisfy(\.isHexDigit), let high = UInt64(hex.prefix(16), radix: 16),
            let low = UInt64(hex.suffix(16), radix: 16)
        else { return nil }
        self.init(high: high, low: low)
    }
}

extension UInt8 {
    fileprivate var isHexDigit: Bool {
        (48...57).contains(self) || (65...70).contains(self) || (97...102).contains(self)
    }
}
