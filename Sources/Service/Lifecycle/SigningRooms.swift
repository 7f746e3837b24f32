import Access
import EventLoop
import Events
import Keys
import Signing

/// Keys in use on one worker: policies, signatures, requests sent for bots, and the record of it.
final class SigningRooms {
    let operations: [Operation]
    private let batcher: UseBatcher
    private let outcomes: OutcomeBook

    init(_ shared: NodeShared, ledger: Ledger, book: KeyBook, reactor: Reactor) {
        let market = shared.market.market
        batcher = UseBatcher(
            ledger: ledger, book: book, market: market, turn: shared.batchTurn, reactor: reactor)
        outcomes = OutcomeBook(ledger: ledger, reactor: reactor)
        let settings = shared.settings
        let hosts = ExchangeHosts { settings.standIn($0, $1, $2) }
        let history = UsageHistory(keys: book, database: ledger.database, market: market)
        operations =
            SignEndpoints(
                batcher: batcher, hosts: hosts, clocks: shared.exchangeClocks, entropy: shared.entropy
            ).operations
            + ProxyEndpoints(
                batcher: batcher, hosts: hosts, clocks: shared.exchangeClocks,
                line: ExchangeSender(shared, reactor: reactor).line(), outcomes: outcomes,
                turns: shared.keyTurns, entropy: shared.entropy
            ).operations
            + PolicyEndpoints(book: PolicyBook(ledger: ledger, keys: book), history: history).operations
    }

    func start(on worker: isolated Worker) {
        batcher.start(on: worker)
        outcomes.start(on: worker)
    }

    func stop() {
        batcher.stop()
        outcomes.stop()
    }

    /// The seal was closed.
    func forgetSecrets() { batcher.forgetSecrets() }
}
