import JSON
import Postgres

/// Which token a row is about.
struct TokenName: Hashable, Sendable {
    var number: Int
    var symbol: String

    /// Of a row that begins with number and ticker.
    init(_ row: Row) { (number, symbol) = (row.int(0), row.text(1)) }
}

extension JSONWriter {
    /// Tokens have tickers here, and no other names.
    mutating func names(of token: TokenName) {
        field("TOKEN_ID", token.number)
        null("TOKEN_NAME")
        field("TOKEN_SYMBOL", token.symbol)
    }
}
