import Access
import Kernel
import Postgres

/// Which token and which series rows belong to, as rows of the database; makes what is not there yet.
struct TickerStore {
    /// Tokens that rows of unknown tickers make, all together: whoever may push candles must not fill the
    /// database with names. There are about as many coins that anybody trades.
    static let mostTokens = 10_000

    let ids: () -> TokenID
    var mostTokens = Self.mostTokens

    /// Of many symbols, and of one: with an array it would be planned anew each time, because one row looks
    /// cheaper than those that a plan for any array is made for, and planning takes longer than finding it.
    static let periods = (
        many: Statement("ticker_periods", derived: periods("unnest($1::text[]) with ordinality")),
        one: Statement("ticker_periods_one", derived: periods("(select ($1::text[])[1], 1)"))
    )

    private static func periods(_ symbols: String) -> String {
        """
        select k.n::int, t.token_id, t.valid_from, t.valid_to
        from \(symbols) as k (symbol, n) join ticker t on t.symbol = k.symbol
        order by t.symbol, t.valid_from nulls first
        for share of t
        """
    }

    /// Nothing changes them any more, so they need no lock. Read after it, so that a renaming that held it is
    /// seen.
    static let former = (
        many: Statement("ticker_former_periods", derived: former("unnest($1::text[]) with ordinality")),
        one: Statement("ticker_former_periods_one", derived: former("(select ($1::text[])[1], 1)"))
    )

    private static func former(_ symbols: String) -> String {
        """
        select k.n::int, f.token_id, f.valid_from, f.valid_to
        from \(symbols) as k (symbol, n) join former_ticker f on f.symbol = k.symbol
        order by f.symbol, f.valid_from nulls first
        """
    }

    private static let lockToken = Statement(
        "ticker_lock_token", "select 1 from ticker where token_id = $1 for share")

    private static let ofToken = Statement(
        "ticker_periods_of_token", "select valid_from, valid_to from ticker_period where token_id = $1")

    private static let create = Statement(
        "ticker_create",
        """
        with made as (
            insert into token (id, created_at, updated_at)
            select unnest($1::uuid[]), $4, $4
            returning id
        )
        insert into ticker (token_id, symbol, valid_from)
        select n.id, n.symbol, n.valid_from
        from unnest($1::uuid[], $2::text[], $3::timestamptz[]) as n (id, symbol, valid_from)
        order by n.symbol
        """)

    private static let symbolLock = Statement(
        "ticker_lock",
        "select pg_advisory_xact_lock(1801547117, hashtext(s)) from unnest($1::text[]) s order by s")

    /// Whoever makes a token or a series meets here, so that two cannot both take the last place.
    static let roomLock = Statement("series_room_lock", "select pg_advisory_xact_lock(1801547118)")
    private static let count = Statement("token_count", "select count(*) from token")

    /// The periods of each symbol, locked against change until the transaction ends. A symbol without a token
    /// at one of its `times` gets one, while there is room.
    nonisolated(nonsending) func periods(
        of symbols: [String], newest: [Timestamp], now: Timestamp, in transaction: Transaction
    ) async throws -> [[TickerPeriod]] {
        let found = try await read(symbols, in: transaction)
        if missing(symbols, found, newest).isEmpty { return found }
        // Writers of a new symbol meet here, and the second one finds what the first one made.
        try await transaction.query(Self.symbolLock, .textArray(symbols.sorted()))
        let again = try await read(symbols, in: transaction)
        var wanted = missing(symbols, again, newest)
        if wanted.isEmpty { return again }
        try await transaction.query(Self.roomLock)
        let room = mostTokens - (try await transaction.query(Self.count).first?.int(0) ?? 0)
        wanted = Array(wanted.prefix(max(room, 0)))
        if wanted.isEmpty { return again }
        try await transaction.query(
            Self.create, .idArray(wanted.map { _ in ids() }), .textArray(wanted.map(\.symbol)),
            .optionalTimestampArray(wanted.map(\.from)), .timestamp(now))
        return try await read(symbols, in: transaction)
    }

    /// When any ticker was the token's, locked against change until the transaction ends.
    nonisolated(nonsending) func periods(
        of token: TokenID, in transaction: Transaction
    ) async throws -> [TickerPeriod] {
        try await transaction.query(Self.lockToken, .id(token))
        return try await transaction.query(Self.ofToken, .id(token)).map {
            TickerPeriod(token: token, from: $0.optionalTimestamp(0), to: $0.optionalTimestamp(1))
        }
    }

    private func missing(
        _ symbols: [String], _ found: [[TickerPeriod]], _ newest: [Timestamp]
    ) -> [(symbol: String, from: Timestamp?)] {
        zip(symbols, zip(found, newest)).compactMap { symbol, known in
            guard let begin = known.0.nextBegin else { return nil }
            if let begin, begin > known.1 { return nil }
            return (symbol, begin)
        }
    }

    private nonisolated(nonsending) func read(
        _ symbols: [String], in transaction: Transaction
    ) async throws -> [[TickerPeriod]] {
        var periods = [[TickerPeriod]](repeating: [], count: symbols.count)
        let isOne = symbols.count == 1
        let sent = [isOne ? Self.periods.one : Self.periods.many, isOne ? Self.former.one : Self.former.many]
            .map { transaction.send($0, .textArray(symbols)) }
        for query in sent {
            for row in try await query.rows() {
                periods[row.int(0) - 1].append(
                    TickerPeriod(
                        token: row.id(1), from: row.optionalTimestamp(2), to: row.optionalTimestamp(3)))
            }
        }
        return periods
    }
}
