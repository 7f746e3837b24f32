/// A name cut into its words, in lower case: `MAIN_BINANCE_API_KEY`, `binanceApiKey` and `binance-testnet`
/// are read alike.
struct NameWords {
    let words: [String]

    /// A name with more words says nothing.
    static let wordsAtMost = 24

    init(_ name: some StringProtocol) {
        var words: [String] = []
        var word: [UInt8] = []
        var lastWasLower = false
        for byte in name.utf8 {
            let isPart = byte.isLetter || byte.isDigit
            if !word.isEmpty, !isPart || byte.isUpper && lastWasLower {
                words.append(String(decoding: word, as: UTF8.self))
                word = []
                if words.count == Self.wordsAtMost { break }
            }
            if isPart { word.append(byte.lowerCased) }
            lastWasLower = isPart && !byte.isUpper && !byte.isDigit
        }
        if !word.isEmpty, words.count < Self.wordsAtMost {
            words.append(String(decoding: word, as: UTF8.self))
        }
        self.words = words
    }
}

extension Array where Element == String {
    /// Where a pattern of words stands: the longest, of equally long ones the first; its range and value.
    func longest<Value>(of patterns: [(words: [String], value: Value)]) -> (range: Range<Int>, value: Value)?
    {
        var best: (range: Range<Int>, value: Value)?
        for (pattern, value) in patterns where pattern.count > best?.range.count ?? 0 {
            guard pattern.count <= count else { continue }
            let start = (0...count - pattern.count).first {
                self[$0..<$0 + pattern.count].elementsEqual(pattern)
            }
            if let start { best = (start..<start + pattern.count, value) }
        }
        return best
    }

    func without(_ range: Range<Int>) -> [String] {
        Array(self[..<range.lowerBound] + self[range.upperBound...])
    }
}

/// Splits a table written as text into patterns.
func patterns<Value>(_ table: KeyValuePairs<String, Value>) -> [(words: [String], value: Value)] {
    table.map { (words: $0.key.split(separator: " ").map(String.init), value: $0.value) }
}
