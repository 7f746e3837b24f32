import Access
import Kernel
import Postgres

/// How much silences hide. Whoever fires adds a row of its own and waits for nobody; a job adds them up.
enum SilenceTally {
    /// Rows that are added up in one transaction.
    static let batch = 5_000

    private static let insert = Statement(
        "silence_tally_note",
        """
        insert into silence_tally (id, silence, hidden)
        select * from unnest($1::uuid[], $2::uuid[], $3::integer[])
        """)
    private static let take = Statement(
        "silence_tally_take",
        """
        delete from silence_tally where id in (
            select id from silence_tally order by id for update skip locked limit $1)
        returning silence, hidden
        """)
    private static let add = Statement(
        "silence_tally_add",
        """
        with held as (select id from silence where id = any ($1::uuid[]) order by id for no key update)
        update silence s set hidden = s.hidden + t.hidden
        from unnest($1::uuid[], $2::bigint[]) as t (id, hidden), held
        where s.id = t.id and held.id = t.id
        """)

    /// - Parameter reasons: of everything that was hidden, once for each telling.
    nonisolated(nonsending) static func note(
        _ reasons: [TellingReason], newID: () -> UUID, in transaction: Transaction
    ) async throws {
        var counts: [SilenceID: Int] = [:]
        for reason in reasons where reason.kind == .silence {
            if let id = reason.id.flatMap({ SilenceID($0) }) { counts[id, default: 0] += 1 }
        }
        guard !counts.isEmpty else { return }
        _ = try await transaction.query(
            insert, .uuidArray(counts.map { _ in newID() }), .idArray(counts.map(\.key)),
            .int32Array(counts.map { Int32(clamping: $0.value) }))
    }

    /// Answers how many rows there were.
    nonisolated(nonsending) static func addUp(in transaction: Transaction) async throws -> Int {
        let rows = try await transaction.query(take, .int(batch))
        guard rows.count > 0 else { return 0 }
        var counts: [SilenceID: Int64] = [:]
        for row in rows { counts[row.id(0), default: 0] += Int64(row.int(1)) }
        _ = try await transaction.query(
            add, .idArray(counts.map(\.key)), .int64Array(counts.map(\.value)))
        return rows.count
    }
}
