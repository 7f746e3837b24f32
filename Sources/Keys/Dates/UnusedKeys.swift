package import Access
import Events
import JSON
package import Jobs
package import Kernel
package import Postgres

/// Keys that nobody uses any more: told once each, and again when one was used since and rests anew. Decoys
/// too: who is told of all others would know them by it.
package struct UnusedKeys {
    /// From the room that records uses: when somebody last used a key, or tried to; who is missing never was.
    package typealias LastUses =
        nonisolated(nonsending) ([ExchangeKeyID], Transaction) async throws -> [ExchangeKeyID: Timestamp]

    /// Two nodes at once tell nothing twice: the second sees what the first noted.
    private static let lock = Statement(
        "key_unused_lock", "select pg_advisory_xact_lock(hashtextextended('key_unused', 0))")
    private static let candidates = Statement(
        "keys_perhaps_unused",
        """
        select k.id, k.created_at, n.told_at from exchange_key k left join key_unused_notice n on n.key = k.id
        where k.status in ('active', 'reduce_only') and k.created_at < $1 and ($2::uuid is null or k.id > $2)
        order by k.id limit $3
        """)
    private static let note = Statement(
        "key_unused_note",
        """
        insert into key_unused_notice (key, told_at) select key, $2 from unnest($1::uuid[]) as key
        on conflict (key) do update set told_at = excluded.told_at
        """)

    private let book: KeyBook
    private let unusedAfter: Period
    private let lastUses: LastUses

    package init(book: KeyBook, unusedAfter: Period, lastUses: @escaping LastUses) {
        (self.book, self.unusedAfter, self.lastUses) = (book, unusedAfter, lastUses)
    }

    package var job: Job {
        Job("key-unused", "Tells of keys that nobody uses.", every: .hours(1)) { run in
            var after: ExchangeKeyID?
            var told = 0
            repeat {
                let page = try await book.ledger.change(run.context) { try await tell(after: after, $0) }
                told += page.told
                after = page.last
            } while after != nil && !run.isOver
            return JSONObject(members: [("events", .number(JSONNumber(told)))])
        }
    }

    /// A page of keys. Answers its last one when there are more.
    private nonisolated(nonsending) func tell(
        after: ExchangeKeyID?, _ change: Change
    ) async throws -> (told: Int, last: ExchangeKeyID?) {
        let (now, transaction) = (change.context.now, change.transaction)
        let before = now - unusedAfter
        _ = try await transaction.query(Self.lock)
        let rows = try await transaction.query(
            Self.candidates, .timestamp(before), .id(after), .int(KeyJobs.stepRows))
        let ids: [ExchangeKeyID] = rows.map { $0.id(0) }
        let uses = ids.isEmpty ? [:] : try await lastUses(ids, transaction)
        let unused = rows.filter { row in
            let last = uses[row.id(0)]
            let rests = last ?? row.timestamp(1)
            let isKnown = row.optionalTimestamp(2).map { $0 >= rests } ?? false
            return rests < before && !isKnown
        }.map { $0.id(0, as: ExchangeKeyKind.self) }
        let keys = try await KeyStore.all(unused, in: transaction)
        for id in unused {
            guard let key = keys[id] else { continue }
            change.emit(key.unused(since: uses[id], at: now))
        }
        if !keys.isEmpty {
            _ = try await transaction.query(Self.note, .idArray(Array(keys.keys)), .timestamp(now))
        }
        return (keys.count, rows.count == KeyJobs.stepRows ? ids.last : nil)
    }
}

extension ExchangeKey {
    fileprivate func unused(since last: Timestamp?, at now: Timestamp) -> NewEvent {
        let days = (now - (last ?? createdAt)).microseconds / Period.days(1).microseconds
        let used: JSONValue = last.map { .string($0.description) } ?? .null
        return event(.keyUnused, ["last_used_at": used, "days": .number(JSONNumber(days))])
    }
}
