import Access
import EventLoop
import Events
import Jobs
import Keys
import Signing

/// Keys in use on one worker: policies, signatures, requests sent for bots, and the record of it.
final class SigningRooms {
    let operations: [Operation]
    let jobs: [Job]
    private let batcher: UseBatcher
    private let outcomes: OutcomeBook
    private let times: ClockFeed
    private let reports: ReportWriter

    init(
        _ shared: NodeShared, ledger: Ledger, book: KeyBook, sender: ExchangeSender, reactor: Reactor
    ) {
        let market = shared.market.market(shared.exchangeClocks, shared.clock)
        outcomes = OutcomeBook(ledger: ledger, reactor: reactor)
        reports = ReportWriter(ledger: ledger, reactor: reactor)
        jobs = UsageJobs(ledger: ledger).jobs
        let settings = shared.settings
        let hosts = ExchangeHosts { settings.standIn($0, $1, $2) }
        let line = sender.line()
        let feed = MarketFeed(board: shared.market, hosts: hosts, line: line, ledger: ledger)
        times = ClockFeed(
            clocks: shared.exchangeClocks, hosts: hosts, line: line, clock: shared.clock, reactor: reactor)
        batcher = UseBatcher(
            ledger: ledger, book: book, market: market, feed: feed, times: times, turn: shared.batchTurn,
            reactor: reactor)
        let history = UsageHistory(keys: book, database: ledger.database, market: market)
        operations =
            SignEndpoints(
                batcher: batcher, hosts: hosts, clocks: shared.exchangeClocks, entropy: shared.entropy
            ).operations
            + ProxyEndpoints(
                batcher: batcher, hosts: hosts, clocks: shared.exchangeClocks,
                line: line, outcomes: outcomes,
                turns: shared.keyTurns, entropy: shared.entropy
            ).operations
            + PriceSourceEndpoints(ledger: ledger).operations
            + UsageEndpoints(database: ledger.database, writer: reports).operations
            + PolicyEndpoints(book: PolicyBook(ledger: ledger, keys: book), history: history).operations
    }

    func start(on worker: isolated Worker) {
        batcher.start(on: worker)
        outcomes.start(on: worker)
        times.start(on: worker)
        reports.start(on: worker)
    }

    func stop() {
        batcher.stop()
        outcomes.stop()
        times.stop()
        reports.stop()
    }

    /// The seal was closed.
    func forgetSecrets() { batcher.forgetSecrets() }
}
