package import Access
package import JSON
package import Kernel

/// A crypto asset: the id stays, the ticker is its own for a time.
package struct Token: Equatable, Sendable {
    package var id: TokenID
    /// What clients of Token Metrics call it.
    package var number: Int
    package var symbol: String
    package var validFrom: Timestamp?
    package var validTo: Timestamp?
    /// Tickers that were its own until it was renamed, oldest first.
    package var formerTickers: [FormerTicker] = []
    package var name: String?
    package var categories: [String] = []
    /// The source that is read when none is named.
    package var primarySource: String?
    package var createdAt: Timestamp
    package var updatedAt: Timestamp
    package var revision: Int64

    /// Before its ticker, by renaming.
    package static let mostFormerTickers = 20

    /// Letters of a ticker.
    package static let longestSymbol = 32

    /// Upper-case letters, digits, `.`, `_` and `-`, the first a letter or a digit.
    package static func isSymbol(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= longestSymbol else { return false }
        func isPlain(_ byte: UInt8) -> Bool { (48...57).contains(byte) || (65...90).contains(byte) }
        return isPlain(first)
            && text.utf8.allSatisfy { isPlain($0) || $0 == 46 || $0 == 95 || $0 == 45 }
    }
}

package struct FormerTicker: Equatable, Sendable {
    package var symbol: String
    package var validTo: Timestamp
}

extension Token: JSONWritable {
    package func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("id", id.description)
            w.field("number", number)
            w.field("symbol", symbol)
            w.field("valid_from", validFrom?.description)
            w.field("valid_to", validTo?.description)
            w.array("former_tickers", formerTickers) { w, former in
                w.object { w in
                    w.field("symbol", former.symbol)
                    w.field("valid_to", former.validTo.description)
                }
            }
            w.field("name", name)
            w.array("categories", categories) { w, category in w.value(category) }
            w.field("primary_source", primarySource)
            w.field("created_at", createdAt.description)
            w.field("updated_at", updatedAt.description)
            w.field("revision", revision)
        }
    }
}

/// Whose a ticker is, and when: `[from, to)`.
struct TickerPeriod: Equatable, Sendable {
    var token: TokenID
    var from: Timestamp?
    var to: Timestamp?

    func holds(_ time: Timestamp) -> Bool {
        (from.map { $0 <= time } ?? true) && (to.map { time < $0 } ?? true)
    }
}

extension [TickerPeriod] {
    /// Where the ticker's next token would begin: nil, and nothing, while one has it without end.
    var nextBegin: Timestamp?? {
        if isEmpty { return .some(nil) }
        guard allSatisfy({ $0.to != nil }) else { return .none }
        return .some(compactMap(\.to).max())
    }

    /// Nobody has the ticker at `time`, and a token could be made that has.
    func isFree(at time: Timestamp) -> Bool {
        guard let begin = nextBegin else { return false }
        return begin.map { $0 <= time } ?? true
    }
}
