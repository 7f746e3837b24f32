import Access
import Kernel
import Postgres

/// Tokens as rows.
enum TokenStore {
    enum Sort: String, CaseIterable {
        case symbol, bySymbolDown = "-symbol"
        case createdAt = "created_at", byCreationDown = "-created_at"

        var isBySymbol: Bool { self == .symbol || self == .bySymbolDown }
    }

    private static let columns = """
        k.id, t.symbol, t.valid_from, t.valid_to, k.created_at, k.updated_at, k.revision, k.name,
        k.categories, k.primary_source,
        array(select f.symbol from former_ticker f where f.token_id = k.id order by f.valid_to),
        array(select f.valid_to from former_ticker f where f.token_id = k.id order by f.valid_to), k.number
        """
    private static let from = "from token k join ticker t on t.token_id = k.id"

    private static func list(_ key: String, _ cast: String, _ way: String, _ order: String) -> String {
        """
        select \(columns) \(from)
        where ($1::text is null and $2::timestamptz is null or exists (
                select 1 from ticker_period p where p.token_id = k.id and ($1::text is null or p.symbol = $1)
                    and ($2::timestamptz is null or (p.valid_from is null or p.valid_from <= $2)
                        and (p.valid_to is null or $2 < p.valid_to))))
            and ($6::text is null or $6 = any (k.categories))
            and ($7::uuid[] is null or k.id = any ($7))
            and ($3::\(cast) is null or (\(key), k.id) \(way) ($3, $4::uuid))
        order by \(key) \(order), k.id \(order) limit $5
        """
    }

    private static func listThen(_ key: String, _ cast: String, _ way: String, _ order: String) -> String {
        """
        select \(columnsThen) from tokens_known($8) k
        where ($1::text is null and $2::timestamptz is null or exists (
                select 1 from (
                    select k.symbol, k.valid_from, k.valid_to
                    union all
                    select f.symbol, f.valid_from, f.valid_to from former_ticker f
                    where f.token_id = k.id and f.known_at <= $8
                ) p
                where ($1::text is null or p.symbol = $1)
                    and ($2::timestamptz is null or (p.valid_from is null or p.valid_from <= $2)
                        and (p.valid_to is null or $2 < p.valid_to))))
            and ($6::text is null or $6 = any (k.categories))
            and ($7::uuid[] is null or k.id = any ($7))
            and ($3::\(cast) is null or (\(key), k.id) \(way) ($3, $4::uuid))
        order by \(key) \(order), k.id \(order) limit $5
        """
    }

    private static let columnsThen = """
        k.id, k.symbol, k.valid_from, k.valid_to, k.created_at, k.updated_at, k.revision, k.name,
        k.categories, k.primary_source,
        array(select f.symbol from former_ticker f where f.token_id = k.id and f.known_at <= $8
            order by f.valid_to),
        array(select f.valid_to from former_ticker f where f.token_id = k.id and f.known_at <= $8
            order by f.valid_to), k.number
        """

    static let listsThen: [Sort: Statement] = [
        .symbol: Statement("token_list_symbol_then", derived: listThen("k.symbol", "text", ">", "asc")),
        .bySymbolDown: Statement(
            "token_list_symbol_down_then", derived: listThen("k.symbol", "text", "<", "desc")),
        .createdAt: Statement(
            "token_list_then", derived: listThen("k.created_at", "timestamptz", ">", "asc")),
        .byCreationDown: Statement(
            "token_list_down_then", derived: listThen("k.created_at", "timestamptz", "<", "desc")),
    ]

    static let lists: [Sort: Statement] = [
        .symbol: Statement("token_list_symbol", derived: list("t.symbol", "text", ">", "asc")),
        .bySymbolDown: Statement("token_list_symbol_down", derived: list("t.symbol", "text", "<", "desc")),
        .createdAt: Statement("token_list", derived: list("k.created_at", "timestamptz", ">", "asc")),
        .byCreationDown: Statement(
            "token_list_down", derived: list("k.created_at", "timestamptz", "<", "desc")),
    ]

    static let get = Statement("token_get", derived: "select \(columns) \(from) where k.id = $1")

    static let lock = Statement(
        "token_lock", derived: "select \(columns) \(from) where k.id = $1 for no key update")

    private static let symbolLock = Statement(
        "token_symbol_lock",
        """
        select pg_advisory_xact_lock(1801547117, hashtext(l.symbol)) from (
            select symbol from ticker where token_id = $1 union select $2 where $2::text is not null
            order by symbol offset 0) l
        """)

    private static let endObstacles = Statement(
        "token_end_obstacles",
        """
        select exists (select 1 from series s where s.token_id = $1 and s.last_open >= $3),
            exists (select 1 from ticker_period o where o.symbol = $2 and o.token_id <> $1
                and coalesce(o.valid_from, '-infinity') >= coalesce($4::timestamptz, '-infinity')
                and coalesce(o.valid_from, '-infinity') < coalesce($3, 'infinity'))
        """)

    private static let renameObstacles = Statement(
        "token_rename_obstacles",
        """
        select exists (select 1 from ticker_period o where o.symbol = $1 and o.token_id <> $2
            and coalesce(o.valid_to, 'infinity') > $3)
        """)

    private static let sourceSeries = Statement(
        "token_source_series", "select exists (select 1 from series where token_id = $1 and source = $2)")

    private static let write = Statement(
        "token_write",
        """
        with kept as (
            insert into token_revision (token_id, revision, symbol, valid_from, valid_to, name, categories,
                primary_source, updated_at, ended_at)
            select k.id, k.revision, t.symbol, t.valid_from, t.valid_to, k.name, k.categories,
                k.primary_source, k.updated_at, greatest($3, k.updated_at + interval '1 microsecond')
            from token k join ticker t on t.token_id = k.id where k.id = $1
        ), changed as (
            update token set revision = $2, updated_at = $3, name = $4, categories = $5, primary_source = $6
            where id = $1
        )
        update ticker set symbol = $7, valid_from = $8, valid_to = $9 where token_id = $1
        """)

    private static let keepTicker = Statement(
        "token_keep_ticker",
        """
        insert into former_ticker (token_id, symbol, valid_from, valid_to, known_at)
        values ($1, $2, $3, $4, $5)
        """)

    nonisolated(nonsending) static func list(
        symbol: String?, category: String?, at: Timestamp?, among tokens: [TokenID]?, asOf: Timestamp?,
        sort: Sort, after: [String]?, limit: Int, in database: Database
    ) async throws -> [Token] {
        guard let statement = (asOf == nil ? lists : listsThen)[sort] else { return [] }
        let id = after.flatMap { TokenID($0[1]) }
        let moment = after.flatMap { Int64($0[0]) }.map { Timestamp(microseconds: $0) }
        let key: Parameter = sort.isBySymbol ? .text(id == nil ? nil : after?[0]) : .timestamp(moment)
        var parameters: [Parameter] = [
            .text(symbol), .timestamp(at), key, .id(id), .int(limit), .text(category), .tokens(tokens),
        ]
        if let asOf { parameters.append(.timestamp(asOf)) }
        return try await database.query(statement, parameters: parameters).map(token)
    }

    nonisolated(nonsending) static func get(
        _ id: TokenID, asOf: Timestamp?, in database: Database
    ) async throws -> Token? {
        guard let asOf else { return try await database.query(get, .id(id)).first.map(token) }
        return try await list(
            symbol: nil, category: nil, at: nil, among: [id], asOf: asOf, sort: .symbol, after: nil, limit: 1,
            in: database
        ).first
    }

    /// Locked against writers of its ticker: they hold it shared while they store rows.
    nonisolated(nonsending) static func lock(
        _ id: TokenID, andSymbol symbol: String?, in transaction: Transaction
    ) async throws -> Token? {
        try await transaction.query(symbolLock, .id(id), .text(symbol))
        return try await transaction.query(lock, .id(id)).first.map(token)
    }

    /// Why the ticker's time cannot end then, or the other ticker's not begin.
    nonisolated(nonsending) static func obstacle(
        _ token: Token, _ changed: Token, in transaction: Transaction
    ) async throws -> String? {
        if changed.symbol != token.symbol {
            let rows = try await transaction.query(
                renameObstacles, .text(changed.symbol), .id(token.id), .timestamp(changed.validFrom))
            let isTaken = rows.first?.bool(0) ?? false
            return isTaken ? "The ticker \(changed.symbol) is another token's then, or later." : nil
        }
        if changed.validTo == token.validTo { return nil }
        let rows = try await transaction.query(
            endObstacles, .id(token.id), .text(token.symbol), .timestamp(changed.validTo),
            .timestamp(token.validFrom))
        guard let row = rows.first else { return nil }
        if row.bool(0) {
            return "Candles at or after valid_to are stored for this token. Rename it as of a time before "
                + "its first candle, and send the rows again: the ticker's next tokens take them."
        }
        return row.bool(1) ? "The ticker is the next token's before that." : nil
    }

    nonisolated(nonsending) static func hasSeries(
        _ id: TokenID, of source: String, in transaction: Transaction
    ) async throws -> Bool {
        try await transaction.query(sourceSeries, .id(id), .text(source)).first?.bool(0) ?? false
    }

    nonisolated(nonsending) static func write(
        _ token: Token, was old: Token, in transaction: Transaction
    ) async throws {
        if token.symbol != old.symbol {
            try await transaction.query(
                keepTicker, .id(old.id), .text(old.symbol), .timestamp(old.validFrom),
                .timestamp(token.validFrom), .timestamp(token.updatedAt))
        }
        try await transaction.query(
            write, .id(token.id), .int64(token.revision), .timestamp(token.updatedAt), .text(token.name),
            .textArray(token.categories), .text(token.primarySource), .text(token.symbol),
            .timestamp(token.validFrom), .timestamp(token.validTo))
    }

    private static func token(_ row: Row) -> Token {
        Token(
            id: row.id(0), number: row.int(12), symbol: row.text(1), validFrom: row.optionalTimestamp(2),
            validTo: row.optionalTimestamp(3),
            formerTickers: zip(row.textArray(10), row.timestampArray(11)).map {
                FormerTicker(symbol: $0, validTo: $1)
            },
            name: row.optionalText(7), categories: row.textArray(8), primarySource: row.optionalText(9),
            createdAt: row.timestamp(4), updatedAt: row.timestamp(5), revision: row.int64(6))
    }
}
