import JSON
import Postgres

/// Which token a row is about.
struct TokenName: Hashable, Sendable {
    var number: Int
    var symbol: String
    /// What people call it; read for lists of tokens only.
    var title: String?

    /// Of a row that begins with number and ticker.
    init(_ row: Row) { (number, symbol) = (row.int(0), row.text(1)) }
}

extension JSONWriter {
    mutating func names(of token: TokenName) {
        field("TOKEN_ID", token.number)
        field("TOKEN_NAME", token.title)
        field("TOKEN_SYMBOL", token.symbol)
    }
}
