import Access
import JSON
package import Jobs
package import Events
import Kernel
import Postgres

/// What has to happen without a request.
package struct SignalJobs {
    /// Series that one transaction asks whether their data have stopped.
    static let mostStale = 1_000

    private let ledger: Ledger
    private let analyst: Analyst

    package init(ledger: Ledger, analyst: Analyst) { (self.ledger, self.analyst) = (ledger, analyst) }

    package var jobs: [Job] {
        [
            Job(
                "signal-analysis", "Takes up series whose candles changed and that nobody has analysed.",
                every: .seconds(10)
            ) { _ in
                let count = try await analyst.sweepAndSettle(within: .minutes(4))
                return Self.result("series", count)
            },
            Job(
                "signal-staleness", "Marks open signals stale whose candles have stopped to come.",
                every: .minutes(5)
            ) { run in
                let count = try await run.inSteps(of: Self.mostStale) { try await stale(at: run.context.now) }
                _ = try await analyst.sweepAndSettle(within: .minutes(4))
                return Self.result("series", count)
            },
            Job(
                "series-freshness", "Tells of series that fell silent or came back, once each.",
                every: .seconds(15)
            ) { run in
                let count = try await run.inSteps(of: SeriesFreshness.mostAtOnce) {
                    try await ledger.change(run.context) { try await SeriesFreshness.judge($0) }
                }
                return Self.result("series", count)
            },
        ]
    }

    private static func result(_ name: String, _ count: Int) -> JSONObject {
        var result = JSONObject()
        _ = result.append(name, .number(JSONNumber(count)))
        return result
    }

    /// The analysis itself says what is stale: the moment at which it is asked is a row's, so that it says
    /// the same again when it runs for another reason.
    static let stale = Statement(
        "series_stale",
        derived: """
            with late as (
                select s.id from series s join (values \(intervals)) as l (interval, late)
                    on l.interval = s.interval
                where s.last_closed + l.late <= $1
                    and (s.stale_at is null or s.stale_at < s.last_closed + l.late)
                    and exists (select 1 from signal g
                        where g.series = s.id and g.state = 'open' and not g.withdrawn)
                order by s.id limit $2 for no key update of s
            )
            update series s set stale_at = $1, dirty_from = least(s.dirty_from, s.last_closed),
                dirty_to = 'infinity'
            from late where s.id = late.id
            """)

    /// From the open of the last candle: itself, and as many as may be missing.
    private static let intervals = Interval.allCases.map { interval in
        let seconds = interval.seconds * Int64(SignalSettings().staleAfterMissing + 1)
        return "('\(interval.rawValue)', interval '\(seconds) s')"
    }.joined(separator: ", ")

    private nonisolated(nonsending) func stale(at now: Timestamp) async throws -> Int {
        try await ledger.database.transaction { transaction in
            try await transaction.query(Self.stale, .timestamp(now), .int(Self.mostStale)).affected
        }
    }
}
