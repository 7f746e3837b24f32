import Access
import Backtests
import EventLoop
import Events
import Jobs
import Kernel
import Market
import Signals
import Signing
import TokenMetrics

/// Candles in, grades and signals out, on one worker.
struct SignalRooms {
    let operations: [Operation]
    let jobs: [Job]
    private let writer: CandleWriter
    private let analyst: Analyst

    init(_ shared: NodeShared, ledger: Ledger, sender: ExchangeSender, reactor: Reactor) {
        let database = ledger.database
        let analyst = Analyst(
            ledger: ledger, reactor: reactor, models: shared.settings.gradeModels,
            supplied: MarketRooms.supplied, rest: shared.backlogRest)
        let writer = CandleWriter(ledger: ledger) { candles, change in
            let pushed = candles.map {
                PushedCandle(series: $0.series, closedAt: $0.closedAt, close: $0.close)
            }
            try await PushedPrices.take(pushed, change)
        }
        analyst.onFailure = { [log = shared.log] error in
            log.warning("a series could not be analysed", ["error": .text("\(error)")])
        }
        operations =
            TokenEndpoints(ledger: ledger).operations + CandleEndpoints(database: database).operations
            + UploadEndpoints(writer: writer, analyst: analyst, reactor: reactor, clock: shared.clock)
            .operations
            + IndicatorEndpoints(database: database).operations
            + GradeEndpoints(database: database, told: shared.settings.gradeModels.told).operations
            + LevelEndpoints(database: database).operations
            + SignalEndpoints(database: database, told: shared.settings.gradeModels.told).operations
            + CandleFeedEndpoints(ledger: ledger).operations
            + MarketRooms.operations(ledger: ledger, told: shared.settings.gradeModels.told)
            + BacktestEndpoints(ledger: ledger).operations
            + TokenMetricsEndpoints(database: database, told: shared.settings.gradeModels.told).operations
        jobs =
            SignalJobs(ledger: ledger, analyst: analyst).jobs + [
                FeedPuller(ledger: ledger, analyst: analyst, line: sender.klineLine()).job
            ] + MarketRooms.jobs(ledger: ledger, told: shared.settings.gradeModels.told)
            + BacktestRunner(
                ledger: ledger, offLoop: shared.offLoop, rights: PrincipalRights.reader(shared.clock)
            ).jobs
        (self.writer, self.analyst) = (writer, analyst)
    }

    /// Calls others when there is much to do here, and helps them when there is nothing.
    func share(by notifier: Notifier, _ feed: EventFeed) {
        analyst.onBacklog = { [notifier] in notifier.noteBacklog() }
        feed.onBacklog = { [weak analyst] in analyst?.callForHelp() }
    }

    func start(on worker: isolated Worker) {
        writer.start(on: worker)
        analyst.start(on: worker)
    }

    func stop() {
        writer.stop()
        analyst.stop()
    }
}
