package import Exchanges
package import Kernel

/// What a node knows of its exchanges just now, for `GET /v1/exchanges` and metrics.
package struct ExchangeStates: Sendable {
    private let clocks: ExchangeClocks
    private let weights: WeightBook
    private let clock: Clock

    package init(clocks: ExchangeClocks, weights: WeightBook, clock: Clock) {
        (self.clocks, self.weights, self.clock) = (clocks, weights, clock)
    }

    package func state(of exchange: ExchangeName) -> ExchangeState {
        all.filter { $0.key == exchange }.first?.value ?? ExchangeState()
    }

    /// Those that anything is known of.
    package var all: [ExchangeName: ExchangeState] {
        var all: [ExchangeName: ExchangeState] = [:]
        let now = clock.now()
        for (place, reading) in clocks.all {
            all[place.exchange, default: ExchangeState()].clocks.append(
                ExchangeState.Clock(
                    place.environment, offset: reading.offset, uncertainty: reading.uncertainty,
                    age: now - reading.at))
        }
        for line in weights.lines(at: theirTime) {
            all[line.place.exchange, default: ExchangeState()].weights.append(
                ExchangeState.Weight(
                    line.place.environment, host: line.place.host, address: line.address,
                    budget: line.budget, used: line.used, limit: line.limit))
        }
        for ban in weights.bans(at: theirTime) {
            all[ban.place.exchange, default: ExchangeState()].bans.append(
                ExchangeState.Ban(
                    ban.place.environment, host: ban.place.host, address: ban.address, left: ban.left))
        }
        for name in all.keys {
            all[name]?.clocks.sort { $0.environment.rawValue < $1.environment.rawValue }
            all[name]?.bans.sort { ($0.host, $0.address) < ($1.host, $1.address) }
        }
        return all
    }

    private func theirTime(_ place: MarketPlace) -> Timestamp {
        clocks.now(at: .init(place.exchange, place.environment), is: clock.now())
    }
}
