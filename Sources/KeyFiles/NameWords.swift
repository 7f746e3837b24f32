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

/// Phrases to look for among words, and what each means.
struct Phrases<Value: Sendable>: Sendable {
    private let phrases: [(words: [String], value: Value)]
    /// Most names hold none of them: told at once.
    private let vocabulary: Set<String>

    /// - Parameter table: words with blanks between them.
    init(_ table: KeyValuePairs<String, Value>) {
        phrases = table.map { (words: $0.key.split(separator: " ").map(String.init), value: $0.value) }
        vocabulary = Set(phrases.flatMap(\.words))
    }

    /// The longest phrase that stands in the words; of equally long ones the first of the table.
    func longest(in words: [String]) -> (range: Range<Int>, value: Value)? {
        guard words.contains(where: vocabulary.contains) else { return nil }
        var best: (range: Range<Int>, value: Value)?
        for (phrase, value) in phrases
        where phrase.count > best?.range.count ?? 0 && phrase.count <= words.count {
            let start = (0...words.count - phrase.count).first { start in
                words[start..<start + phrase.count].elementsEqual(phrase)
            }
            if let start { best = (start..<start + phrase.count, value) }
        }
        return best
    }
}

extension Array where Element == String {
    func without(_ range: Range<Int>) -> [String] {
        Array(self[..<range.lowerBound] + self[range.upperBound...])
    }
}
