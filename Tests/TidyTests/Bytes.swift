import Glibc

extension UInt8 {
    static let newline = UInt8(ascii: "\n")
    static let space = UInt8(ascii: " ")
    static let tab = UInt8(ascii: "\t")
    static let slash = UInt8(ascii: "/")
    static let backslash = UInt8(ascii: "\\")
    static let star = UInt8(ascii: "*")
    static let quote = UInt8(ascii: "\"")
    static let hash = UInt8(ascii: "#")
    static let open = UInt8(ascii: "(")
    static let close = UInt8(ascii: ")")

    var isWordByte: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

extension [UInt8] {
    func startsOfLines() -> [Int] {
        var starts = [0]
        for position in positions(of: "\n") where position + 1 < count { starts.append(position + 1) }
        return starts
    }

    /// Every place where the words stand, searched by libc: the tests are unoptimised and the tree is large.
    func positions(of words: String) -> [Int] {
        var found: [Int] = []
        (self + [0]).withUnsafeBufferPointer { bytes in
            guard let base = UnsafeRawPointer(bytes.baseAddress)?.assumingMemoryBound(to: CChar.self) else {
                return
            }
            var from = base
            while let hit = strstr(from, words) {
                found.append(UnsafePointer(hit) - base)
                from = UnsafePointer(hit) + words.utf8.count
            }
        }
        return found
    }

    /// Like `positions`, but a letter or digit at either end of the words is the end of a word in the text.
    func wholeWordPositions(of words: String) -> [Int] {
        let length = words.utf8.count
        let startsInWord = words.utf8.first?.isWordByte ?? false
        let endsInWord = words.utf8.last?.isWordByte ?? false
        return positions(of: words).filter { position in
            let after = position + length
            let isCutBefore = startsInWord && position > 0 && self[position - 1].isWordByte
            let isCutAfter = endsInWord && after < count && self[after].isWordByte
            return !isCutBefore && !isCutAfter
        }
    }
}

extension [Int] {
    /// Of sorted line starts: the number, from 1, of the line that holds a position.
    func lineNumber(at position: Int) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle] <= position { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension ArraySlice<UInt8> {
    var text: String { String(decoding: self, as: UTF8.self) }
    /// Characters as an editor counts them: bytes that do not continue another.
    var width: Int { reduce(0) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) } }
    var indent: Int { prefix { $0 == .space }.count }
}
