package import EventLoop
import Exchanges
import JSON
package import Kernel

/// Asks exchanges for their time: before the first request to one, and then every half minute as long as
/// there are requests.
package final class ClockFeed {
    /// An exchange that does not tell its time is not asked, and waited for, by every request.
    private static let asksAgainAfter: Period = .seconds(10)
    /// An exchange that was not asked for anything that long is not asked for its time either.
    private static let restsAfter: Period = .minutes(10)

    private let clocks: ExchangeClocks
    private let hosts: ExchangeHosts
    private let line: ExchangeLine
    private let clock: Clock
    private let reactor: Reactor
    private var used: [ExchangeClocks.Place: Timestamp] = [:]
    private var asking: [ExchangeClocks.Place: Promise<Void>] = [:]
    /// When those were last asked that were not heard of yet.
    private var missed: [ExchangeClocks.Place: Timestamp] = [:]
    private var isStopping = false

    package init(
        clocks: ExchangeClocks, hosts: ExchangeHosts, line: ExchangeLine, clock: Clock, reactor: Reactor
    ) {
        (self.clocks, self.hosts, self.line, self.clock) = (clocks, hosts, line, clock)
        self.reactor = reactor
    }

    package func start(on worker: isolated Worker) {
        worker.spawn { await self.run() }
    }

    package func stop() { isStopping = true }

    /// Waits for a reading only where there is none, or none any more: an exchange that rested is not asked.
    nonisolated(nonsending) func know(_ place: ExchangeClocks.Place) async {
        let now = clock.now()
        used[place] = now
        if clocks.isKnown(place, at: now) { return }
        if let other = asking[place] { return await other.get() }
        if let last = missed[place], now - last < Self.asksAgainAfter { return }
        let done = Promise<Void>()
        (asking[place], missed[place]) = (done, now)
        await measure(place)
        asking[place] = nil
        done.fulfil(())
    }

    private func run() async {
        while !isStopping {
            await reactor.sleep(nanoseconds: 1_000_000_000)
            let now = clock.now()
            used = used.filter { now - $0.value < Self.restsAfter }
            for place in used.keys where !isStopping {
                guard let reading = clocks.reading(of: place), now - reading.at >= ExchangeClocks.staleAfter
                else { continue }
                await measure(place)
            }
        }
    }

    private nonisolated(nonsending) func measure(_ place: ExchangeClocks.Place) async {
        let draft = place.exchange.timeRequest
        guard let host = hosts.host(draft.host, of: place.exchange, in: place.environment) else { return }
        let asked = clock.now()
        let market = MarketPlace(place.exchange, place.environment, host: draft.host)
        guard let value = await line.fetch(draft, from: host, of: market),
            let told = place.exchange.time(in: value)
        else { return }
        clocks.note(told, between: asked, and: clock.now(), of: place)
    }
}
