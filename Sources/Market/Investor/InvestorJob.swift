import Access
import Events
import JSON
import Jobs
import Kernel
import Postgres
import Signals

/// Grades every living token of each source's daily candles, once a day when their close is settled, and the
/// newest day again when its candles or facts change. Days of the last year that were not graded are graded
/// first, in their order: at the first start with history, and after a stop. So are those again that a candle
/// came late to.
struct InvestorJob {
    static let every: Period = .minutes(5)
    /// Grades of one transaction.
    static let atOnce = 1_000
    /// Days that are graded later.
    static let daysBack: Int64 = 365

    private static let due = Statement(
        "investor_due",
        """
        with market as (
            select c.source, c.settled, c.turn::text as turn, (
                    select min(s.first_open) from series s where s.source = c.source and s.interval = '1d'
                ) as first
            from market_close c where c.interval = '1d' and c.settled is not null
        ), said as (
            select coalesce(max(known_at)::text, '') || ' '
                || (select count(*) from fact where expires_at > $1)::text as facts
            from fact
        )
        select m.source, m.settled, m.turn || ' ' || s.facts, m.first, r.time
        from market m cross join said s left join investor_run r using (source)
        where r.seen is distinct from m.turn || ' ' || s.facts
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
            await run.each(due) { row in
                let newest = row.timestamp(1)
                let days = Self.days(upTo: newest, first: row.timestamp(3), done: row.optionalTimestamp(4))
                for day in days where !run.isOver {
                    let isNewest = day == newest
                    let count = try await grade(row.text(0), day, isNewest: isNewest, run)
                    guard let count else { break }
                    written += count
                    // Last: a run that is cut off is made again, and finds what it wrote.
                    try await note(row.text(0), day, seen: isNewest ? row.text(2) : "")
                }
            }
            written += try await gradeAgain(run)
            return try run.result(["grades": written])
        }
    }

    /// Days of the last year whose candles are others now.
    private nonisolated(nonsending) func gradeAgain(_ run: JobRun) async throws -> Int {
        var written = 0
        let now = ledger.clock.now()
        await run.each(try await MarketRevision.due(.investor, at: now, in: ledger.database)) { revision in
            try await revision.walk(revision.closes, in: ledger.database, until: { run.isOver }) { day in
                // The newest is told with the grade of the day before, which may be another now.
                let isNewest = day == revision.settled
                let count = try await grade(revision.source, day, isNewest: isNewest, run)
                written += count ?? 0
                return count != nil
            }
        }
        return written
    }

    /// The newest, and before it those of the last year that may have a grade and were not graded.
    /// - Parameter done: the newest day that was graded.
    static func days(upTo newest: Timestamp, first: Timestamp, done: Timestamp?) -> [Timestamp] {
        var day = max(
            newest - .days(daysBack), first + .days(Int64(InvestorGrade.leastReturns)),
            done.map { $0 + .days(1) } ?? first)
        var days: [Timestamp] = []
        while day < newest {
            days.append(day)
            day = day + .days(1)
        }
        return days + [newest]
    }

    /// How many grades are new or other than before; nil when the run is over.
    private nonisolated(nonsending) func grade(
        _ source: String, _ day: Timestamp, isNewest: Bool, _ run: JobRun
    ) async throws -> Int? {
        let now = ledger.clock.now()
        let moment = MarketMoment.close(of: day, source, .day, now: now)
        // A day of the past knew the facts of its time: until the next one was over, it was the newest.
        let next = Interval.day.close(of: Interval.day.close(of: day))
        let facts = isNewest ? now : next - Period(microseconds: 1)
        let inputs = try await InvestorReads.inputs(
            moment, factsAt: facts, isOver: { run.isOver }, in: ledger.database)
        guard let inputs else { return nil }
        let model = try await ledger.database.transaction {
            try await GradeStore.number(of: InvestorGrade.model, InvestorGrade.parameterHash, in: $0)
        }
        let isNews = isNewest && !Interval.day.isLongAgo(day, at: now)
        var written = 0
        // On a day without any candle the newest are of a day before.
        var rest = InvestorGrade.grades(inputs.filter { $0.time == day })[...]
        while !rest.isEmpty {
            if run.isOver { return nil }
            let part = Array(rest.prefix(Self.atOnce))
            rest = rest.dropFirst(Self.atOnce)
            let context = Context.installation(now: now, requestID: run.context.requestID)
            written += try await ledger.change(context) { change in
                let moves = try await InvestorStore.write(
                    part, source: source, model: model, isNews: isNews, now: now, in: change.transaction)
                // What is of the past is in lists, and told nowhere.
                if isNewest { for move in moves { move.tell(source, in: change) } }
                return moves.count
            }
        }
        return written
    }

    private nonisolated(nonsending) func note(
        _ source: String, _ day: Timestamp, seen: String
    ) async throws {
        try await ledger.database.transaction { transaction in
            _ = try await transaction.query(Self.note, .text(source), .timestamp(day), .text(seen))
        }
    }
}
