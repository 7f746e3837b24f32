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
    /// When those were asked to no avail, counted from the end: that may take long.
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
    /// - Parameter waits: otherwise it is left to the next look.
    nonisolated(nonsending) func know(_ place: ExchangeClocks.Place, waits: Bool) async {
        let now = clock.now()
        used[place] = now
        if !waits || clocks.isKnown(place, at: now) { return }
        if let other = asking[place] {
            // Who was not heard lately is not waited for by whoever did not ask.
            if missed[place] == nil { await other.get() }
            return
        }
        if isMissed(place, at: now) { return }
        await ask(place)
    }

    private func isMissed(_ place: ExchangeClocks.Place, at now: Timestamp) -> Bool {
        missed[place].map { (now - $0).magnitude < Self.asksAgainAfter } ?? false
    }

    private nonisolated(nonsending) func ask(_ place: ExchangeClocks.Place) async {
        let (done, began) = (Promise<Void>(), clock.now())
        asking[place] = done
        await measure(place)
        let isHeard = clocks.reading(of: place).map { $0.at >= began } ?? false
        (asking[place], missed[place]) = (nil, isHeard ? nil : clock.now())
        done.fulfil(())
    }

    private func run() async {
        while !isStopping {
            await reactor.sleep(nanoseconds: 1_000_000_000)
            let now = clock.now()
            used = used.filter { now - $0.value < Self.restsAfter }
            for place in used.keys where !isStopping && isDue(place, at: now) { await ask(place) }
        }
    }

    /// What was never heard of has only been used by cancels, or does not tell.
    private func isDue(_ place: ExchangeClocks.Place, at now: Timestamp) -> Bool {
        if asking[place] != nil { return false }
        guard let age = clocks.reading(of: place)?.age(at: now) else { return !isMissed(place, at: now) }
        return age >= ExchangeClocks.staleAfter
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
