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

    func string(_ range: Range<Int>) -> String {
        extracting(range).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    }
}
