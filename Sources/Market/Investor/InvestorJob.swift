import Access
import Events
import JSON
import Jobs
import Kernel
import Postgres
import Signals

/// Grades every living token of each source's daily candles, once a day when they have closed, and the newest
/// day again when its candles or facts change.
struct InvestorJob {
    static let every: Period = .minutes(5)
    /// Candles of one day arrive one after another: the day is graded after so long.
    static let patience: Period = .minutes(10)
    /// Grades of one transaction.
    static let atOnce = 1_000

    private static let due = Statement(
        "investor_due",
        """
        with market as (
            select s.source, max(s.last_closed) as newest, sum(s.version)::text as versions
            from series s where s.interval = '1d' and s.last_closed is not null group by s.source
        ), said as (
            select coalesce(max(known_at)::text, '') || ' '
                || (select count(*) from fact where expires_at > $1)::text as facts
            from fact
        )
        select m.source, m.newest, m.newest::text || ' ' || m.versions || ' ' || s.facts
        from market m cross join said s left join investor_run r using (source)
        where r.seen is distinct from m.newest::text || ' ' || m.versions || ' ' || s.facts
        order by m.source
        """)
    private static let note = Statement(
        "investor_note",
        """
        insert into investor_run (source, time, seen) values ($1, $2, $3)
        on conflict (source) do update set time = excluded.time, seen = excluded.seen
        """)

    let ledger: Ledger

    var job: Job {
        Job(
            "investor-grades", "Grades tokens by their last year, when their daily candles have closed.",
            every: Self.every, timeout: .minutes(30)
        ) { run in
            var written = 0
            let due = try await ledger.database.query(Self.due, .timestamp(ledger.clock.now()))
            for row in due where !run.isOver {
                written += try await grade(
                    row.text(0), newest: row.timestamp(1), seen: row.text(2), run)
            }
            return JSONObject(members: [("grades", .number(JSONNumber(written)))])
        }
    }

    private nonisolated(nonsending) func grade(
        _ source: String, newest: Timestamp, seen: String, _ run: JobRun
    ) async throws -> Int {
        let now = ledger.clock.now()
        guard now - Interval.day.close(of: newest) >= Self.patience else { return 0 }
        let moment = MarketMoment(source: source, interval: .day, at: nil, asOf: nil, now: now)
        let inputs = try await InvestorReads.inputs(moment, isOver: { run.isOver }, in: ledger.database)
        guard let inputs,
            let model = try await ledger.database.transaction({
                try await GradeStore.number(
                    of: InvestorGrade.model, InvestorGrade.parameterHash, in: $0)
            })
        else { return 0 }
        let graded = InvestorGrade.grades(inputs)
        var written = 0
        var rest = graded[...]
        while !rest.isEmpty {
            if run.isOver { return written }
            let part = Array(rest.prefix(Self.atOnce))
            rest = rest.dropFirst(Self.atOnce)
            written += try await ledger.database.transaction { transaction in
                try await InvestorStore.write(
                    part, source: source, model: model, now: now, in: transaction)
            }
        }
        // Last: a run that is cut off is made again, and finds what it wrote.
        try await ledger.database.transaction { transaction in
            _ = try await transaction.query(Self.note, .text(source), .timestamp(newest), .text(seen))
        }
        return written
    }
}
