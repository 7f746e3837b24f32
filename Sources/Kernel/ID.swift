/// What an id names: its prefix, and nothing else.
package protocol IDKind: Sendable {
    /// `key`, `usr`, …: up to 63 lower-case letters.
    static var prefix: StaticString { get }
}

/// A TypeID (https://github.com/jetify-com/typeid, version 0.3): `key_` and 26 characters of base32 over a
/// UUID. An id of one kind cannot be passed where another is wanted.
package struct ID<Kind: IDKind>: Hashable, Comparable, Sendable {
    package let uuid: UUID

    package init(_ uuid: UUID) { self.uuid = uuid }

    package static func < (a: Self, b: Self) -> Bool { a.uuid < b.uuid }
}

extension ID: CustomStringConvertible {
    package var description: String { TypeID.text(prefix: Kind.prefix, uuid: uuid) }

    /// Reads exactly this kind's prefix and a canonical suffix; anything else is nil.
    package init?(_ text: some StringProtocol) {
        guard let parsed = TypeID.parse(String(text)), parsed.prefix == Kind.prefix.description else {
            return nil
        }
        uuid = parsed.uuid
    }
}

/// The text form, apart from kinds: for callers that take an id of any kind (an actor, an audit resource).
package enum TypeID {
    private static let alphabet: StaticString = "0123456789abcdefghjkmnpqrstvwxyz"
    private static let values: [UInt8] = {
        var table = [UInt8](repeating: 255, count: 256)
        for value in 0..<32 { table[Int(alphabet.utf8Start[value])] = UInt8(value) }
        return table
    }()

    package static func text(prefix: StaticString, uuid: UUID) -> String {
        var (high, low) = (uuid.high, uuid.low)
        let start = prefix.utf8CodeUnitCount + 1
        return String(unsafeUninitializedCapacity: start + 26) { buffer in
            prefix.withUTF8Buffer { _ = buffer.initialize(from: $0) }
            buffer[start - 1] = UInt8(ascii: "_")
            // Every request gets an id: a lazy array and a stride here cost 1,000 instructions more.
            let digits = alphabet.utf8Start
            var index = start + 26
            while index > start {
                index -= 1
                buffer[index] = digits[Int(low & 31)]
                low = low >> 5 | high << 59
                high >>= 5
            }
            return start + 26
        }
    }

    package static func parse(_ text: String) -> (prefix: String, uuid: UUID)? {
        let bytes = Array(text.utf8)
        guard bytes.count > 27, bytes.count <= 90, bytes[bytes.count - 27] == UInt8(ascii: "_") else {
            return nil
        }
        let prefix = bytes.dropLast(27)
        guard prefix.allSatisfy({ (97...122).contains($0) }), let first = values(bytes.suffix(26)) else {
            return nil
        }
        return (String(decoding: prefix, as: UTF8.self), first)
    }

    private static func values(_ suffix: ArraySlice<UInt8>) -> UUID? {
        var (high, low): (UInt64, UInt64) = (0, 0)
        for (index, byte) in suffix.enumerated() {
            let value = values[Int(byte)]
            // 26 characters hold 130 bits: the first may not use its two highest.
            guard value < 32, index > 0 || value < 8 else { return nil }
            high = high << 5 | low >> 59
            low = low << 5 | UInt64(value)
        }
        return UUID(high: high, low: low)
    }
}
