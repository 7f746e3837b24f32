package import Exchanges
import Kernel
import Synchronization

/// The instruments and prices of a node, as they were last read: written by jobs, read by every worker.
package final class MarketBoard: Sendable {
    package struct Place: Hashable, Sendable {
        let exchange: ExchangeName
        let environment: Environment
        let host: String

        package init(_ exchange: ExchangeName, _ environment: Environment, host: String) {
            (self.exchange, self.environment, self.host) = (exchange, environment, host)
        }
    }

    private struct State {
        var instruments: [Place: [String: Instrument]] = [:]
        var prices: [Place: [String: PolicyPrice]] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    package func put(_ instruments: [Instrument], at place: Place) {
        let named = Dictionary(instruments.map { ($0.symbol, $0) }, uniquingKeysWith: { first, _ in first })
        state.withLock { $0.instruments[place] = named }
    }

    package func put(_ prices: [String: PolicyPrice], at place: Place) {
        state.withLock { $0.prices[place] = prices }
    }

    package func instruments(at place: Place) -> [Instrument]? {
        state.withLock { $0.instruments[place].map { Array($0.values) } }
    }

    package var market: Market {
        Market { [self] exchange, environment, host, symbols in
            let place = Place(exchange, environment, host: host)
            var view = Market.View()
            state.withLock { state in
                for symbol in symbols {
                    if let instrument = state.instruments[place]?[symbol] {
                        view.instruments[symbol] = instrument
                    }
                }
                view.prices = state.prices[place] ?? [:]
            }
            return view
        }
    }
}
