import Access
import Events
import Expressions
import HTTPServer
import JSON
import Kernel
import Postgres

/// A rule over what is stored: what it would have fired, and what would have been sent.
struct Backtest {
    /// What it runs over.
    enum Source: String, FieldChoice {
        /// What was told.
        case events
        /// What stored candles would have told, had each come when it closed.
        case candles
    }

    /// Firings that are told one by one; more are counted.
    static let toldAtMost = 10_000
    /// Firings whose events are in memory at once.
    private static let toldAtOnce = 1_000

    let rule: AlertRule
    let source: Source
    let from: Timestamp
    let to: Timestamp
    let history: any BacktestHistory
    /// Of before it begins, where the rule has to know of it and it is not told.
    let earlier: (any BacktestHistory)?
    let database: Database
    let clock: Clock
    /// Whose eyes it is read with now; nil: whoever asked may not any more.
    let look: nonisolated(nonsending) () async throws -> HistoryEyes?

    /// How long what somebody may see is taken to hold.
    private static let lookEvery: Period = .seconds(1)

    private struct Fired {
        let outcome: RuleRun.Outcome
        /// Of the event that it shows, where that is at hand.
        var view: JSONObject?
    }

    nonisolated(nonsending) func write(to writer: any BodyWriter) async throws {
        var report = BacktestReport(rule, over: source, from: from, to: to)
        let began = clock.monotonicNanoseconds()
        var (eyes, lookedAt) = (try await currentEyes(), began)
        var run = RuleRun(
            rule.content, from: from, knowing: try await recalled(eyes, writer), room: .ofBacktest)
        var history = history
        while true {
            if writer.isDraining { throw BodyError.disconnected }
            if clock.monotonicNanoseconds() &- lookedAt > UInt64(Self.lookEvery.nanoseconds) {
                (eyes, lookedAt) = (try await currentEyes(), clock.monotonicNanoseconds())
            }
            guard let page = try await history.next(eyes) else { break }
            report.take(page)
            var fired: [Fired] = []
            for (event, view) in page.events {
                let occurrence = RuleMachine.Occurrence(
                    id: event.id, at: event.at, type: event.type, event: .object(JSONFields(view)))
                fired += run.take(occurrence, view).map {
                    Fired(outcome: $0, view: $0.transition.event == event.id ? view : nil)
                }
            }
            try await tell(fired, of: history, with: eyes, in: &report, to: writer)
            history.keep { run.shown }
        }
        let last = run.advance(to: min(to, clock.now())).map { Fired(outcome: $0) }
        try await tell(last, of: history, with: eyes, in: &report, to: writer)
        (report.isWhole, report.groupsDropped) = (history.isWhole, run.groupsDropped)
        report.nanoseconds = clock.monotonicNanoseconds() &- began
        try await writer.write(report.summary)
    }

    private nonisolated(nonsending) func currentEyes() async throws -> HistoryEyes {
        guard let eyes = try await look() else { throw BodyError.disconnected }
        return eyes
    }

    /// What the rule would have known when the backtest begins.
    private nonisolated(nonsending) func recalled(
        _ eyes: HistoryEyes, _ writer: any BodyWriter
    ) async throws -> [RuleRecall.Group] {
        var recall = RuleRecall(
            rule, before: nil, at: from, eyes: eyes, groupsAtMost: RuleRun.Room.ofBacktest.groups)
        if var earlier {
            while let page = try await earlier.next(eyes) {
                if writer.isDraining { throw BodyError.disconnected }
                for (event, view) in page.events { recall.take(event, view) }
                // Of what was before nothing is shown.
                earlier.keep { [] }
            }
        } else {
            while try await recall.read(from: database) {
                if writer.isDraining { throw BodyError.disconnected }
            }
        }
        return Array(recall.groups.values)
    }

    private nonisolated(nonsending) func tell(
        _ all: [Fired], of history: any BacktestHistory, with eyes: HistoryEyes,
        in report: inout BacktestReport, to writer: any BodyWriter
    ) async throws {
        for start in stride(from: 0, to: all.count, by: Self.toldAtOnce) {
            let fired = all[start..<min(start + Self.toldAtOnce, all.count)]
            let missing = report.isFull ? [] : fired.filter { $0.view == nil }
            let shown = Set(missing.compactMap(\.outcome.transition.event))
            let views = try await history.views(of: Array(shown), eyes)
            var lines: [UInt8] = []
            for item in fired {
                let event = item.outcome.transition.event
                let view = item.view ?? event.flatMap { views[$0] } ?? JSONObject()
                lines += report.line(item.outcome, view)
            }
            if !lines.isEmpty { try await writer.write(lines) }
        }
    }
}
