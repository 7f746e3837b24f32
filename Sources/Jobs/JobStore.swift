import Access
import Kernel
import Postgres

/// Jobs and their runs as rows.
struct JobStore {
    private static let register = Statement(
        "job_register",
        """
        insert into job (name, next_run_at) select name, $2 from unnest($1::text[]) as registered (name)
        on conflict (name) do nothing
        """)
    /// A job that now runs more often does not wait for its old date.
    private static let hasten = Statement(
        "job_hasten",
        """
        update job set next_run_at = latest.at from unnest($1::text[], $2::timestamptz[]) as latest (name, at)
        where job.name = latest.name and job.next_run_at > latest.at
        """)
    private static let states = Statement(
        "job_states",
        "select name, next_run_at, run, leased_by, lease_until from job where name = any($1::text[])")
    private static let lock = Statement(
        "job_lock",
        """
        select name, next_run_at, run, leased_by, lease_until from job where name = $1::text
        for update skip locked
        """)
    private static let wait = Statement(
        "job_wait",
        "select name, next_run_at, run, leased_by, lease_until from job where name = $1::text for update")
    private static let lease = Statement(
        "job_lease",
        "update job set run = $2, leased_by = $3, lease_until = $4, next_run_at = $5 where name = $1::text")
    private static let request = Statement(
        "job_request", "update job set run = $2, leased_by = null, lease_until = null where name = $1::text")
    private static let renew = Statement(
        "job_renew", "update job set lease_until = $4 where name = $1::text and run = $2 and leased_by = $3")
    /// A run that was abandoned is made up for at once.
    private static let free = Statement(
        "job_free",
        """
        update job set run = null, leased_by = null, lease_until = null, next_run_at = least(next_run_at, $3)
        where name = $1::text and run = $2
        """)

    private let database: Database

    init(_ database: Database) { self.database = database }

    nonisolated(nonsending) func register(_ jobs: [Job], at now: Timestamp) async throws {
        let names = jobs.map(\.name)
        try await database.transaction { transaction in
            try await transaction.query(Self.register, .textArray(names), .timestamp(now))
            try await transaction.query(
                Self.hasten, .textArray(names), .timestampArray(jobs.map { now + $0.every }))
        }
    }

    nonisolated(nonsending) func states(_ names: [String]) async throws -> [String: JobState] {
        let rows = try await database.query(Self.states, .textArray(names))
        return Dictionary(uniqueKeysWithValues: rows.map { ($0.text(0), Self.state($0)) })
    }

    /// The job under its lock; nil while another node holds that.
    nonisolated(nonsending) func lock(_ name: String, in transaction: Transaction) async throws -> JobState? {
        try await transaction.query(Self.lock, .text(name)).first.map(Self.state)
    }

    /// The job under its lock, made when no node has registered it yet.
    nonisolated(nonsending) func wait(
        _ name: String, at now: Timestamp, in transaction: Transaction
    ) async throws -> JobState {
        try await transaction.query(Self.register, .textArray([name]), .timestamp(now))
        let row = try await transaction.query(Self.wait, .text(name)).first
        return row.map(Self.state) ?? JobState(phase: .idle, nextRunAt: now)
    }

    nonisolated(nonsending) func lease(
        _ name: String, run: RunID, to node: NodeID, until: Timestamp, nextRunAt: Timestamp,
        in transaction: Transaction
    ) async throws {
        try await transaction.query(
            Self.lease, .text(name), .id(run), .id(node), .timestamp(until), .timestamp(nextRunAt))
    }

    nonisolated(nonsending) func request(_ name: String, run: RunID, in transaction: Transaction) async throws
    {
        try await transaction.query(Self.request, .text(name), .id(run))
    }

    /// False when the lease is somebody else's by now.
    nonisolated(nonsending) func renew(
        _ name: String, run: RunID, node: NodeID, until: Timestamp
    ) async throws -> Bool {
        try await database.transaction { transaction in
            try await transaction.query(
                Self.renew, .text(name), .id(run), .id(node), .timestamp(until)
            ).affected == 1
        }
    }

    /// False when the run was not the job's any more.
    nonisolated(nonsending) func free(
        _ name: String, run: RunID, dueBy: Timestamp? = nil, in transaction: Transaction
    ) async throws -> Bool {
        try await transaction.query(Self.free, .text(name), .id(run), .timestamp(dueBy)).affected == 1
    }

    private static func state(_ row: Row) -> JobState {
        JobState(phase: phase(row), nextRunAt: row.timestamp(1))
    }

    private static func phase(_ row: Row) -> JobState.Phase {
        guard let run: RunID = row.optionalID(2) else { return .idle }
        guard let node: NodeID = row.optionalID(3), let leaseUntil = row.optionalTimestamp(4) else {
            return .requested(run)
        }
        return .running(run, node: node, leaseUntil: leaseUntil)
    }
}
