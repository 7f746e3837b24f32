import Access
import HTTPServer
import Kernel
import Postgres

/// Delay and lock-out of log-ins, exact whatever the number of nodes: an attempt is counted in a transaction
/// of its own before it is made.
struct LoginGuard {
    let database: Database

    /// An attempt that may be made, and is counted already.
    struct Attempt {
        fileprivate let subjects: [String]
        /// Until when whoever it is counted for is locked if this attempt fails.
        let locksUntil: Timestamp?
        /// Counted for a browser that is known.
        let isOfDevice: Bool
    }

    enum Verdict {
        case admitted(Attempt)
        /// Whoever would come in time comes after that.
        case refused(Period)
    }

    private static let make = Statement(
        "login_guard_make",
        """
        insert into login_guard (subject, failures, touched_at)
        select s, 0, $2 from unnest($1::text[]) as s order by s on conflict do nothing
        """)
    private static let lock = Statement(
        "login_guard_lock",
        """
        select subject, failures, blocked_until, touched_at from login_guard
        where subject = any($1::text[]) order by subject for update
        """)
    private static let write = Statement(
        "login_guard_write",
        "update login_guard set failures = $2, blocked_until = $3, touched_at = $4 where subject = $1")

    nonisolated(nonsending) func admit(
        _ budget: LoginBudget, from address: IPAddress?, at now: Timestamp
    ) async throws -> Verdict {
        let own = budget.subject
        let subjects = budget.countsAddress ? [own, Self.subject(of: address)] : [own]
        return try await database.transaction { transaction in
            _ = try await transaction.query(Self.make, .textArray(subjects), .timestamp(now))
            var tallies = try await Self.locked(subjects, in: transaction)
            if let wait = tallies.values.compactMap({ $0.wait(at: now) }).max() { return .refused(wait) }
            var locksUntil: Timestamp?
            for subject in tallies.keys {
                tallies[subject]?.count(at: now)
                guard let tally = tallies[subject] else { continue }
                if subject == own, tally.hasJustLocked { locksUntil = tally.blockedUntil }
                try await Self.write(tally, subject, in: transaction)
            }
            return .admitted(
                Attempt(subjects: subjects, locksUntil: locksUntil, isOfDevice: !budget.countsAddress))
        }
    }

    /// The attempt succeeded: its budget begins anew, its address has one failure less.
    /// - Parameter identity: which it cleared as well, being a log-in's last step.
    static nonisolated(nonsending) func succeed(
        _ attempt: Attempt, clearing identity: LoginIdentity? = nil, in transaction: Transaction
    ) async throws {
        let subjects = attempt.subjects + (identity.map { [$0.subject] } ?? [])
        try await settle(subjects, in: transaction) { $0.clear() }
    }

    /// The attempt was no failure, and not yet a success.
    static nonisolated(nonsending) func giveBack(_ attempt: Attempt, in transaction: Transaction) async throws
    {
        try await settle(attempt.subjects, in: transaction) { $0.giveBack() }
    }

    private static nonisolated(nonsending) func settle(
        _ subjects: [String], in transaction: Transaction, _ own: (inout LoginTally) -> Void
    ) async throws {
        for (subject, tally) in try await locked(subjects, in: transaction) {
            var tally = tally
            if tally.kind == .identity { own(&tally) } else { tally.giveBack() }
            try await write(tally, subject, in: transaction)
        }
    }

    private static nonisolated(nonsending) func locked(
        _ subjects: [String], in transaction: Transaction
    ) async throws -> [String: LoginTally] {
        var tallies: [String: LoginTally] = [:]
        for row in try await transaction.query(lock, .textArray(subjects)) {
            let kind: LoginTally.Kind = row.text(0).hasPrefix("address:") ? .address : .identity
            tallies[row.text(0)] = LoginTally(
                kind, failures: row.int(1), blockedUntil: row.optionalTimestamp(2),
                touchedAt: row.timestamp(3))
        }
        return tallies
    }

    private static nonisolated(nonsending) func write(
        _ tally: LoginTally, _ subject: String, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(
            write, .text(subject), .int(tally.failures), .timestamp(tally.blockedUntil),
            .timestamp(tally.touchedAt))
    }

    /// An IPv6 host has at least a /64 to choose from.
    private static func subject(of address: IPAddress?) -> String {
        guard let address else { return "address:unix" }
        let range = address.family == .v4 ? nil : address.subnet64
        return "address:" + (range?.description ?? address.description)
    }
}

extension Problem {
    static func tooManyLogins(_ wait: Period) -> Problem {
        let seconds = (wait.microseconds + 999_999) / 1_000_000
        return Problem(
            .rateLimited, "There were too many attempts that failed. Try again later.",
            headers: [(.retryAfter, String(seconds))])
    }
}
