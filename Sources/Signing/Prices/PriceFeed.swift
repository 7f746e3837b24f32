import Access
import EventLoop
import Events
import Exchanges
import JSON
import Kernel
import Postgres

/// Finds prices for policies, when somebody opens an order whose policies ask for one: of the exchange
/// itself, by its public tickers, and else of series that were marked as sources. Never otherwise.
final class PriceFeed {
    /// Younger ones are not read again.
    static let freshFor: Period = .seconds(5)
    /// Nothing is read more often, however it went.
    private static let pause: Period = .seconds(1)
    /// What series say is not asked of the database more often: who writes them may lose the right to.
    private static let pushedFor: Period = .seconds(2)
    /// After longer than this a price of an exchange is no step from the one before: nobody has looked.
    private static let stepWithin: Period = .hours(1)
    private static let remembered = 1_000

    private struct Source: Hashable {
        let place: MarketPlace
        let traded: MarketBoard.Traded
    }

    private let board: MarketBoard
    private let hosts: ExchangeHosts
    private let line: ExchangeLine
    private let book: PriceSourceBook
    private var clock: Clock { book.ledger.clock }
    private var pulling: [Source: Promise<Void>] = [:]
    private var pulled: RecentlyUsed<Source, Timestamp> = RecentlyUsed(capacity: remembered)
    private var asked: RecentlyUsed<String, Timestamp> = RecentlyUsed(capacity: remembered)

    init(board: MarketBoard, hosts: ExchangeHosts, line: ExchangeLine, book: PriceSourceBook) {
        (self.board, self.hosts, self.line, self.book) = (board, hosts, line, book)
    }

    /// Reads what is not fresh. A failure leaves what was there, which grows old.
    nonisolated(nonsending) func refresh(
        _ place: MarketPlace, _ needs: PriceNeeds, _ instruments: [String: Instrument]
    ) async {
        var tokens: Set<String> = []
        for symbol in needs.symbols.sorted() {
            guard let instrument = instruments[symbol] else { continue }
            if await !know(instrument, at: place), PolicyPrice.isDollar(instrument.quote) {
                tokens.insert(instrument.base)
            }
        }
        for currency in needs.currencies.sorted() {
            if let own = board.dollars(of: currency, at: place), await know(own, at: place) { continue }
            tokens.insert(currency)
        }
        await askSeries(of: tokens)
    }

    /// Whether its exchange told a price that still counts.
    private nonisolated(nonsending) func know(
        _ instrument: Instrument, at place: MarketPlace
    ) async -> Bool {
        if let price = board.price(of: instrument, at: place), clock.now() - price.at < Self.freshFor {
            return true
        }
        await pull(instrument, at: place)
        return board.price(of: instrument, at: place)?.isFresh(at: clock.now()) == true
    }

    /// One at a time of each.
    private nonisolated(nonsending) func pull(_ instrument: Instrument, at place: MarketPlace) async {
        let source = Source(place: place, traded: MarketBoard.Traded(instrument))
        if let other = pulling[source] { return await other.get() }
        let now = clock.now()
        if let last = pulled.use(source), now - last < Self.pause { return }
        let done = Promise<Void>()
        pulling[source] = done
        pulled.set(source, now)
        await load(instrument, at: place)
        pulling[source] = nil
        done.fulfil(())
    }

    private nonisolated(nonsending) func load(_ instrument: Instrument, at place: MarketPlace) async {
        let adapter = place.exchange.adapter
        guard let draft = adapter.ticker(of: instrument),
            let host = hosts.host(place.host, of: place.exchange, in: place.environment)
        else { return }
        let asked = clock.now()
        guard let answer = await line.fetch(draft, from: host, of: place),
            let value = adapter.price(in: answer, of: instrument)
        else { return }
        let price = PolicyPrice(value, at: asked, source: place.name(of: instrument))
        if let last = board.price(of: instrument, at: place), asked - last.at <= Self.stepWithin {
            let step = PriceStep(from: last.value, to: value)
            // What could not be suspended is not used either.
            if step.isTooLarge, await !suspend(instrument, at: place, step, since: last.at) { return }
        }
        board.put(price, of: instrument, at: place)
    }

    private nonisolated(nonsending) func suspend(
        _ instrument: Instrument, at place: MarketPlace, _ step: PriceStep, since: Timestamp
    ) async -> Bool {
        do {
            try await book.suspend(instrument, at: place, step, since: since)
            return true
        } catch {
            return false
        }
    }

    private nonisolated(nonsending) func askSeries(of tokens: Set<String>) async {
        let now = clock.now()
        let due = tokens.filter { token in asked.use(token).map { now - $0 >= Self.pushedFor } ?? true }
        guard !due.isEmpty else { return }
        for token in due { asked.set(token, now) }
        guard
            let found = try? await PushedPrices.read(
                of: due.sorted(), at: now, in: book.ledger.database.vital)
        else { return }
        board.put(pushed: found, instead: due)
    }
}

extension MarketPlace {
    /// Of a source that is pulled here: its name in the list, and in reasons. One for all names that orders
    /// may use.
    func name(of instrument: Instrument) -> String {
        let kind = instrument.kind == .spot ? "" : " \(instrument.kind.rawValue)"
        let symbol = exchange == .kraken ? instrument.pair : instrument.symbol
        return "\(exchange.rawValue) \(environment.rawValue) \(host)\(kind) \(symbol)"
    }
}
