import EventLoop
package import Events
import Exchanges
import JSON
import Kernel

/// Reads what exchanges list, when somebody trades there: without it, an order's numbers mean nothing.
package final class MarketFeed {
    /// Exchanges change steps and minimums rarely; new instruments are missed no longer than this.
    private static let staleAfter: Period = .minutes(15)
    /// A list that does not come is not asked, and waited for, by every request.
    private static let asksAgainAfter: Period = .seconds(10)
    /// Lists of thousands of instruments have some megabytes.
    private static let limits = JSONLimits(textBytes: ExchangeLine.answerBytesAtMost, members: 5_000_000)

    private let board: MarketBoard
    private let hosts: ExchangeHosts
    private let line: ExchangeLine
    private let clock: Clock
    private var loading: [MarketPlace: Promise<Void>] = [:]
    /// When those were asked to no avail, counted from the end: that may take long.
    private var missed: [MarketPlace: Timestamp] = [:]
    /// Nil before it is started: whoever asks waits.
    private var spawn: ((@escaping () async -> Void) -> Void)?
    let prices: PriceFeed

    package init(board: MarketBoard, hosts: ExchangeHosts, line: ExchangeLine, ledger: Ledger) {
        (self.board, self.hosts, self.line, clock) = (board, hosts, line, ledger.clock)
        prices = PriceFeed(board: board, hosts: hosts, line: line, book: PriceSourceBook(ledger: ledger))
    }

    func start(on worker: isolated Worker) {
        spawn = { body in worker.spawn(body) }
    }

    /// Reads a place that was never read, or not for long. A failure leaves what was there, and while that
    /// still counts nobody waits.
    nonisolated(nonsending) func refresh(_ place: MarketPlace) async {
        if isListed(place) { return }
        let stillCounts = board.isListed(place, at: clock.now())
        if let other = loading[place] {
            // What did not come lately is not waited for by whoever did not ask.
            if missed[place] == nil, !stillCounts { await other.get() }
            return
        }
        if let last = missed[place], (clock.now() - last).magnitude < Self.asksAgainAfter { return }
        let done = Promise<Void>()
        loading[place] = done
        if stillCounts, let spawn {
            spawn { await self.load(place, done) }
        } else {
            await load(place, done)
        }
    }

    private func isListed(_ place: MarketPlace) -> Bool {
        board.listedAt(place).map { (clock.now() - $0).magnitude < Self.staleAfter } ?? false
    }

    private nonisolated(nonsending) func load(_ place: MarketPlace, _ done: Promise<Void>) async {
        await load(place)
        (loading[place], missed[place]) = (nil, isListed(place) ? nil : clock.now())
        done.fulfil(())
    }

    private nonisolated(nonsending) func load(_ place: MarketPlace) async {
        let adapter = place.exchange.adapter
        guard let host = hosts.host(place.host, of: place.exchange, in: place.environment) else {
            // Where there is no such host, nothing is traded.
            return board.put([], at: place, clock.now())
        }
        var found: [Instrument] = []
        for list in adapter.instrumentLists where list.host == place.host {
            guard let value = await line.fetch(list, from: host, of: place, limits: Self.limits),
                let instruments = adapter.instruments(in: value, to: list)
            else { continue }
            found += instruments
        }
        if !found.isEmpty { board.put(found, at: place, clock.now()) }
    }
}
