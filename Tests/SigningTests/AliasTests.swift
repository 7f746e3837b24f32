import Exchanges
import JSON
import Kernel
import Testing

@testable import Signing

/// One pair of Kraken has three names, and what a policy says of it holds for each.
@Suite struct AliasTests {
    private static let names = ["XXBTZUSD", "XBTUSD", "XBT/USD"]
    private static let list = """
        {"error":[],"result":{
        "XXBTZUSD":{"altname":"XBTUSD","wsname":"XBT/USD","lot_decimals":8,"pair_decimals":1},
        "XETHZUSD":{"altname":"ETHUSD","wsname":"ETH/USD","lot_decimals":8,"pair_decimals":2}}}
        """

    /// As the board tells of what Kraken lists.
    private func facts(_ symbols: [String]) throws -> UseFacts {
        let adapter = ExchangeName.kraken.adapter
        let request = try #require(adapter.instrumentLists.first)
        let listed = try #require(adapter.instruments(in: try JSONValue.parse(Self.list), to: request))
        #expect(listed.map(\.symbol) == ["XBTUSD", "ETHUSD"])
        let place = MarketPlace(.kraken, .live, host: "spot")
        let board = MarketBoard()
        board.put(listed, at: place, Made.noon)
        let price = PolicyPrice(Decimal(exactly: 50_000), at: Made.noon, source: "own")
        board.put(price, of: listed[0], at: place)
        let clock = Clock(now: { Made.noon }, monotonicNanoseconds: { 0 })
        let orders = symbols.map { Made.order(.buy, .limit, $0) }
        let view = board.market(ExchangeClocks(), clock).view(place, orders)
        var facts = Made.facts(orders)
        facts.key.exchange = .kraken
        (facts.instruments, facts.prices, facts.isListed) = (view.instruments, view.prices, view.isListed)
        return facts
    }

    @Test(arguments: names)
    func `a pair is judged as one under any of its names`(_ name: String) throws {
        let facts = try facts([name])
        let named = facts.named()
        #expect(named.meaning.orders.map(\.symbol) == ["XBTUSD"])
        #expect(named.prices["XBTUSD"]?.value == 50_000)
        for written in Self.names {
            let bound = try Made.set(
                """
                {"operations":["trade"],"orders":{"symbols":["\(written)"]},
                "limits":[{"count":"orders","max":"5","per":"1h","symbols":["\(written)"]}]}
                """
            ).judge(facts)
            #expect(bound.isAllowed && bound.charges.count == 1, "\(name) by \(written): \(bound.denials)")
        }
        let denying = try Made.set(
            """
            {"operations":["trade"],"deny":[{"name":"no_bitcoin","applies_to":"opening",
            "when":"request.order.symbol == 'XBTUSD'"}]}
            """
        ).judge(facts)
        #expect(denying.denials == ["deny.no_bitcoin"], "\(name)")
        let other = try Made.set(#"{"operations":["trade"],"orders":{"symbols":["ETHUSD"]}}"#).judge(facts)
        #expect(other.denials == ["orders.symbols"], "\(name)")
    }
}
