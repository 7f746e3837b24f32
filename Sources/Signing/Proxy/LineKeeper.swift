package import EventLoop
import Exchanges
package import Kernel

/// Keeps one connection to every host in use proven, so that an order need not wait for a handshake: where
/// nothing was answered for a while, it asks what anybody may ask. See
/// Docs/decisions/0009-once-means-one-permission.md.
package final class LineKeeper {
    /// Hosts that no bot used for that long are left alone.
    private static let restsAfter: Period = .minutes(10)
    /// With the second between two looks, well below `HTTPClient.Settings.provenFor`.
    private static let quietFor: Period = .seconds(2)
    /// After anything but the answer: an exchange that says to slow down must not be asked on.
    private static let pausesFor: Period = .seconds(60)

    struct Place: Hashable, Sendable {
        let market: MarketPlace
        /// The address of ours that it leaves from.
        var source: IPAddress?
    }

    private struct Host {
        var usedAt: Timestamp
        var quietSince: Timestamp
    }

    private let hosts: ExchangeHosts
    private let line: ExchangeLine
    private let clock: Clock
    private let reactor: Reactor
    private var kept: [Place: Host] = [:]
    private var spawn: ((@escaping () async -> Void) -> Void)?
    private var isStopping = false

    package init(hosts: ExchangeHosts, line: ExchangeLine, clock: Clock, reactor: Reactor) {
        (self.hosts, self.line, self.clock, self.reactor) = (hosts, line, clock, reactor)
    }

    package func start(on worker: isolated Worker) {
        spawn = { body in worker.spawn(body) }
        worker.spawn { await self.run() }
    }

    package func stop() { isStopping = true }

    /// A bot's request was answered there.
    func note(_ place: Place, status: Int) {
        let now = clock.now()
        kept[place] = Host(usedAt: now, quietSince: Self.isCalm(status) ? now : now + Self.pausesFor)
    }

    private func run() async {
        while !isStopping {
            await reactor.sleep(nanoseconds: 1_000_000_000)
            look()
        }
        spawn = nil
    }

    /// Asks where it has become quiet.
    func look() {
        let now = clock.now()
        kept = kept.filter { now - $0.value.usedAt < Self.restsAfter }
        for (place, host) in kept where now - host.quietSince >= Self.quietFor && !isStopping {
            // One that hangs holds up no other, and is not asked again meanwhile.
            kept[place]?.quietSince = now + Self.pausesFor
            spawn? { await self.ping(place) }
        }
    }

    private nonisolated(nonsending) func ping(_ place: Place) async {
        let market = place.market
        guard let draft = market.exchange.ping(on: market.host),
            let host = hosts.host(market.host, of: market.exchange, in: market.environment)
        else { return }
        let isAnswered = await line.fetch(draft, from: host, of: market, source: place.source) != nil
        let now = clock.now()
        kept[place]?.quietSince = isAnswered ? now : now + Self.pausesFor
    }

    /// Not one of those by which exchanges and what stands before them say that somebody asks too much.
    private static func isCalm(_ status: Int) -> Bool { ![403, 418, 429].contains(status) && status < 500 }
}
