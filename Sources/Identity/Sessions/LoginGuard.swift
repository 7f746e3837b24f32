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
        fileprivate let subjects: [LoginBudget.Subject]
        fileprivate let address: IPAddress?
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

    private static let read = Statement(
        "login_guard_read",
        "select subject, failures, blocked_until, touched_at from login_guard where subject = any($1::text[])"
    )
    /// Locked, whether they were there or not: one that is swept at this moment is made anew.
    private static let make = Statement(
        "login_guard_make",
        """
        insert into login_guard (subject, failures, touched_at)
        select s, 0, $2 from unnest($1::text[]) as s order by s
        on conflict (subject) do update set failures = login_guard.failures
        returning subject, failures, blocked_until, touched_at
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
    /// What is forgotten, or would be: it makes room for what is counted now.
    private static let sweep = Statement(
        "login_guard_sweep",
        """
        delete from login_guard where subject in (
            select subject from login_guard
            where touched_at < $1 and coalesce(blocked_until, $2) <= $2
            order by touched_at limit $3 for update skip locked)
        """)
    /// More than an attempt makes, so that what is remembered is of an hour or two, however many try.
    private static let sweptWithEach = 10

    /// An attempt that is refused writes nothing: whoever is locked out leaves no rows behind.
    nonisolated(nonsending) func admit(
        _ budget: LoginBudget, from address: IPAddress?, at now: Timestamp
    ) async throws -> Verdict {
        let subjects = budget.subjects(from: address)
        let known = try await database.query(Self.read, Self.texts(subjects))
        if let wait = Self.wait(Self.tallies(known, of: subjects), at: now) { return .refused(wait) }
        return try await database.transaction { transaction in
            let rows = try await transaction.query(Self.make, Self.texts(subjects), .timestamp(now))
            var tallies = Self.tallies(rows, of: subjects)
            if let wait = Self.wait(tallies, at: now) { return .refused(wait) }
            var locksUntil: Timestamp?
            for (subject, _) in tallies {
                tallies[subject]?.count(at: now)
                guard let tally = tallies[subject] else { continue }
                if tally.hasJustLocked, tally.kind != .address {
                    locksUntil = [locksUntil, tally.opensAt].compactMap(\.self).max()
                }
                try await Self.write(tally, subject, in: transaction)
            }
            _ = try await Self.sweep(Self.sweptWithEach, at: now, in: transaction)
            let isOfDevice = if case .device = budget { true } else { false }
            return .admitted(
                Attempt(
                    subjects: subjects, address: address, locksUntil: locksUntil, isOfDevice: isOfDevice))
        }
    }

    /// - Returns: how many went.
    static nonisolated(nonsending) func sweep(
        _ atMost: Int, at now: Timestamp, in transaction: Transaction
    ) async throws -> Int {
        try await transaction.query(
            sweep, .timestamp(now - LoginTally.memory), .timestamp(now), .int(atMost)
        ).affected
    }

    /// The attempt succeeded: its origin begins anew, what it shares with others has one failure less.
    /// - Parameter identity: whose attempts from there are over as well, as this was a log-in's last step.
    static nonisolated(nonsending) func succeed(
        _ attempt: Attempt, clearing identity: LoginIdentity? = nil, in transaction: Transaction
    ) async throws {
        var subjects = attempt.subjects
        if let identity {
            subjects += LoginBudget.identity(identity).subjects(from: attempt.address).prefix(1)
        }
        try await settle(subjects, in: transaction) { $0.succeed() }
    }

    /// The attempt was no failure, and not yet a success.
    static nonisolated(nonsending) func giveBack(_ attempt: Attempt, in transaction: Transaction) async throws
    {
        try await settle(attempt.subjects, in: transaction) { $0.giveBack() }
    }

    private static nonisolated(nonsending) func settle(
        _ subjects: [LoginBudget.Subject], in transaction: Transaction, _ outcome: (inout LoginTally) -> Void
    ) async throws {
        for (subject, tally) in tallies(try await transaction.query(lock, texts(subjects)), of: subjects) {
            var tally = tally
            outcome(&tally)
            try await write(tally, subject, in: transaction)
        }
    }

    // MARK: Rows

    private static func texts(_ subjects: [LoginBudget.Subject]) -> Parameter {
        .textArray(subjects.map(\.text))
    }

    private static func tallies(
        _ rows: Rows, of subjects: [LoginBudget.Subject]
    ) -> [String: LoginTally] {
        var tallies: [String: LoginTally] = [:]
        for row in rows {
            let text = row.text(0)
            guard let subject = subjects.first(where: { $0.text == text }) else { continue }
            tallies[text] = LoginTally(
                subject.kind, failures: row.int(1), blockedUntil: row.optionalTimestamp(2),
                touchedAt: row.timestamp(3))
        }
        return tallies
    }

    private static func wait(_ tallies: [String: LoginTally], at now: Timestamp) -> Period? {
        tallies.values.compactMap { $0.wait(at: now) }.max()
    }

    private static nonisolated(nonsending) func write(
        _ tally: LoginTally, _ subject: String, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(
            write, .text(subject), .int(tally.failures), .timestamp(tally.blockedUntil),
            .timestamp(tally.touchedAt))
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
