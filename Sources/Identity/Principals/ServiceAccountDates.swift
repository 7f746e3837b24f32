import Access
import Events
import JSON
import Jobs
import Kernel
import Postgres

extension Principal {
    /// What is said of a service account's end, and when.
    var expiry: Countdown? {
        guard id.kind == .serviceAccount, let expiresAt else { return nil }
        return Countdown(
            deadline: expiresAt, reminders: [("14d", .days(14)), ("3d", .days(3))], past: "expired",
            repeating: nil)
    }
}

/// What time does to service accounts: they lapse, and they are forgotten.
struct ServiceAccountDates {
    /// Accounts of one transaction.
    private static let stepRows = 200

    private static let due = Statement(
        "service_accounts_due",
        """
        select id from principal where expiry_notice_at <= $1 and kind = 'service_account'
        order by expiry_notice_at, id limit $2 for no key update skip locked
        """)
    private static let moveOn = Statement(
        "service_account_notice_move", "update principal set expiry_notice_at = $2 where id = $1")
    /// Told once for each time that nobody came back.
    private static let unused = Statement(
        "service_accounts_unused",
        """
        select p.id from principal p
        where p.kind = 'service_account' and p.status = 'active' and p.created_at < $1
            and not exists (
                select from access_token t where t.principal = p.id and t.last_used_at >= $1)
            and (p.unused_told_at is null or exists (
                select from access_token t
                where t.principal = p.id and t.last_used_at > p.unused_told_at))
        order by p.id limit $2 for no key update of p skip locked
        """)
    private static let told = Statement(
        "service_accounts_unused_told", "update principal set unused_told_at = $2 where id = any ($1)")

    let ledger: Ledger
    /// Unused for so long is worth a word.
    let unusedAfter: Period

    var jobs: [Job] {
        [
            Job(
                "service-account-expiry",
                "Tells of service accounts that lapse soon, and disables those that have lapsed.",
                every: .minutes(1)
            ) { run in try await inSteps(run, announce) },
            Job(
                "service-account-unused", "Tells of service accounts that nobody uses.", every: .hours(1)
            ) { run in try await inSteps(run, tellOfUnused) },
        ]
    }

    private nonisolated(nonsending) func inSteps(
        _ run: JobRun, _ step: nonisolated(nonsending) (Change) async throws -> Int
    ) async throws -> JSONObject {
        let told = try await run.inSteps(of: Self.stepRows) {
            try await ledger.change(run.context) { change in try await step(change) }
        }
        return JSONObject(members: [("events", .number(JSONNumber(Int64(told))))])
    }

    private nonisolated(nonsending) func announce(_ change: Change) async throws -> Int {
        let now = change.context.now
        let rows = try await change.transaction.query(Self.due, .timestamp(now), .int(Self.stepRows))
        for row in rows {
            let id = PrincipalID(.serviceAccount, row.uuid(0))
            let account = try await PrincipalStore.locked(id, in: change.transaction)
            _ = try await change.transaction.query(
                Self.moveOn, .uuid(id.uuid), .timestamp(account.expiry?.next(after: now)))
            guard account.status == .active, let expiry = account.expiry,
                let stage = expiry.stage(at: now)
            else { continue }
            change.emit(account.expiring(expiry, stage, at: now))
            if expiry.isPast(at: now) { _ = try await change.retire(account, reason: "it has lapsed") }
        }
        return rows.count
    }

    private nonisolated(nonsending) func tellOfUnused(_ change: Change) async throws -> Int {
        let now = change.context.now
        let rows = try await change.transaction.query(
            Self.unused, .timestamp(now - unusedAfter), .int(Self.stepRows))
        for row in rows {
            let id = PrincipalID(.serviceAccount, row.uuid(0))
            guard let account = try await PrincipalStore.find(id, in: change.transaction) else { continue }
            change.emit(account.unused(at: now))
        }
        _ = try await change.transaction.query(
            Self.told, .uuidArray(rows.map { $0.uuid(0) }), .timestamp(now))
        return rows.count
    }
}

extension Principal {
    fileprivate func expiring(_ expiry: Countdown, _ stage: Countdown.Stage, at now: Timestamp) -> NewEvent {
        NewEvent(
            .serviceAccountExpiring, subject: id,
            data: eventData([
                ("expires_at", JSONValue(expiresAt)),
                ("days_left", JSONNumber(expiry.daysLeft(at: now)).map { .number($0) } ?? .null),
                ("expired", .bool(expiry.isPast(at: now))), ("stage", .string(stage.name)),
            ]))
    }

    fileprivate func unused(at now: Timestamp) -> NewEvent {
        let days = Int64((now - (lastUsedAt ?? createdAt)).microseconds / Period.days(1).microseconds)
        return NewEvent(
            .serviceAccountUnused, subject: id,
            data: eventData([
                ("last_used_at", JSONValue(lastUsedAt)), ("days", .number(JSONNumber(days))),
            ]))
    }
}
