import Access
import HTTPServer
import JSON
import Kernel
import Postgres
import Signals

/// Mover lists as rows, and who is on them.
enum MoverListStore {
    private static let insert = Statement(
        "mover_list_insert",
        """
        insert into mover_list (id, owner, name, source, interval, time_window, min_volume, size, created_at,
            updated_at)
        values ($1, $2, normalize($3::text, NFC), $4, $5, $6, $7, $8, $9, $9)
        """)
    private static let update = Statement(
        "mover_list_update",
        """
        update mover_list set name = normalize($2::text, NFC), time_window = $3, min_volume = $4, size = $5,
            updated_at = $6, revision = $7
        where id = $1
        """)
    /// What is measured from now on is another thing: it begins without anybody on it.
    private static let restart = Statement(
        "mover_list_restart",
        """
        with gone as (update mover_stay set left_at = $2 where list = $1 and left_at is null)
        update mover_list set measured_at = null, seen = null where id = $1
        """)
    private static let find = Statement(
        "mover_list_find",
        """
        select id, owner, name, source, interval, time_window, min_volume, size, measured_at, created_at,
            updated_at, revision
        from mover_list where id = $1
        """)
    private static let lock = Statement(
        "mover_list_lock",
        """
        select id, owner, name, source, interval, time_window, min_volume, size, measured_at, created_at,
            updated_at, revision
        from mover_list where id = $1 for no key update
        """)
    private static let list = Statement(
        "mover_list_list",
        """
        select id, owner, name, source, interval, time_window, min_volume, size, measured_at, created_at,
            updated_at, revision
        from mover_list where $1::uuid is null or id > $1 order by id limit $2
        """)
    private static let count = Statement("mover_list_count", "select count(*) from mover_list")
    private static let delete = Statement("mover_list_delete", "delete from mover_list where id = $1")
    static let stays = Statement(
        "mover_stays",
        derived: """
            select m.side, m.token_id, t.symbol, m.entered_at, m.entered_candle, m.entered_rank,
                m.entered_change
            from mover_stay m \(KnownTicker.join("m.token_id", at: "$2"))
            where m.list = $1 and m.entered_at <= $2 and (m.left_at is null or m.left_at > $2)
            order by m.side, m.entered_at, m.entered_rank
            """)
    private static let enter = Statement(
        "mover_enter",
        """
        insert into mover_stay (list, side, token_id, entered_at, entered_candle, entered_rank,
            entered_change)
        values ($1, $2, $3, $4, $5, $6, $7)
        """)
    private static let leave = Statement(
        "mover_leave",
        """
        update mover_stay set left_at = greatest($4, entered_at)
        where list = $1 and side = $2 and token_id = $3 and left_at is null
        """)

    nonisolated(nonsending) static func insert(
        _ list: MoverList, in transaction: Transaction
    ) async throws {
        try await naming {
            try await transaction.query(
                insert, .id(list.id), .text(list.owner.description), .text(list.name), .text(list.source),
                .text(list.interval.rawValue), .text(list.window.text), .double(list.minVolume),
                .int32(Int32(list.size)), .timestamp(list.createdAt))
        }
    }

    nonisolated(nonsending) static func update(
        _ list: MoverList, restarts: Bool, in transaction: Transaction
    ) async throws {
        try await naming {
            try await transaction.query(
                update, .id(list.id), .text(list.name), .text(list.window.text), .double(list.minVolume),
                .int32(Int32(list.size)), .timestamp(list.updatedAt), .int64(list.revision))
        }
        if restarts { try await transaction.query(restart, .id(list.id), .timestamp(list.updatedAt)) }
    }

    nonisolated(nonsending) static func find(
        _ id: MoverListID, in source: any Queryable
    ) async throws -> MoverList? { try await source.query(find, .id(id)).first.flatMap { MoverList($0) } }

    nonisolated(nonsending) static func lock(
        _ id: MoverListID, in transaction: Transaction
    ) async throws -> MoverList? {
        try await transaction.query(lock, .id(id)).first.flatMap { MoverList($0) }
    }

    nonisolated(nonsending) static func list(
        after id: MoverListID?, limit: Int, in source: any Queryable
    ) async throws -> [MoverList] {
        try await source.query(list, .id(id), .int(limit)).compactMap { MoverList($0) }
    }

    nonisolated(nonsending) static func count(in transaction: Transaction) async throws -> Int {
        try await transaction.query(count).first?.int(0) ?? 0
    }

    nonisolated(nonsending) static func delete(
        _ id: MoverListID, in transaction: Transaction
    ) async throws { try await transaction.query(delete, .id(id)) }

    // MARK: Who is on it

    /// As it was told by then.
    nonisolated(nonsending) static func stays(
        _ id: MoverListID, at moment: Timestamp, in source: any Queryable
    ) async throws -> [MoverStay] {
        try await source.query(stays, .id(id), .timestamp(moment)).compactMap { row in
            Mover.Side(rawValue: row.text(0)).map {
                MoverStay(
                    side: $0, token: row.id(1), symbol: row.text(2), enteredAt: row.timestamp(3),
                    candle: row.timestamp(4), rank: row.int(5), change: row.double(6))
            }
        }
    }

    nonisolated(nonsending) static func enter(
        _ mover: Mover, _ side: Mover.Side, of list: MoverListID, at now: Timestamp,
        in transaction: Transaction
    ) async throws {
        try await transaction.query(
            enter, .id(list), .text(side.rawValue), .id(mover.token), .timestamp(now),
            .timestamp(mover.to.time), .int32(Int32(mover.rank)), .double(mover.change))
    }

    nonisolated(nonsending) static func leave(
        _ stay: MoverStay, of list: MoverListID, at now: Timestamp, in transaction: Transaction
    ) async throws {
        try await transaction.query(
            leave, .id(list), .text(stay.side.rawValue), .id(stay.token), .timestamp(now))
    }

    private nonisolated(nonsending) static func naming(
        _ write: nonisolated(nonsending) () async throws -> Void
    ) async throws {
        do {
            try await write()
        } catch let error as PostgresError where error.isUniqueViolation("mover_list_name") {
            throw Problem(
                .alreadyExists, "A mover list of this name exists; names differ by more than case.",
                errors: [FieldError(pointer: "/name", code: "already_exists", message: "is taken")])
        }
    }
}

extension MoverList {
    /// Nil for a row that this service did not write.
    fileprivate init?(_ row: Row) {
        guard let owner = PrincipalID(row.text(1)), let interval = Interval(rawValue: row.text(4)),
            let window = MoverWindow(row.text(5))
        else { return nil }
        self.init(
            id: row.id(0), owner: owner, name: row.text(2), source: row.text(3), interval: interval,
            window: window, minVolume: row.double(6), size: row.int(7), measuredAt: row.optionalTimestamp(8),
            createdAt: row.timestamp(9), updatedAt: row.timestamp(10), revision: row.int64(11))
    }
}
