extension Span<UInt8> {
    /// Whether `text` stands at `start`. False when it would run past the end.
    func equals(_ text: StaticString, at start: Int) -> Bool {
        guard start + text.utf8CodeUnitCount <= count else { return false }
        for offset in 0..<text.utf8CodeUnitCount where self[start + offset] != text.utf8Start[offset] {
            return false
        }
        return true
    }

    /// Whether `text`, which is lower-case, stands at `start` in any case.
    func equalsLowercase(_ text: StaticString, at start: Int) -> Bool {
        guard start + text.utf8CodeUnitCount <= count else { return false }
        for offset in 0..<text.utf8CodeUnitCount
        where ByteClass.lowercased(self[start + offset]) != text.utf8Start[offset] {
            return false
        }
        return true
    }

    func equals(_ text: StaticString, in range: Range<Int>) -> Bool {
        range.count == text.utf8CodeUnitCount && equals(text, at: range.lowerBound)
    }

    func equalsLowercase(_ text: StaticString, in range: Range<Int>) -> Bool {
        range.count == text.utf8CodeUnitCount && equalsLowercase(text, at: range.lowerBound)
    }

    /// The offset of the first byte from `start` on that is no token byte, or `count`.
    func endOfToken(from start: Int) -> Int {
        withUnsafeBufferPointer { buffer in
            var index = start
            while index < buffer.count, ByteClass.isToken(buffer[index]) { index += 1 }
            return index
        }
    }

    /// The offset of the first byte from `start` on that may not stand in a field value, or `count`. Eight
    /// bytes at a time, because values are most of a head: a byte below 0x20 or equal to 0x7F sets its
    /// highest bit in `stops` (Warren, Hacker's Delight 6-1). A borrow only travels upwards, so the lowest
    /// bit set is always a true one. A tab is allowed, and the search goes on behind it.
    func endOfFieldValue(from start: Int) -> Int {
        withUnsafeBytes { buffer in
            var index = start
            while index + 8 <= buffer.count {
                let word = UInt64(
                    littleEndian: buffer.loadUnaligned(fromByteOffset: index, as: UInt64.self))
                let deletes = word ^ 0x7F7F_7F7F_7F7F_7F7F
                let stops =
                    ((word &- 0x2020_2020_2020_2020) & ~word | (deletes &- 0x0101_0101_0101_0101) & ~deletes)
                    & 0x8080_8080_8080_8080
                index += stops.trailingZeroBitCount / 8
                guard stops != 0 else { continue }
                guard buffer[index] == ByteClass.tab else { return index }
                index += 1
            }
            while index < buffer.count, ByteClass.isFieldValue(buffer[index]) { index += 1 }
            return index
        }
    }

    func string(_ range: Range<Int>) -> String {
        extracting(range).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    }
}
