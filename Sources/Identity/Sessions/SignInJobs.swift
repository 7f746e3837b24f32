package import Jobs
package import Kernel
package import Postgres
import JSON

/// Removes what log-in has no use for any more.
package struct SignInJobs {
    private static let pendingKept: Period = .days(1)
    /// Sessions that lapsed are told of by events and the trail.
    private static let sessionsKept: Period = .days(100)

    /// What attempts leave behind is swept by those that follow; after the last one, here.
    private static let guardsAtMost = 100_000

    private static let pending = Statement(
        "pending_login_sweep", "delete from pending_login where created_at < $1")
    /// No session lives for longer than 90 days.
    private static let sessions = Statement("session_sweep", "delete from session where created_at < $1")

    private let database: Database
    private let clock: Clock

    package init(_ database: Database, clock: Clock) { (self.database, self.clock) = (database, clock) }

    package var jobs: [Job] {
        [
            Job(
                "sign-in-sweep",
                "Removes old sessions, counts of failed log-ins, and browsers not seen since.",
                every: .hours(1)
            ) {
                [database, clock] _ in
                let now = clock.now()
                return try await database.transaction { transaction in
                    let guards = try await LoginGuard.sweep(Self.guardsAtMost, at: now, in: transaction)
                    _ = try await transaction.query(Self.pending, .timestamp(now - Self.pendingKept))
                    _ = try await transaction.query(KnownDevice.sweep, .timestamp(now))
                    let old = Parameter.timestamp(now - Self.sessionsKept)
                    let sessions = try await transaction.query(Self.sessions, old).affected
                    return JSONObject(members: [
                        ("guards", .number(JSONNumber(guards))), ("sessions", .number(JSONNumber(sessions))),
                    ])
                }
            }
        ]
    }
}
