import Access
package import Jobs
package import Kernel
package import Postgres
import JSON

/// Checkpoints, partitions ahead, and the end of what is old.
package struct AuditJobs {
    /// How long things are kept; nil is for ever.
    package struct Retention: Sendable {
        package var events: Period?
        package var audit: Period?
        package var idempotencyKeys: Period = .hours(24)
        /// Longer than any monitor repeats itself after an outage of a weekend.
        package var eventIDs: Period = .days(7)
        package var runs: Period = .days(30)

        package init(events: Period? = nil, audit: Period? = nil) {
            (self.events, self.audit) = (events, audit)
        }
    }

    private let checkpointer: Checkpointer
    private let sweep: Sweep
    private let months: MonthTables
    private let clock: Clock
    private let retention: Retention

    package init(
        _ database: Database, checkpointer: Checkpointer, clock: Clock, retention: Retention = Retention()
    ) {
        self.checkpointer = checkpointer
        (sweep, months) = (Sweep(database), MonthTables(database.connector))
        self.clock = clock
        self.retention = retention
    }

    package var jobs: [Job] {
        [
            Job(
                "audit-checkpoint", "Signs where every lane of the audit trail stands.", every: .seconds(60),
                timeout: .minutes(1)
            ) { _ in
                let isTaken = try await checkpointer.take() != nil
                return .counts([("checkpoints", isTaken ? 1 : 0)])
            },
            Job(
                "partitions", "Makes the tables of the months to come.", every: .hours(6),
                timeout: .minutes(15)
            ) { _ in
                .counts([("made", try await months.makeAll(at: clock.now()))])
            },
            Job("retention", "Removes what need not be kept any longer.", every: .hours(1), run: retain),
        ]
    }

    private nonisolated(nonsending) func retain(_ run: JobRun) async throws -> JSONObject {
        let now = clock.now()
        let keys = try await sweep.deleteIdempotencyKeys(before: now - retention.idempotencyKeys, run)
        let eventIDs = try await sweep.deleteEventIDs(before: now - retention.eventIDs, run)
        let runs = try await sweep.deleteRuns(before: now - retention.runs, run)
        var (eventMonths, otherEvents, auditMonths, useMonths) = (0, 0, 0, 0)
        if let kept = retention.events {
            otherEvents = try await sweep.deleteOtherEvents(before: now - kept, run)
            eventMonths = try await sweep.dropEventMonths(before: now - kept, run)
        }
        if let kept = retention.audit {
            auditMonths = try await sweep.detachAuditMonths(before: now - kept, run)
            useMonths = try await sweep.detachUseMonths(run)
        }
        // Verification begins where the newest checkpoint says that the trail does.
        if auditMonths > 0 { _ = try await checkpointer.take() }
        return .counts([
            ("idempotency_keys", keys), ("event_ids", eventIDs), ("job_runs", runs),
            ("event_months", eventMonths), ("other_events", otherEvents), ("audit_months", auditMonths),
            ("use_months", useMonths),
        ])
    }
}

extension JSONObject {
    fileprivate static func counts(_ counts: [(String, Int)]) -> JSONObject {
        var object = JSONObject()
        for (name, count) in counts { _ = object.append(name, .number(JSONNumber(count))) }
        return object
    }
}
