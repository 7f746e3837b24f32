/// A refusal of ours in an exchange's own words: a stock client that holds an access token in place of an API
/// key raises the error that it would raise for the exchange's.
package struct ExchangeDialect: Sendable {
    package enum Meaning: String, CaseIterable, Sendable {
        case denied, throttled, banned, maintenance, unavailable, unauthenticated
        case overLimit = "over_limit"
        case invalidRequest = "invalid_request"
        case outcomeUnknown = "outcome_unknown"
    }

    package struct Wording: Sendable, Equatable {
        package let status: Int
        package let isJSON: Bool
        /// With MESSAGE where the sentence goes.
        package let template: String

        init(_ status: Int, json template: String) {
            (self.status, isJSON, self.template) = (status, true, template)
        }

        init(_ status: Int, text template: String) {
            (self.status, isJSON, self.template) = (status, false, template)
        }
    }

    package let exchange: ExchangeName

    package init(of exchange: ExchangeName) { self.exchange = exchange }

    package func wording(_ meaning: Meaning) -> Wording {
        guard let wording = Self.words[exchange]?[meaning] else {
            preconditionFailure("every exchange has words for everything")
        }
        return wording
    }

    /// The body, and its status: a sentence in the exchange's frame.
    package func refusal(_ meaning: Meaning, _ sentence: String) -> (wording: Wording, body: [UInt8]) {
        let wording = wording(meaning)
        let sentence = isMistakable(sentence) ? Self.plainSentence : sentence
        let text = wording.isJSON ? Self.escaped(sentence) : sentence
        let parts = wording.template.split(separator: "MESSAGE", omittingEmptySubsequences: false)
        let body = parts.joined(separator: text) + (wording.isJSON ? "" : "\n")
        return (wording, Array(body.utf8))
    }

    /// Stock clients look for these texts wherever they stand, and would raise another error: a bot that
    /// names its symbol `LOT_SIZE` must not be told that it ordered too little.
    private func isMistakable(_ sentence: String) -> Bool {
        let heard = Self.escaped(sentence)
        return Self.mistakable[exchange]?.contains { sentence.contains($0) || heard.contains($0) } ?? false
    }

    private static let plainSentence = "Keybell refused this, and its own answer says why."

    /// Within a JSON string. Quotes become apostrophes: clients look for codes in quotes.
    private static func escaped(_ sentence: String) -> String {
        String(
            sentence.unicodeScalars.map { scalar -> Character in
                switch scalar {
                case "\"": "'"
                case "\\": "/"
                case _ where scalar.value < 0x20: " "
                default: Character(scalar)
                }
            })
    }
}
