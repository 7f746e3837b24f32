import Access
import Kernel
import Postgres

/// Runs as rows.
struct RunStore {
    private static let insert = Statement(
        "job_run_insert",
        """
        insert into job_run (id, job, trigger, requested_by, node, started_at, outcome)
        values ($1, $2::text, $3::text, $4::text, $5, $6, 'running')
        """)
    private static let take = Statement(
        "job_run_take", "update job_run set node = $2, started_at = $3 where id = $1 and outcome = 'running'")
    private static let finish = Statement(
        "job_run_finish",
        """
        update job_run set finished_at = $2, outcome = $3::text, error = $4::text, result = $5
        where id = $1 and outcome = 'running'
        returning id, job, trigger, requested_by, node, started_at, finished_at, outcome, error, result
        """)
    /// Runs in a row that did not succeed, the newest included.
    private static let failures = Statement(
        "job_run_failures",
        """
        select count(*) from job_run
        where job = $1::text and outcome in ('failed', 'timed_out', 'abandoned') and started_at > coalesce(
            (select started_at from job_run where job = $1::text and outcome = 'succeeded'
                order by started_at desc limit 1), '-infinity')
        """)
    private static let latest = Statement(
        "job_run_latest",
        """
        select run.* from unnest($1::text[]) as known (name), lateral (
            select id, job, trigger, requested_by, node, started_at, finished_at, outcome, error, result
            from job_run where job = known.name order by started_at desc, id desc limit 1) as run
        """)
    private static let list = Statement(
        "job_run_list",
        """
        select id, job, trigger, requested_by, node, started_at, finished_at, outcome, error, result
        from job_run
        where job = $1::text and ($2::text is null or outcome = $2::text)
            and ($3::timestamptz is null or (started_at, id) < ($3, $4::uuid))
        order by started_at desc, id desc limit $5
        """)

    private let database: Database

    init(_ database: Database) { self.database = database }

    nonisolated(nonsending) func insert(_ run: RunRecord, in transaction: Transaction) async throws {
        try await transaction.query(
            Self.insert, .id(run.id), .text(run.job), .text(run.trigger.rawValue), .text(run.requestedBy),
            .id(run.node), .timestamp(run.startedAt))
    }

    nonisolated(nonsending) func take(
        _ id: RunID, node: NodeID, at now: Timestamp, in transaction: Transaction
    ) async throws {
        try await transaction.query(Self.take, .id(id), .id(node), .timestamp(now))
    }

    /// Nil when it had ended before.
    nonisolated(nonsending) func finish(
        _ id: RunID, _ ending: RunEnding, at now: Timestamp, in transaction: Transaction
    ) async throws -> RunRecord? {
        try await transaction.query(
            Self.finish, .id(id), .timestamp(now), .text(ending.outcome.rawValue), .text(ending.error),
            .json(ending.result)
        ).first.map(Self.record)
    }

    nonisolated(nonsending) func failures(_ job: String, in transaction: Transaction) async throws -> Int {
        try await transaction.query(Self.failures, .text(job)).first?.int(0) ?? 0
    }

    nonisolated(nonsending) func latest(_ jobs: [String]) async throws -> [String: RunRecord] {
        let rows = try await database.query(Self.latest, .textArray(jobs))
        return Dictionary(uniqueKeysWithValues: rows.map { ($0.text(1), Self.record($0)) })
    }

    /// Newest first, from behind `last`.
    nonisolated(nonsending) func list(
        _ job: String, outcome: RunRecord.Outcome?, after last: (startedAt: Timestamp, id: RunID)?, limit: Int
    ) async throws -> [RunRecord] {
        let rows = try await database.query(
            Self.list, .text(job), .text(outcome?.rawValue), .timestamp(last?.startedAt), .id(last?.id),
            .int(limit))
        return rows.map(Self.record)
    }

    private static func record(_ row: Row) -> RunRecord {
        RunRecord(
            id: row.id(0), job: row.text(1), trigger: .init(rawValue: row.text(2)) ?? .schedule,
            requestedBy: row.optionalText(3), node: row.optionalID(4), startedAt: row.timestamp(5),
            finishedAt: row.optionalTimestamp(6), outcome: .init(rawValue: row.text(7)) ?? .running,
            error: row.optionalText(8), result: row.json(9))
    }
}
