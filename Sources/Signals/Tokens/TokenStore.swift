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

    private static let columns =
        "k.id, t.symbol, t.valid_from, t.valid_to, k.created_at, k.updated_at, k.revision"
    private static let from = "from token k join ticker t on t.token_id = k.id"

    private static func list(_ key: String, _ cast: String, _ way: String, _ order: String) -> String {
        """
        select \(columns) \(from)
        where ($1::text is null or t.symbol = $1)
            and ($2::timestamptz is null
                or (t.valid_from is null or t.valid_from <= $2) and (t.valid_to is null or $2 < t.valid_to))
            and ($3::\(cast) is null or (\(key), k.id) \(way) ($3, $4::uuid))
        order by \(key) \(order), k.id \(order) limit $5
        """
    }

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
        "select pg_advisory_xact_lock(1801547117, hashtext(symbol)) from ticker where token_id = $1")

    private static let obstacles = Statement(
        "token_obstacles",
        """
        select exists (select 1 from series s where s.token_id = $1 and s.last_open >= $3),
            exists (select 1 from ticker o where o.symbol = $2 and o.token_id <> $1
                and coalesce(o.valid_from, '-infinity') >= coalesce($4::timestamptz, '-infinity')
                and coalesce(o.valid_from, '-infinity') < coalesce($3, 'infinity'))
        """)

    private static let end = Statement(
        "token_end",
        """
        with changed as (update token set revision = revision + 1, updated_at = $3 where id = $1)
        update ticker set valid_to = $2 where token_id = $1
        """)

    nonisolated(nonsending) static func list(
        symbol: String?, at: Timestamp?, sort: Sort, after: [String]?, limit: Int, in database: Database
    ) async throws -> [Token] {
        guard let statement = lists[sort] else { return [] }
        let id = after.flatMap { TokenID($0[1]) }
        let moment = after.flatMap { Int64($0[0]) }.map { Timestamp(microseconds: $0) }
        let key: Parameter = sort.isBySymbol ? .text(id == nil ? nil : after?[0]) : .timestamp(moment)
        let rows = try await database.query(
            statement, .text(symbol), .timestamp(at), key, .id(id), .int(limit))
        return rows.map(token)
    }

    nonisolated(nonsending) static func get(_ id: TokenID, in database: Database) async throws -> Token? {
        try await database.query(get, .id(id)).first.map(token)
    }

    /// Locked against writers of its ticker: they hold it shared while they store rows.
    nonisolated(nonsending) static func lock(
        _ id: TokenID, in transaction: Transaction
    ) async throws -> Token? {
        try await transaction.query(symbolLock, .id(id))
        return try await transaction.query(lock, .id(id)).first.map(token)
    }

    /// Why the ticker's time cannot end then.
    nonisolated(nonsending) static func obstacle(
        _ token: Token, _ validTo: Timestamp?, in transaction: Transaction
    ) async throws -> String? {
        let rows = try await transaction.query(
            obstacles, .id(token.id), .text(token.symbol), .timestamp(validTo), .timestamp(token.validFrom))
        guard let row = rows.first else { return nil }
        if row.bool(0) { return "Candles at or after valid_to are stored for this token." }
        return row.bool(1) ? "The ticker is the next token's before that." : nil
    }

    nonisolated(nonsending) static func end(
        _ token: Token, _ validTo: Timestamp?, now: Timestamp, in transaction: Transaction
    ) async throws {
        try await transaction.query(end, .id(token.id), .timestamp(validTo), .timestamp(now))
    }

    private static func token(_ row: Row) -> Token {
        Token(
            id: row.id(0), symbol: row.text(1), validFrom: row.optionalTimestamp(2),
            validTo: row.optionalTimestamp(3), createdAt: row.timestamp(4), updatedAt: row.timestamp(5),
            revision: row.int64(6))
    }
}
