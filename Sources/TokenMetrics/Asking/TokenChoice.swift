import Access
import Kernel
import Postgres

/// Which tokens a client means: those with the numbers and tickers that it names.
enum TokenChoice {
    private static let byNumber = Statement(
        "tm_tokens_by_number", "select id from token where number = any($1::int4[])")

    private static let byWords = Statement(
        "tm_tokens_by_words",
        """
        select id from token where ($1::text[] is null or categories && $1)
            and ($2::text[] is null or lower(name) = any(select lower(w) from unnest($2) w))
        """)

    /// A ticker is the token's that has it now, or had it last.
    private static let bySymbol = Statement(
        "tm_tokens_by_symbol",
        """
        select distinct on (symbol) token_id from ticker_period where symbol = any($1::text[])
        order by symbol, valid_to desc nulls first
        """)

    /// Nil: all. Empty: none, and there is nothing to be read.
    nonisolated(nonsending) static func tokens(
        _ ask: Ask, in database: Database
    ) async throws -> [TokenID]? {
        guard ask.unanswerable.isEmpty else { return [] }
        var found: [TokenID]?
        if let numbers = ask.numbers {
            found = try await database.query(byNumber, .int32Array(numbers.map(Int32.init))).map { $0.id(0) }
        }
        if let symbols = ask.symbols {
            let named: [TokenID] = try await database.query(bySymbol, .textArray(symbols)).map { $0.id(0) }
            found = found?.filter(Set(named).contains) ?? named
        }
        if ask.categories != nil || ask.titles != nil {
            let named: [TokenID] = try await database.query(
                byWords, .textArray(ask.categories), .textArray(ask.titles)
            ).map { $0.id(0) }
            found = found?.filter(Set(named).contains) ?? named
        }
        return found
    }
}

/// What every list begins with: `$1` tokens, `$2` sources, `$3` the least volume, `$4` and `$5` rows of a
/// page.
struct ListParameters {
    /// Of a token `k` and the series `s` that stands for it: whether it is meant, and traded enough.
    static let chosen = """
        where ($1::uuid[] is null or k.id = any($1))
            and ($3::float8 is null or exists (
                select from candle v where v.series = s.id and v.open_time = s.last_closed
                    and quote_volume(v.close, v.volume) >= $3))
        """

    let all: [Parameter]

    /// Nil where no token is meant.
    nonisolated(nonsending) init?(_ ask: Ask, in database: Database) async throws {
        let tokens = try await TokenChoice.tokens(ask, in: database)
        if tokens?.isEmpty == true { return nil }
        all = [
            .uuidArray(tokens?.map(\.uuid)), .textArray(ask.sources), .double(ask.leastVolume),
            .int(ask.page.limit), .int(ask.page.offset),
        ]
    }
}
