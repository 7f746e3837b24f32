import Postgres
import TestSupport

/// What a node that was killed keeps from the others until its leases lapse.
enum LeftBehind {
    /// Messages that it was about to send, or was sending.
    case deliveries
    /// Runs of jobs.
    case jobs
    /// Turns of keys whose requests carry rising numbers.
    case turns
    /// That it lives: others wait for what it does not know yet.
    case life

    fileprivate var lapse: Statement {
        switch self {
        case .deliveries: Self.ofDeliveries
        case .jobs: Self.ofJobs
        case .turns: Self.ofTurns
        case .life: Self.ofLife
        }
    }

    private static let ofDeliveries = Statement(
        "test_lapse_deliveries",
        """
        with held as (
            select id, extract(epoch from due_at - clock_timestamp()) as seconds from delivery
            where state = 'pending' and leased_by is not null
        ), lapsed as (update delivery set due_at = clock_timestamp() where id in (select id from held))
        select max(seconds)::float8 from held
        """)
    private static let ofJobs = Statement(
        "test_lapse_jobs",
        """
        with held as (
            select name, extract(epoch from lease_until - clock_timestamp()) as seconds from job
            where leased_by is not null
        ), lapsed as (update job set lease_until = clock_timestamp() where name in (select name from held))
        select max(seconds)::float8 from held
        """)
    private static let ofTurns = Statement(
        "test_lapse_turns",
        """
        with held as (
            select key, extract(epoch from until - clock_timestamp()) as seconds from key_sender
            where until > clock_timestamp()
        ), lapsed as (update key_sender set until = clock_timestamp() where key in (select key from held))
        select max(seconds)::float8 from held
        """)
    private static let ofLife = Statement(
        "test_lapse_life",
        """
        with held as (
            select id, extract(epoch from last_seen_at - clock_timestamp()) + 60 as seconds from node
        ), lapsed as (update node set last_seen_at = last_seen_at - interval '1 minute')
        select max(seconds)::float8 from held
        """)
}

extension RunningNode {
    /// As if the time were over that others have to wait. Gives the seconds that they would have waited, nil
    /// when nothing is left behind.
    @discardableResult
    func lapse(_ left: LeftBehind) async throws -> Double? {
        guard let url = databaseURL else { throw Impatience("its database is its own") }
        return try await ScratchDatabase(url: url).visit { _, database in
            try await database.query(left.lapse).first?.optionalDouble(0)
        }
    }
}
