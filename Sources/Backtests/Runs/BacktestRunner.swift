package import Access
package import EventLoop
package import Events
package import Jobs
import JSON
import Kernel
import Postgres
import Signals

/// Runs what waits, one after the other, on the node that has the job's lease. A run that was cut short (its
/// node lost, or told to stop) begins again from its request: the candles are as they were known then, so
/// it comes to the same.
package struct BacktestRunner {
    private let ledger: Ledger
    private let offLoop: OffLoop
    private let archive: CandleArchive
    private let draws: BacktestDraws
    private let rights: RightsReader

    /// - Parameter rights: what authors may do now.
    package init(
        ledger: Ledger, offLoop: OffLoop, rights: RightsReader, draws: BacktestDraws = BacktestDraws()
    ) {
        (self.ledger, self.offLoop, self.rights, self.draws) = (ledger, offLoop, rights, draws)
        archive = CandleArchive(database: ledger.database)
    }

    package var jobs: [Job] {
        [
            Job(
                "backtests", "Runs the backtests that wait.", every: .seconds(5), timeout: .minutes(30)
            ) { run in
                var count = 0
                while !run.isOver, let backtest = try await BacktestStore.next(in: ledger.database) {
                    try await carryOut(backtest, run)
                    count += 1
                }
                var result = JSONObject()
                _ = result.append("backtests", .number(JSONNumber(count)))
                return result
            }
        ]
    }

    /// Somebody cancelled or deleted it, or the run has to end.
    private struct Interrupted: Error {}

    private nonisolated(nonsending) func carryOut(_ waiting: Backtest, _ run: JobRun) async throws {
        var backtest = waiting
        backtest.startedAt = waiting.startedAt ?? ledger.clock.now()
        guard let attempt = try await begin(backtest, run) else { return }
        guard attempt <= Backtest.mostAttempts else {
            let why = "it was begun \(Backtest.mostAttempts) times, and cut short each time"
            return try await end(backtest, .failed(why), run)
        }
        guard try await mayRun(backtest) else {
            return try await end(
                backtest, .failed("whoever asked for it may not run backtests any more"), run)
        }
        let ending: Ending
        do {
            var fields = try Fields(backtest.request)
            let request = try BacktestRequest(&fields)
            let report = try await measure(request, backtest, run)
            let made = try await offLoop.run { report.rendered }
            ending = .finished(report, made.report, chart: made.chart)
        } catch is Interrupted {
            if run.isCalledOff { try await BacktestStore.giveBack(backtest.id, in: ledger.database) }
            return
        } catch let failure as RuleFailure {
            ending = .failed(failure.message)
        } catch let mistakes as FieldErrors {
            // It was checked when it was asked for: an older release knew other rules.
            ending = .failed(mistakes.errors.first?.message ?? "cannot be read any more")
        }
        try await end(backtest, ending, run)
    }

    /// Rights may have been taken away while it waited.
    private nonisolated(nonsending) func mayRun(_ backtest: Backtest) async throws -> Bool {
        guard let author = PrincipalID(backtest.author) else { return false }
        let found = try await rights.rights(of: [author], in: ledger.database)
        return found[author]?.somewhere.contains(.backtestsWrite) ?? false
    }

    private nonisolated(nonsending) func measure(
        _ request: BacktestRequest, _ backtest: Backtest, _ run: JobRun
    ) async throws -> BacktestReport {
        let series = try await archive.series(
            request.source, request.interval, tokens: request.tokens, asOf: backtest.knownAt,
            limit: BacktestRequest.mostTokens)
        let drawing = draws.steps
        var progress = Progress(backtest: backtest.id, run: run, steps: series.count + drawing)
        var market: [Candle] = []
        let marketSeries = try await archive.market(
            request.source, request.interval, asOf: backtest.knownAt)
        if let marketSeries { market = try await candles(marketSeries, request, backtest) }
        // A gate that ends early would go on as it stood then, and nobody would see it.
        guard market.count <= BacktestRequest.mostCandles else {
            throw RuleFailure(
                message: "the market's own series has more than \(BacktestRequest.mostCandles) candles at "
                    + "\(request.interval.rawValue): end earlier, or take a longer interval")
        }
        let gate = MarketGate(request.interval, market)
        var work = BacktestWork(request, market: market, gate: gate)
        for one in series {
            try await advance(&progress)
            let candles = try await candles(one, request, backtest)
            let bars = TokenBars(one.symbol, one.interval, candles, cutsAtGap: request.cutsAtGap)
            let before = work
            work = try await offLoop.run {
                var next = before
                try next.take(bars)
                return next
            }
        }
        if let failure = work.failure { throw failure }
        var luck = work.luck(draws)
        for _ in 0..<drawing {
            try await advance(&progress)
            let before = luck
            luck = try await offLoop.run {
                var next = before
                next.drawStep()
                return next
            }
        }
        return work.report(luck)
    }

    private struct Progress {
        let backtest: BacktestID
        let run: JobRun
        let steps: Int
        var done = 0
    }

    private nonisolated(nonsending) func advance(_ progress: inout Progress) async throws {
        let isWanted = try await BacktestStore.advance(
            progress.backtest, progress.done, of: progress.steps, in: ledger.database)
        guard isWanted, !progress.run.isOver else { throw Interrupted() }
        progress.done += 1
    }

    /// From the first candle on, whatever `from` says: indicators remember all of them.
    private nonisolated(nonsending) func candles(
        _ series: CandleArchive.Series, _ request: BacktestRequest, _ backtest: Backtest
    ) async throws -> [Candle] {
        var candles: [Candle] = []
        while true {
            let from = candles.last.map { $0.openTime + request.interval.period }
            let page = try await archive.page(series, from: from, to: request.to, asOf: backtest.knownAt)
            candles += page
            if page.count < CandleArchive.pageSize || candles.count > BacktestRequest.mostCandles { break }
        }
        return candles
    }
}

// MARK: What is kept and told

extension BacktestRunner {
    private enum Ending {
        case finished(BacktestReport, [UInt8], chart: [UInt8])
        case failed(String)
    }

    /// How often it was taken up, this time included; nil where it is over. Only the first time is told.
    private nonisolated(nonsending) func begin(_ backtest: Backtest, _ run: JobRun) async throws -> Int? {
        let context = now(run)
        return try await ledger.change(context) { change in
            let attempt = try await BacktestStore.begin(backtest.id, at: context.now, in: change.transaction)
            if attempt == 1 { change.emit(backtest.told(.backtestStarted)) }
            return attempt
        }
    }

    private nonisolated(nonsending) func end(
        _ backtest: Backtest, _ ending: Ending, _ run: JobRun
    ) async throws {
        let context = now(run)
        try await ledger.change(context) { change in
            switch ending {
            case .failed(let why):
                let variants = try await BacktestStore.end(
                    backtest.id, .failed, at: context.now, error: why, in: change.transaction)
                guard variants != nil else { return }
                change.emit(backtest.told(.backtestFailed) { _ = $0.append("error", .string(why)) })
            case .finished(let report, let bytes, let chart):
                let variants = try await BacktestStore.end(
                    backtest.id, .succeeded, at: context.now, report: bytes, chart: chart,
                    in: change.transaction)
                guard let variants else { return }
                let since = backtest.startedAt ?? context.now
                change.emit(
                    backtest.told(.backtestFinished) {
                        report.tell(&$0, seconds: max((context.now - since).seconds, 0), variants)
                    })
            }
        }
    }

    private func now(_ run: JobRun) -> Context {
        var context = run.context
        context.now = ledger.clock.now()
        return context
    }
}
