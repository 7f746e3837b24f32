import Access
import HTTPServer
import JSON
import Kernel
import Postgres

/// Watchlists as rows.
enum WatchlistStore {
    private static let insert = Statement(
        "watchlist_insert",
        """
        insert into watchlist (id, owner, name, description, created_at, updated_at)
        values ($1, $2, normalize($3::text, NFC), $4, $5, $5)
        """)
    private static let update = Statement(
        "watchlist_update",
        """
        update watchlist set name = normalize($2::text, NFC), description = $3, updated_at = $4, revision = $5
        where id = $1
        """)
    private static let end = Statement(
        "watchlist_end",
        "update watchlist set ended_at = greatest($2, created_at + interval '1 microsecond') where id = $1")
    private static let lock = Statement(
        "watchlist_lock", "select id from watchlist where id = $1 and ended_at is null for no key update")
    private static let find = Statement(
        "watchlist_find",
        """
        select id, owner, name, description, created_at, updated_at, revision, tokens, symbols, holders,
            can_write, watchlist_access(id, owner, $2, $3)
        from watchlists_known($4) where id = $1
        """)
    private static let list = Statement(
        "watchlist_list",
        """
        select id, owner, name, description, created_at, updated_at, revision, tokens, symbols, holders,
            can_write, watchlist_access(id, owner, $1, $2)
        from watchlists_known($5)
        where watchlist_access(id, owner, $1, $2) > 0 and ($3::uuid is null or id > $3)
        order by id limit $4
        """)
    private static let count = Statement(
        "watchlist_count", "select count(*) from watchlist where owner = $1 and ended_at is null")
    /// Who stays keeps the moment at which that became known.
    private static let setTokens = Statement(
        "watchlist_tokens_set",
        """
        with wanted as (
            select t.id, t.place from unnest($2::uuid[]) with ordinality as t (id, place)
        ), gone as (
            update watchlist_token set ended_at = greatest($3, known_at + interval '1 microsecond')
            where watchlist = $1 and ended_at is null and token_id <> all ($2::uuid[])
        ), moved as (
            update watchlist_token t set place = w.place from wanted w
            where t.watchlist = $1 and t.ended_at is null and t.token_id = w.id and t.place <> w.place
        )
        insert into watchlist_token (watchlist, token_id, place, known_at)
        select $1, w.id, w.place, greatest($3, (
            select max(t.ended_at) from watchlist_token t where t.watchlist = $1 and t.token_id = w.id))
        from wanted w
        where not exists (
            select from watchlist_token t
            where t.watchlist = $1 and t.token_id = w.id and t.ended_at is null)
        """)
    private static let setShares = Statement(
        "watchlist_shares_set",
        """
        with gone as (delete from watchlist_share where watchlist = $1 and holder <> all ($2::text[]))
        insert into watchlist_share (watchlist, holder, group_id, can_write)
        select $1, s.holder, s.group_id, s.can_write
        from unnest($2::text[], $3::uuid[], $4::boolean[]) as s (holder, group_id, can_write)
        on conflict on constraint watchlist_share_once do update set can_write = excluded.can_write
        """)
    /// Those that are there.
    private static let known = Statement(
        "watchlist_holders_known",
        """
        select id from principal where id = any ($1::uuid[])
        union all select id from access_group where id = any ($1::uuid[])
        """)
    private static let tokens = Statement(
        "watchlist_tokens", "select token_id from watchlist_token where watchlist = $1 and ended_at is null")

    // MARK: Reading

    /// And what this principal may do with it.
    nonisolated(nonsending) static func find(
        _ id: WatchlistID, for principal: PrincipalID, asOf: Timestamp? = nil, in source: any Queryable
    ) async throws -> (list: Watchlist, access: Watchlist.Access)? {
        let rows = try await source.query(
            find, .id(id), .text(principal.description), .uuid(principal.uuid), .timestamp(asOf))
        guard let row = rows.first, let list = Watchlist(row),
            let access = Watchlist.Access(rawValue: row.int(11)), access > .none
        else { return nil }
        return (list, access)
    }

    /// Those that this principal sees.
    nonisolated(nonsending) static func list(
        for principal: PrincipalID, asOf: Timestamp?, after id: WatchlistID?, limit: Int,
        in source: any Queryable
    ) async throws -> [Watchlist] {
        try await source.query(
            list, .text(principal.description), .uuid(principal.uuid), .id(id), .int(limit), .timestamp(asOf)
        ).compactMap { Watchlist($0) }
    }

    nonisolated(nonsending) static func tokens(
        of id: WatchlistID, in source: any Queryable
    ) async throws -> [TokenID] {
        try await source.query(tokens, .id(id)).map { $0.id(0) }
    }

    nonisolated(nonsending) static func count(
        of owner: PrincipalID, in transaction: Transaction
    ) async throws -> Int {
        try await transaction.query(count, .text(owner.description)).first?.int(0) ?? 0
    }

    /// Which of them is neither a principal nor a group.
    nonisolated(nonsending) static func unknown(
        _ shares: [WatchlistShare], in transaction: Transaction
    ) async throws -> Int? {
        let wanted = shares.compactMap(\.holder.uuid)
        guard !wanted.isEmpty else { return nil }
        let known = Set(try await transaction.query(known, .uuidArray(wanted)).map { $0.uuid(0) })
        return shares.firstIndex { share in share.holder.uuid.map { !known.contains($0) } ?? false }
    }

    // MARK: Writing

    nonisolated(nonsending) static func lock(_ id: WatchlistID, in transaction: Transaction) async throws {
        try await transaction.query(lock, .id(id))
    }

    nonisolated(nonsending) static func insert(
        _ list: Watchlist, in transaction: Transaction
    ) async throws {
        try await naming {
            try await transaction.query(
                insert, .id(list.id), .text(list.owner.description), .text(list.name),
                .text(list.description), .timestamp(list.createdAt))
        }
        try await store(list, in: transaction)
    }

    nonisolated(nonsending) static func update(
        _ list: Watchlist, in transaction: Transaction
    ) async throws {
        try await naming {
            try await transaction.query(
                update, .id(list.id), .text(list.name), .text(list.description), .timestamp(list.updatedAt),
                .int64(list.revision))
        }
        try await store(list, in: transaction)
    }

    /// It stays known of the time before.
    nonisolated(nonsending) static func end(
        _ id: WatchlistID, at now: Timestamp, in transaction: Transaction
    ) async throws { try await transaction.query(end, .id(id), .timestamp(now)) }

    private nonisolated(nonsending) static func store(
        _ list: Watchlist, in transaction: Transaction
    ) async throws {
        try await transaction.query(
            setTokens, .id(list.id), .idArray(list.tokens.map(\.token)), .timestamp(list.updatedAt))
        let groups = list.shares.map { share -> UUID? in
            if case .group(let id) = share.holder { id.uuid } else { nil }
        }
        try await transaction.query(
            setShares, .id(list.id), .textArray(list.shares.map(\.holder.description)),
            .optionalUUIDArray(groups), .boolArray(list.shares.map { $0.right == .write }))
    }

    private nonisolated(nonsending) static func naming(
        _ write: nonisolated(nonsending) () async throws -> Void
    ) async throws {
        do {
            try await write()
        } catch let error as PostgresError where error.isUniqueViolation("watchlist_name") {
            throw Problem(
                .alreadyExists, "You have a watchlist of this name; names differ by more than case.",
                errors: [FieldError(pointer: "/name", code: "already_exists", message: "is taken")])
        }
    }
}

extension Watchlist {
    /// Nil for a row that this service did not write.
    fileprivate init?(_ row: Row) {
        guard let owner = PrincipalID(row.text(1)) else { return nil }
        let symbols = row.textArray(8)
        let tokens = zip(row.idArray(7, as: TokenKind.self), symbols).map { Entry(token: $0, symbol: $1) }
        let shares = zip(row.textArray(9), row.boolArray(10)).compactMap { holder, canWrite in
            WatchlistShare.Holder(holder).map { WatchlistShare(holder: $0, right: canWrite ? .write : .read) }
        }
        self.init(
            id: row.id(0), owner: owner, name: row.text(2), description: row.optionalText(3), tokens: tokens,
            shares: shares, createdAt: row.timestamp(4), updatedAt: row.timestamp(5), revision: row.int64(6))
    }
}
