package import Kernel

extension JSONWriter {
    @inlinable public mutating func null() {
        beginValue()
        bytes.append(contentsOf: "null".utf8)
    }

    // No array literals in here: see InlinableRules of TidyTests.
    @inlinable public mutating func bool(_ value: Bool) {
        beginValue()
        bytes.append(contentsOf: value ? "true".utf8 : "false".utf8)
    }

    public mutating func integer(_ value: Int64) {
        beginValue()
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        appendDigits(value.magnitude)
    }

    public mutating func unsigned(_ value: UInt64) {
        beginValue()
        appendDigits(value)
    }

    /// The shortest text that reads back as the same double; null when there is none (infinities, NaN).
    public mutating func double(_ value: Double) {
        guard value.isFinite else { return null() }
        beginValue()
        if let decimal = ShortDecimal(value) {
            return bytes.append(atMost: ShortDecimal.mostBytes) { decimal.put(to: &$0) }
        }
        // Swift's description is the shortest round trip, independent of the locale and within JSON's
        // grammar.
        bytes.append(contentsOf: value.description.utf8)
    }

    /// RFC 3339 with milliseconds, without a text in between.
    package mutating func moment(_ value: Timestamp) {
        beginValue()
        bytes.append(atMost: 26) { out in
            out.put(UInt8(ascii: "\""))
            value.put(to: &out)
            out.put(UInt8(ascii: "\""))
        }
    }

    public mutating func string(_ value: String) {
        value.withBytes { appendQuoted($0, endingWith: nil) }
        commaIsDue = true
    }

    /// A member's name; exactly one value must follow.
    public mutating func key(_ name: String) {
        name.withBytes { appendQuoted($0, endingWith: UInt8(ascii: ":")) }
        commaIsDue = false
    }
}

extension JSONWriter {
    private mutating func appendDigits(_ magnitude: UInt64) {
        var rest = magnitude
        var digits = InlineArray<20, UInt8>(repeating: 0)  // UInt64.max has 20 digits
        var first = 20
        repeat {
            first -= 1
            digits[first] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        for index in first..<20 { bytes.append(digits[index]) }
    }

    /// Comma if due, quotes, and the colon behind a name, in one reservation: every append of its own would
    /// check the array's uniqueness and capacity again.
    private mutating func appendQuoted(_ utf8: UnsafeBufferPointer<UInt8>, endingWith colon: UInt8?) {
        let needsComma = commaIsDue
        if let firstEscape = JSONWriter.firstEscape(in: utf8) {
            if needsComma { bytes.append(UInt8(ascii: ",")) }
            appendEscaping(utf8, from: firstEscape)
            if let colon { bytes.append(colon) }
            return
        }
        bytes.append(addingCapacity: utf8.count + 4) { (output: inout OutputSpan<UInt8>) in
            if needsComma { output.append(UInt8(ascii: ",")) }
            output.append(UInt8(ascii: "\""))
            output.withUnsafeMutableBufferPointer { free, used in
                _ = UnsafeMutableBufferPointer(rebasing: free[used...]).update(fromContentsOf: utf8)
                used += utf8.count
            }
            output.append(UInt8(ascii: "\""))
            if let colon { output.append(colon) }
        }
    }

    private mutating func appendEscaping(_ utf8: UnsafeBufferPointer<UInt8>, from firstEscape: Int) {
        bytes.append(UInt8(ascii: "\""))
        var copied = 0
        for index in firstEscape..<utf8.count where JSONWriter.needsEscape(utf8[index]) {
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[copied..<index]))
            appendEscape(utf8[index])
            copied = index + 1
        }
        bytes.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[copied...]))
        bytes.append(UInt8(ascii: "\""))
    }

    /// Eight bytes at a time, because nearly no text holds one; the last eight may be looked at twice.
    private static func firstEscape(in utf8: UnsafeBufferPointer<UInt8>) -> Int? {
        let bytes = UnsafeRawBufferPointer(utf8)
        var index = 0
        if bytes.count >= 8 {
            let last = bytes.count - 8
            while index < last, !mayNeedEscape(bytes, at: index) { index += 8 }
            if index >= last {
                if !mayNeedEscape(bytes, at: last) { return nil }
                index = last
            }
        }
        while index < utf8.count {
            if needsEscape(utf8[index]) { return index }
            index += 1
        }
        return nil
    }

    /// Of eight bytes together. A borrow may point at a neighbour: the bytes themselves are looked at then.
    private static func mayNeedEscape(_ bytes: UnsafeRawBufferPointer, at index: Int) -> Bool {
        let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
        let quote = word ^ 0x2222_2222_2222_2222
        let backslash = word ^ 0x5C5C_5C5C_5C5C_5C5C
        let found =
            ((word &- 0x2020_2020_2020_2020) & ~word)
            | ((quote &- 0x0101_0101_0101_0101) & ~quote)
            | ((backslash &- 0x0101_0101_0101_0101) & ~backslash)
        return found & 0x8080_8080_8080_8080 != 0
    }

    /// RFC 8259 §7: quote, backslash and U+0000 to U+001F must be escaped, nothing else needs to be.
    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private mutating func appendEscape(_ byte: UInt8) {
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case 0x22, 0x5C: bytes.append(byte)
        case 0x08: bytes.append(UInt8(ascii: "b"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0C: bytes.append(UInt8(ascii: "f"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        default:
            bytes.append(contentsOf: "u00".utf8)
            bytes.append(hexDigit(byte >> 4))
            bytes.append(hexDigit(byte & 0x0F))
        }
    }

    private func hexDigit(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
    }
}
