import Access
package import Events
import HTTPServer
import JSON
package import Jobs
import Kernel
import Postgres
package import Webhooks

/// Looks which heartbeats are missed, and sends Keybell's own. By the lease of its job on one node at a time;
/// the row of the watch makes sure of it.
package struct HeartbeatWatch {
    static let every: Period = .seconds(5)
    /// Nobody looked for so long: then nobody heard pings either.
    static let deafAfter: Period = .minutes(1)
    /// Heartbeats of one transaction.
    static let atOnce = 200

    private static let look = Statement(
        "heartbeat_look", "select looked_at from heartbeat_watch for no key update")
    private static let looked = Statement("heartbeat_looked", "update heartbeat_watch set looked_at = $1")
    /// Whose ping may have come meanwhile has a whole turn more.
    private static let forgive = Statement(
        "heartbeat_forgive",
        """
        update heartbeat set due_at = $1::timestamptz + make_interval(secs => every_seconds + grace_seconds)
        where due_at - make_interval(secs => grace_seconds) <= $1
        """)
    private static let miss = Statement(
        "heartbeat_miss",
        """
        with due as (
            select id, due_at from heartbeat where due_at <= $1 order by due_at, id limit $2
            for no key update skip locked
        )
        update heartbeat h set due_at = null, missed_at = $1 from due where h.id = due.id
        returning h.id, h.owner, h.name, h.labels, h.every, h.grace, h.is_paused, h.due_at, h.missed_at,
            h.last_ping_at, h.pings, h.secret_hint, h.rule, h.created_at, h.updated_at, h.revision, due.due_at
        """)

    private let ledger: Ledger
    private let own: OwnHeartbeat

    package init(ledger: Ledger, outbox: WebhookOutbox) {
        self.ledger = ledger
        own = OwnHeartbeat(outbox: outbox)
    }

    package var job: Job {
        Job(
            "heartbeats", "Tells of heartbeats that stopped, and sends Keybell's own.", every: Self.every
        ) { run in
            let forgiven = try await listen(run)
            let missed = try await run.inSteps(of: Self.atOnce) { try await miss(run) }
            let isSent = try await ledger.change(run.context) { try await own.send($0) }
            var counts = JSONObject()
            for (name, count) in [("forgiven", forgiven), ("missed", missed), ("sent", isSent ? 1 : 0)] {
                _ = counts.append(name, .number(JSONNumber(count)))
            }
            return counts
        }
    }

    /// After a time without ears: what could not be heard is not missed.
    private nonisolated(nonsending) func listen(_ run: JobRun) async throws -> Int {
        let now = ledger.clock.now()
        return try await ledger.database.transaction { transaction in
            let before = try await transaction.query(Self.look).first?.optionalTimestamp(0)
            _ = try await transaction.query(Self.looked, .timestamp(now))
            guard let before, now - before > Self.deafAfter else { return 0 }
            return try await transaction.query(Self.forgive, .timestamp(now)).affected
        }
    }

    private nonisolated(nonsending) func miss(_ run: JobRun) async throws -> Int {
        let now = ledger.clock.now()
        return try await ledger.change(.installation(now: now, requestID: run.context.requestID)) { change in
            let rows = try await change.transaction.query(
                Self.miss, .timestamp(now), .int(Self.atOnce))
            for row in rows {
                guard let heartbeat = Heartbeat(row) else { continue }
                change.emit(heartbeat.missed(dueAt: row.timestamp(16)))
            }
            return rows.count
        }
    }
}
