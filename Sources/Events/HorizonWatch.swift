import Access
package import EventLoop
import HTTPServer
import JSON
package import Kernel
package import Postgres

/// Watches what holds readers of events back: one a node.
package final class HorizonWatch {
    private static let every: Period = .seconds(1)
    /// Several nodes see the same standstill: one event a minute says it.
    private static let eventEvery: Period = .seconds(60)

    /// Whoever has the oldest open transaction; locks on transaction ids can be seen by everybody, and hold
    /// the id's lower 32 bits.
    private static let look = Statement(
        "event_horizon",
        """
        select pg_snapshot_xmin(s.now)::text, pg_snapshot_xmax(s.now)::text, l.pid, a.datname::text
        from (select pg_current_snapshot() as now) as s
        left join pg_locks l on l.locktype = 'transactionid' and l.granted and l.mode = 'ExclusiveLock'
            and l.transactionid::text::bigint = pg_snapshot_xmin(s.now)::text::bigint % 4294967296
        left join pg_stat_activity a on a.pid = l.pid
        limit 1
        """)
    /// Ours are the sessions of this database and user under this name; a migration holds its own lock and
    /// may run long.
    private static let endOwn = Statement(
        "event_horizon_end_own",
        """
        select pg_terminate_backend(a.pid) from pg_stat_activity a
        where a.datname = current_database() and a.usename = current_user and a.application_name = $1
            and a.backend_xid is not null and a.pid <> pg_backend_pid()
            and a.xact_start < clock_timestamp() - interval '30 seconds'
            and not exists (select from pg_locks l where l.pid = a.pid and l.locktype = 'advisory'
                and (l.classid::bigint << 32 | l.objid::bigint) = 30228056870611052)
        """)
    private static let recent = Statement(
        "event_horizon_recent", "select 1 from event where type = $1 and at > $2 limit 1")

    private let database: Database
    private let ledger: Ledger
    private let reactor: Reactor
    private let log: Log
    private let gauge: Counter
    private var lag = HorizonLag()
    private var isStopped = false

    /// - Parameter metrics: gets `event_horizon_lag_seconds`.
    package init(_ database: Database, ledger: Ledger, reactor: Reactor, log: Log, metrics: Metrics) {
        (self.database, self.ledger, self.reactor, self.log) = (database, ledger, reactor, log)
        gauge = metrics.gauge(
            "event_horizon_lag_seconds", "How long an open write transaction has held readers of events back."
        )
    }

    package func start(on worker: isolated Worker) {
        worker.spawn {
            while !self.isStopped {
                await self.look()
                await self.reactor.sleep(nanoseconds: Self.every.nanoseconds)
            }
        }
    }

    package func stop() { isStopped = true }

    /// Seconds, for `/v1/system` and `/readyz`.
    package var lagSeconds: Double { lag.seconds }

    /// One look. What fails is tried again with the next.
    nonisolated(nonsending) func look() async {
        guard let row = try? await database.query(Self.look).first, let horizon = UInt64(row.text(0)),
            let next = UInt64(row.text(1))
        else { return }
        let step = lag.observe(horizon: horizon, next: next, at: ledger.clock.monotonicNanoseconds())
        gauge.set(Int(lag.seconds))
        let (pid, name) = (row.optionalInt(2), row.optionalText(3))
        if step != .none {
            log.warning(
                "an open transaction holds readers of events back",
                [
                    "lag_seconds": .double(lag.seconds), "blocking_pid": .int(Int64(pid ?? 0)),
                    "blocking_database": .text(name ?? ""),
                ])
        }
        if step == .event { await tell(pid, name) }
        if step == .end {
            _ = try? await database.query(Self.endOwn, .text(database.connector.settings.applicationName))
        }
    }

    private nonisolated(nonsending) func tell(_ pid: Int?, _ name: String?) async {
        let now = ledger.clock.now()
        let type = EventType.eventHorizonLagging
        let recent = try? await database.query(
            Self.recent, .text(type.name), .timestamp(now - Self.eventEvery))
        guard recent?.isEmpty == true else { return }
        let context = Context.installation(now: now, requestID: "event_horizon")
        let event = NewEvent(
            type, subject: name,
            [
                "lag_seconds": JSONNumber(lag.seconds).map { .number($0) } ?? .null,
                "blocking_pid": pid.map { .number(JSONNumber($0)) } ?? .null,
                "blocking_database": name.map { .string($0) } ?? .null,
            ])
        do {
            try await ledger.record(context) { change in change.emit(event) }
        } catch {
            log.warning("the lag of events could not be recorded", ["error": .text("\(error)")])
        }
    }
}
