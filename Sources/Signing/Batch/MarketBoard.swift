package import Exchanges
package import Kernel
import Synchronization

/// The instruments of a node, as they were last read: every worker writes and reads them.
package final class MarketBoard: Sendable {
    private struct Listed {
        /// One symbol may name two things: spot, and a contract on it.
        var bySymbol: [String: [Instrument]]
        var at: Timestamp
    }

    private struct State {
        var instruments: [MarketPlace: Listed] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    package func put(_ instruments: [Instrument], at place: MarketPlace, _ time: Timestamp) {
        let bySymbol = Dictionary(grouping: instruments, by: \.symbol)
        state.withLock { $0.instruments[place] = Listed(bySymbol: bySymbol, at: time) }
    }

    /// When the instruments of a place were last read; nil: never.
    package func listedAt(_ place: MarketPlace) -> Timestamp? {
        state.withLock { $0.instruments[place]?.at }
    }

    package func market(_ clocks: ExchangeClocks, _ clock: Clock) -> Market {
        Market { [self] place, orders in
            var view = Market.View()
            let time = ExchangeClocks.Place(place.exchange, place.environment)
            view.isClockUncertain = clocks.isUncertain(time, at: clock.now())
            state.withLock { state in
                for order in orders {
                    guard let symbol = order.symbol else { continue }
                    let listed = state.instruments[place]?.bySymbol[symbol] ?? []
                    view.instruments[symbol] = listed.first { $0.fits(order.instrument) }
                }
            }
            return view
        }
    }
}
