import Jobs
import Kernel
import Postgres

/// Removes old rows, in steps that are committed one by one.
struct Sweep {
    private static let rowsPerStep = 1_000

    private static let oldKeys = Statement(
        "retention_keys",
        """
        delete from idempotency_key where ctid = any (array(
            select ctid from idempotency_key where created_at < $1 limit $2))
        """)
    private static let oldEventIDs = Statement(
        "retention_event_ids",
        """
        delete from own_event_id where ctid = any (array(
            select ctid from own_event_id where created_at < $1 limit $2))
        """)
    private static let oldRuns = Statement(
        "retention_runs",
        """
        delete from job_run where id = any (array(
            select id from job_run where started_at < $1 and outcome <> 'running' limit $2))
        """)
    /// Of times that had no month's table.
    private static let oldEvents = Statement(
        "retention_other_events",
        """
        delete from event_other where ctid = any (array(
            select ctid from event_other where at < $1 limit $2))
        """)
    /// Partitions by month, oldest first, whose month ended before a day.
    private static let months = Statement(
        "retention_months",
        """
        select right(child.relname, 6) from pg_inherits
        join pg_class child on child.oid = inhrelid join pg_class parent on parent.oid = inhparent
        where parent.relname = $1::text and child.relname ~ '_[0-9]{6}$'
            and (to_date(right(child.relname, 6), 'YYYYMM') + interval '1 month') <= $2::text::date
        order by 1
        """)
    private static let dropEvents = Statement(
        "retention_events", "select drop_event_month(to_date($1::text, 'YYYYMM'))")
    private static let detachAudit = Statement(
        "retention_audit", "select detach_audit_month(to_date($1::text, 'YYYYMM'))")
    /// Months of uses, oldest first, that lie a whole month before the trail: an exit that was made without
    /// the database is entered into the trail some minutes later.
    private static let useMonths = Statement(
        "retention_use_months",
        """
        with month as (
            select parent.relname as of, right(child.relname, 6) as name,
                to_date(right(child.relname, 6), 'YYYYMM') as first
            from pg_inherits
            join pg_class child on child.oid = inhrelid join pg_class parent on parent.oid = inhparent
            where parent.relname in ('audit_record', 'usage_event') and child.relname ~ '_[0-9]{6}$')
        select name from month where of = 'usage_event'
            and first + interval '1 month' < (select min(first) from month where of = 'audit_record')
        order by 1
        """)
    private static let detachUses = Statement(
        "retention_uses", "select detach_use_month(to_date($1::text, 'YYYYMM'))")

    private let database: Database

    init(_ database: Database) { self.database = database }

    nonisolated(nonsending) func deleteIdempotencyKeys(
        before time: Timestamp, _ run: JobRun
    ) async throws -> Int {
        try await delete(Self.oldKeys, before: time, run)
    }

    /// Of own events.
    nonisolated(nonsending) func deleteEventIDs(before time: Timestamp, _ run: JobRun) async throws -> Int {
        try await delete(Self.oldEventIDs, before: time, run)
    }

    nonisolated(nonsending) func deleteRuns(before time: Timestamp, _ run: JobRun) async throws -> Int {
        try await delete(Self.oldRuns, before: time, run)
    }

    /// Of those that lie in no month's table.
    nonisolated(nonsending) func deleteOtherEvents(before time: Timestamp, _ run: JobRun) async throws -> Int
    {
        try await delete(Self.oldEvents, before: time, run)
    }

    private nonisolated(nonsending) func delete(
        _ statement: Statement, before time: Timestamp, _ run: JobRun
    ) async throws -> Int {
        var total = 0
        while !run.isOver {
            let count = try await database.transaction { transaction in
                try await transaction.query(statement, .timestamp(time), .int(Self.rowsPerStep)).affected
            }
            total += count
            if count < Self.rowsPerStep { break }
        }
        return total
    }

    nonisolated(nonsending) func dropEventMonths(before time: Timestamp, _ run: JobRun) async throws -> Int {
        try await take(try await months(of: "event", before: time), by: Self.dropEvents, run)
    }

    /// Stops at the first month that no exported checkpoint covers.
    nonisolated(nonsending) func detachAuditMonths(before time: Timestamp, _ run: JobRun) async throws -> Int
    {
        try await take(try await months(of: "audit_record", before: time), by: Self.detachAudit, run)
    }

    /// Of uses that the trail does not tell of any more. Nothing else is held meanwhile.
    nonisolated(nonsending) func detachUseMonths(_ run: JobRun) async throws -> Int {
        try await take(try await database.query(Self.useMonths).map { $0.text(0) }, by: Self.detachUses, run)
    }

    /// Oldest first, until one may not leave yet, which the statement says with null.
    private nonisolated(nonsending) func take(
        _ months: [String], by statement: Statement, _ run: JobRun
    ) async throws -> Int {
        var taken = 0
        for month in months where !run.isOver {
            let isDone = try await database.transaction { transaction in
                try await transaction.query(statement, .text(month)).first?.isNull(0) == false
            }
            if !isDone { break }
            taken += 1
        }
        return taken
    }

    private nonisolated(nonsending) func months(
        of parent: String, before time: Timestamp
    ) async throws -> [String] {
        try await database.query(Self.months, .text(parent), .text(time.day)).map { $0.text(0) }
    }
}

extension Timestamp {
    /// `2026-01-05`.
    fileprivate var day: String { String(description.prefix(10)) }
}
