import Glibc

extension AccessTokenSecret {
    /// Whether a secret of ours stands anywhere in a text, as it is or with a URL's escapes (`%5F`), once.
    /// A text without one costs a look for underscores and percent signs.
    package static func stands(in text: some Sequence<UInt8>) -> Bool {
        let found: Bool? = text.withContiguousStorageIfAvailable { bytes in
            standsPlain(in: bytes)
                || hasByte(.percent, bytes) && unescaped(bytes).withUnsafeBufferPointer(standsPlain)
        }
        return found ?? stands(in: Array(text))
    }

    private static let prefixBytes = 4

    private static func standsPlain(in bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let base = bytes.baseAddress else { return false }
        var from = 0
        while let place = memchr(base + from, Int32(UInt8.underscore), bytes.count - from) {
            let end = UnsafeRawPointer(place) - UnsafeRawPointer(base) + 1
            let start = end - prefixBytes
            if start >= 0, start + byteCount <= bytes.count {
                let candidate = UnsafeBufferPointer(rebasing: bytes[start..<start + byteCount])
                // All begin so; most of what has an underscore does not.
                if candidate[0] == UInt8(ascii: "k"), candidate[1] == UInt8(ascii: "b"),
                    Purpose.allCases.contains(where: { Self($0, parsing: candidate) != nil })
                {
                    return true
                }
            }
            from = end
        }
        return false
    }

    private static func hasByte(_ byte: UInt8, _ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let base = bytes.baseAddress else { return false }
        return memchr(base, Int32(byte), bytes.count) != nil
    }

    private static func unescaped(_ bytes: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var plain: [UInt8] = []
        plain.reserveCapacity(bytes.count)
        var place = 0
        while place < bytes.count {
            let byte = bytes[place]
            if byte == .percent, place + 2 < bytes.count,
                let value = UInt8(String(decoding: bytes[place + 1...place + 2], as: UTF8.self), radix: 16)
            {
                plain.append(value)
                place += 3
            } else {
                plain.append(byte)
                place += 1
            }
        }
        return plain
    }
}

extension UInt8 {
    fileprivate static let underscore = UInt8(ascii: "_")
    fileprivate static let percent = UInt8(ascii: "%")
}
