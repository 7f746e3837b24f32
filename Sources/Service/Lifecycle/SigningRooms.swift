import Access
import Crypto
import EventLoop
import Events
import Jobs
import Keys
import Postgres
import Signing

/// Keys in use on one worker: policies, signatures, requests sent for bots, and the record of it.
final class SigningRooms {
    let operations: [Operation]
    let jobs: [Job]
    private let batcher: UseBatcher
    private let outcomes: OutcomeBook
    private let times: ClockFeed
    private let lines: LineKeeper
    private let reports: ReportWriter
    let door: AwayDoor
    private let keeper: AwayKeeper?

    init(
        _ shared: NodeShared, ledger: Ledger, book: KeyBook, sender: ExchangeSender,
        approvals: UseApprovals, isLead: Bool, reactor: Reactor
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
        lines = LineKeeper(hosts: hosts, line: line, clock: shared.clock, reactor: reactor)
        batcher = UseBatcher(
            ledger: ledger, book: book, market: market, feed: feed, times: times, turn: shared.batchTurn,
            reactor: reactor)
        batcher.onGivenUp = { [outcomes] use in outcomes.noteUnsent(use) }
        door = AwayDoor(
            shared.away,
            proxy: ProxyEndpoints(
                batcher: batcher, hosts: hosts, clocks: shared.exchangeClocks, line: line, keeper: lines,
                outcomes: outcomes, weights: shared.weights, entropy: shared.entropy, away: shared.away),
            batcher: batcher, offLoop: shared.offLoop, turns: shared.awayTurns,
            reactor: reactor)
        ledger.onAuthority { [away = shared.away] epoch in away.noticed(epoch: epoch) }
        keeper = isLead ? Self.keeper(shared, ledger, book, reactor) : nil
        let history = UsageHistory(
            keys: book, database: ledger.database, market: market, feed: feed)
        operations =
            SignEndpoints(
                batcher: batcher, hosts: hosts, clocks: shared.exchangeClocks, entropy: shared.entropy
            ).operations
            + ProxyEndpoints(
                batcher: batcher, hosts: hosts, clocks: shared.exchangeClocks,
                line: line, keeper: lines, outcomes: outcomes,
                weights: shared.weights, entropy: shared.entropy, approvals: approvals
            ).operations
            + PriceSourceEndpoints(ledger: ledger).operations
            + UsageEndpoints(database: ledger.database, writer: reports).operations
            + PolicyEndpoints(book: PolicyBook(ledger: ledger, keys: book), history: history).operations
    }

    /// Once for all workers of a node.
    private static func keeper(
        _ shared: NodeShared, _ ledger: Ledger, _ book: KeyBook, _ reactor: Reactor
    ) -> AwayKeeper {
        AwayKeeper(
            shared.away,
            database: Database(
                shared.database, settings: shared.databaseSettings, size: shared.databaseSize,
                reactor: reactor, offLoop: shared.offLoop, entropy: shared.entropy,
                use: shared.databaseUse),
            ledger: ledger, book: book, node: shared.id, folder: AwayFolder(in: shared.settings.dataFolder),
            isUnsealed: { shared.seal.isOpen }, offLoop: shared.offLoop, reactor: reactor, log: shared.log)
    }

    func start(on worker: isolated Worker) {
        keeper?.start(on: worker)
        batcher.start(on: worker)
        outcomes.start(on: worker)
        times.start(on: worker)
        lines.start(on: worker)
        reports.start(on: worker)
    }

    func stop() {
        keeper?.stop()
        batcher.stop()
        outcomes.stop()
        times.stop()
        lines.stop()
        reports.stop()
    }

    /// The seal was closed.
    func forgetSecrets() { batcher.forgetSecrets() }
}
