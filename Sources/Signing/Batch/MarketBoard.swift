package import Exchanges
package import Kernel
import Synchronization

/// The instruments and prices of a node, as they were last read: every worker writes and reads them.
package final class MarketBoard: Sendable {
    /// An older list may lack what is traded since.
    fileprivate static let listedFor: Period = .minutes(30)
    /// Prices at one host that are kept; beyond, the oldest gives way.
    static let pricesAtMost = 500

    /// One symbol may name two things: spot, and a contract on it. And on spot a pair may be listed under
    /// several symbols, of which none may have a price of its own.
    struct Traded: Hashable, Sendable {
        let kind: OrderIntent.Instrument
        let symbol: String

        init(_ instrument: Instrument) {
            kind = instrument.kind
            symbol = kind == .spot ? instrument.pair : instrument.symbol
        }
    }

    fileprivate struct Listed {
        var bySymbol: [String: [Instrument]]
        /// What tells a currency's price in dollars.
        var dollarsOf: [String: Instrument]
        var at: Timestamp
    }

    fileprivate struct State {
        var instruments: [MarketPlace: Listed] = [:]
        var pulled: [MarketPlace: [Traded: PolicyPrice]] = [:]
        /// By the tickers of tokens, in dollars.
        var pushed: [String: PolicyPrice] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    package func put(_ instruments: [Instrument], at place: MarketPlace, _ time: Timestamp) {
        var bySymbol: [String: [Instrument]] = [:]
        for instrument in instruments {
            for name in instrument.names { bySymbol[name, default: []].append(instrument) }
        }
        let listed = Listed(bySymbol: bySymbol, dollarsOf: Self.dollarsOf(instruments), at: time)
        state.withLock { $0.instruments[place] = listed }
    }

    /// Spot before contracts, and one dollar before the other.
    private static func dollarsOf(_ instruments: [Instrument]) -> [String: Instrument] {
        let kinds: [OrderIntent.Instrument] = [.spot, .linear, .inverse]
        let ranked = instruments.compactMap { instrument -> (instrument: Instrument, rank: Int)? in
            guard let dollar = PolicyPrice.dollars.firstIndex(of: instrument.quote),
                let kind = kinds.firstIndex(of: instrument.kind)
            else { return nil }
            return (instrument, kind * PolicyPrice.dollars.count + dollar)
        }
        return Dictionary(ranked.map { ($0.instrument.base, $0) }) { a, b in
            (b.rank, b.instrument.symbol.count, b.instrument.symbol)
                < (a.rank, a.instrument.symbol.count, a.instrument.symbol) ? b : a
        }.mapValues(\.instrument)
    }

    /// When the instruments of a place were last read; nil: never.
    package func listedAt(_ place: MarketPlace) -> Timestamp? {
        state.withLock { $0.instruments[place]?.at }
    }

    /// Whether what was read of a place still counts.
    func isListed(_ place: MarketPlace, at now: Timestamp) -> Bool {
        state.withLock { $0.isListed(place, at: now) }
    }

    package func market(_ clocks: ExchangeClocks, _ clock: Clock) -> Market {
        Market { [self] place, orders in
            var view = Market.View()
            let now = clock.now()
            view.isClockUncertain = clocks.isUncertain(
                ExchangeClocks.Place(place.exchange, place.environment), at: now)
            state.withLock { state in
                view.isListed = state.isListed(place, at: now)
                for order in orders {
                    guard let symbol = order.symbol else { continue }
                    let listed = state.instruments[place]?.bySymbol[symbol] ?? []
                    guard let instrument = listed.first(where: { $0.fits(order.instrument) }) else {
                        continue
                    }
                    view.instruments[symbol] = instrument
                    state.addPrices(of: instrument, under: symbol, at: place, to: &view, now)
                }
            }
            return view
        }
    }
}

// MARK: Prices

extension MarketBoard {
    func price(of instrument: Instrument, at place: MarketPlace) -> PolicyPrice? {
        state.withLock { $0.pulled[place]?[Traded(instrument)] }
    }

    func put(_ price: PolicyPrice, of instrument: Instrument, at place: MarketPlace) {
        state.withLock { state in
            state.pulled[place, default: [:]][Traded(instrument)] = price
            guard let all = state.pulled[place], all.count > Self.pricesAtMost,
                let oldest = all.min(by: { $0.value.at < $1.value.at })?.key
            else { return }
            state.pulled[place]?[oldest] = nil
        }
    }

    /// - Parameter asked: tickers of tokens, of which those without a price have none now.
    func put(pushed prices: [String: PolicyPrice], instead asked: some Sequence<String>) {
        state.withLock { state in for token in asked { state.pushed[token] = prices[token] } }
    }

    /// What tells a currency's price at an exchange itself.
    func dollars(of currency: String, at place: MarketPlace) -> Instrument? {
        state.withLock { $0.instruments[place]?.dollarsOf[currency] }
    }
}

extension Instrument {
    /// `BTC/USDT`.
    var pair: String { "\(base)/\(quote)" }
}

extension MarketBoard.State {
    fileprivate func isListed(_ place: MarketPlace, at now: Timestamp) -> Bool {
        instruments[place].map { (now - $0.at).magnitude < MarketBoard.listedFor } ?? false
    }

    fileprivate func addPrices(
        of instrument: Instrument, under symbol: String, at place: MarketPlace, to view: inout Market.View,
        _ now: Timestamp
    ) {
        if pulled[place] == nil, pushed.isEmpty { return }
        view.prices[symbol] = price(of: instrument, at: place, now)
        if PolicyPrice.isDollar(instrument.quote) { return }
        let currency = instrument.quote
        let dollars = instruments[place]?.dollarsOf[currency]
        view.prices[PolicyPrice.name(of: currency)] =
            dollars.map { price(of: $0, at: place, now) } ?? pushed[currency]
    }

    /// The order's own exchange is asked before a series that somebody pushes.
    private func price(of instrument: Instrument, at place: MarketPlace, _ now: Timestamp) -> PolicyPrice? {
        if let own = pulled[place]?[MarketBoard.Traded(instrument)], own.isFresh(at: now) { return own }
        guard PolicyPrice.isDollar(instrument.quote), var series = pushed[instrument.base] else { return nil }
        series.instead = place.name(of: instrument)
        return series
    }
}
