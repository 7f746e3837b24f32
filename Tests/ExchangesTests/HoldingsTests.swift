import Exchanges
import JSON
import Kernel
import Testing

/// What an account holds and has not offered yet, by the documents of each exchange.
@Suite struct HoldingsTests {
    private static let answers: [ExchangeName: String] = [
        .binance: #"{"canTrade":true,"balances":[{"asset":"BTC","free":"0.5","locked":"0.2"}]}"#,
        .mexc: #"{"canTrade":true,"balances":[{"asset":"BTC","free":"0.50","locked":"0.2"}]}"#,
        .kraken:
            #"{"result":{"XXBT":{"balance":"0.7000","hold_trade":"0.2"},"XBT.F":{"balance":"9"}}}"#,
        .coinbase: #"""
        {"accounts":[{"currency":"BTC","available_balance":{"value":"0.5","currency":"BTC"},
        "hold":{"value":"0.2","currency":"BTC"}}],"has_next":false}
        """#,
        .kucoin:
            #"{"code":"200000","data":[{"currency":"BTC","balance":"0.7","available":"0.5"}]}"#,
        .gate: #"[{"currency":"BTC","available":"0.5","locked":"0.2"}]"#,
        .bitget: #"{"code":"00000","data":[{"coin":"BTC","available":"0.5","frozen":"0.2","locked":"0"}]}"#,
    ]

    @Test(arguments: ExchangeName.allCases)
    func `what is locked in other orders is not held any more`(exchange: ExchangeName) throws {
        let text = Self.answers[exchange]
        #expect((exchange.holdingsRequest == nil) == (text == nil))
        guard let text else { return }
        let answer = try JSONValue.parse(Array(text.utf8))
        #expect(exchange.holdings(in: answer) == ["BTC": try #require(Decimal("0.5"))])
    }

    @Test(arguments: ExchangeName.allCases)
    func `a refusal holds nothing that anybody knows`(exchange: ExchangeName) throws {
        for text in ["{}", #"{"code":-2015,"msg":"Invalid API-key"}"#, #"{"error":["EAPI:Invalid key"]}"#] {
            #expect(exchange.holdings(in: try JSONValue.parse(Array(text.utf8))) == nil, "\(text)")
        }
    }

    @Test func `an asset that stands twice is not known`() throws {
        let twice = #"[{"currency":"BTC","available":"1"},{"currency":"BTC","available":"2"}]"#
        #expect(ExchangeName.gate.holdings(in: try JSONValue.parse(Array(twice.utf8))) == [:])
    }

    @Test func `the request is a read, by the exchange's own table`() throws {
        for exchange in ExchangeName.allCases {
            guard let draft = exchange.holdingsRequest else { continue }
            #expect(exchange.classifier.meaning(of: draft).operation == .read, "\(exchange)")
        }
    }
}
