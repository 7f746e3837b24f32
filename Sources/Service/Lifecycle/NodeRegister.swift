import Access
import Kernel
import Postgres
import Sealing

/// The rows that nodes write to say that they live.
enum NodeRegister {
    private static let note = Statement(
        "node_note",
        """
        insert into node (id, version, loops, started_at, last_seen_at, key_generation, egress, schema, build)
        values ($1, $2, $3::integer, $4, $5, $6::integer, $7, $8::integer, $9)
        on conflict (id) do update
        set last_seen_at = excluded.last_seen_at, key_generation = excluded.key_generation
        """)
    private static let remove = Statement(
        "node_remove", "delete from node where id = $1 or last_seen_at < $2")

    private static let countLive = Statement(
        "node_count_live", "select count(*) from node where last_seen_at > $1")
    /// Nodes write every two seconds that they live.
    private static let silentAtMost: Period = .seconds(10)

    nonisolated(nonsending) static func liveCount(
        at now: Timestamp, in database: Database
    ) async throws -> Int {
        try await database.query(countLive, .timestamp(now - silentAtMost)).first?.int(0) ?? 1
    }

    nonisolated(nonsending) static func note(
        _ shared: NodeShared, isStopping: Bool, in database: Database
    ) async throws {
        let now = shared.clock.now()
        _ = try await database.transaction { transaction in
            if isStopping {
                try await transaction.query(remove, .id(shared.id), .timestamp(now - .days(7)))
            } else {
                try await transaction.query(
                    note, .id(shared.id), .text(Release.version), .int32(Int32(shared.settings.loops)),
                    .timestamp(shared.startedAt), .timestamp(now), .int(shared.custodian.generation),
                    .textArray(shared.settings.egress.all.map(\.description)),
                    .int(Release.schema), .text(Release.build))
            }
        }
    }
}
