import Foundation
import JSON
import Kernel
import Testing

@testable import Exchanges

/// What exchanges list, by answers of the stand-in that stock ccxt reads, too: `Tests/Fixtures/instruments`.
@Suite struct InstrumentListTests {
    private struct Answer {
        let host: String
        let target: String
        let body: JSONValue
    }

    private func answers(_ exchange: ExchangeName) throws -> [Answer] {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/instruments/\(exchange.rawValue).json")
        let rows = try JSONValue.parse([UInt8](Data(contentsOf: file))).asArray ?? []
        return try rows.map { row in
            Answer(
                host: try #require(row["host"]?.asString), target: try #require(row["target"]?.asString),
                body: try #require(row["answer"]))
        }
    }

    /// Symbol, host, kind, currencies, what a contract is, and steps and bounds.
    private func line(_ one: Instrument) -> String {
        let value = one.contractValue.map { "of \($0) \(one.contractUnit)" } ?? "counted"
        let bounds = [one.lotStep, one.tickSize, one.minQuantity, one.minNotional].map {
            $0?.description ?? "-"
        }
        return "\(one.symbol) \(one.host) \(one.kind) \(one.base)/\(one.quote):\(one.settle) \(value) "
            + bounds.joined(separator: " ")
    }

    private func lines(_ exchange: ExchangeName) throws -> [String] {
        let adapter = exchange.adapter
        return try zip(adapter.instrumentLists, answers(exchange)).flatMap { list, answer in
            #expect(list.host == answer.host)
            #expect(list.target == answer.target)
            return try #require(adapter.instruments(in: answer.body, to: list)).map(line)
        }
    }

    static let listed: [(exchange: ExchangeName, lines: [String])] = [
        (
            .binance,
            [
                "BTCUSDT spot spot BTC/USDT:USDT counted 0.00001 0.01 0.00001 5",
                "ETHUSDT spot spot ETH/USDT:USDT counted 0.0001 0.01 0.0001 5",
                "BTCUSDT usdm linear BTC/USDT:USDT counted 0.001 0.1 0.001 5",
                "ETHUSDT usdm linear ETH/USDT:USDT counted 0.001 0.1 0.001 5",
                "BTCUSD_PERP coinm inverse BTC/USD:BTC of 100 quote 1 0.1 1 5",
            ]
        ),
        (
            .bybit,
            [
                "BTCUSDT main spot BTC/USDT:USDT counted 0.00001 0.01 0.00001 5",
                "ETHUSDT main spot ETH/USDT:USDT counted 0.0001 0.01 0.0001 5",
                "BTCUSDT main linear BTC/USDT:USDT counted 0.001 0.1 0.001 5",
                "ETHUSDT main linear ETH/USDT:USDT counted 0.01 0.1 0.01 5",
                "BTCUSD main inverse BTC/USD:BTC of 1 quote 1 0.1 1 5",
            ]
        ),
        (
            .okx,
            [
                "BTC-USDT main spot BTC/USDT:USDT counted 0.00001 0.01 0.00001 -",
                "ETH-USDT main spot ETH/USDT:USDT counted 0.0001 0.01 0.0001 -",
                "BTC-USDT-SWAP main linear BTC/USDT:USDT of 0.01 base 0.01 0.1 0.01 -",
                "ETH-USDT-SWAP main linear ETH/USDT:USDT of 0.1 base 0.01 0.1 0.01 -",
                "BTC-USD-SWAP main inverse BTC/USD:BTC of 100 quote 1 0.1 1 -",
            ]
        ),
        (
            .kraken,
            [
                "XBTUSDT spot spot BTC/USDT:USDT counted 0.00001 0.01 0.00001 0.5",
                "ETHUSDT spot spot ETH/USDT:USDT counted 0.0001 0.01 0.0001 0.5",
                "XBTUSD spot spot BTC/USD:USD counted 0.00001 0.01 0.00001 0.5",
            ]
        ),
        (
            .coinbase,
            [
                "BTC-USDT main spot BTC/USDT:USDT counted 0.00001 0.01 0.00001 1",
                "ETH-USDT main spot ETH/USDT:USDT counted 0.0001 0.01 0.0001 1",
                "BTC-USD main spot BTC/USD:USD counted 0.00001 0.01 0.00001 1",
                "BIP-20DEC30-CDE main linear BTC/USD:USD of 0.01 base 1 0.1 1 -",
            ]
        ),
        (
            .kucoin,
            [
                "BTC-USDT spot spot BTC/USDT:USDT counted 0.00001 0.01 0.00001 0.1",
                "ETH-USDT spot spot ETH/USDT:USDT counted 0.0001 0.01 0.0001 0.1",
                "XBTUSDTM futures linear BTC/USDT:USDT of 0.001 base 1 0.1 1 -",
                "ETHUSDTM futures linear ETH/USDT:USDT of 0.01 base 1 0.1 1 -",
                "XBTUSDM futures inverse BTC/USD:BTC of 1 quote 1 0.1 1 -",
            ]
        ),
        (
            .gate,
            [
                "BTC_USDT main spot BTC/USDT:USDT counted 0.00001 0.01 0.00001 1",
                "ETH_USDT main spot ETH/USDT:USDT counted 0.00001 0.01 0.0001 1",
                "BTC_USDT main linear BTC/USDT:USDT of 0.0001 base 1 0.1 1 -",
                "ETH_USDT main linear ETH/USDT:USDT of 0.01 base 1 0.1 1 -",
                "BTC_USD main inverse BTC/USD:BTC of 1 quote 1 0.1 1 -",
            ]
        ),
        (
            .bitget,
            [
                "BTCUSDT main spot BTC/USDT:USDT counted 0.00001 0.01 0.00001 1",
                "ETHUSDT main spot ETH/USDT:USDT counted 0.0001 0.01 0.0001 1",
                "BTCUSDT main linear BTC/USDT:USDT counted 0.001 0.1 0.001 5",
                "ETHUSDT main linear ETH/USDT:USDT counted 0.01 0.1 0.01 5",
                "BTCUSD main inverse BTC/USD:BTC counted 1 0.1 1 5",
            ]
        ),
        (
            .mexc,
            [
                "BTCUSDT spot spot BTC/USDT:USDT counted 0.00001 0.01 0.00001 1",
                "ETHUSDT spot spot ETH/USDT:USDT counted 0.0001 0.01 0.0001 1",
                "BTC_USDT futures linear BTC/USDT:USDT of 0.0001 base 1 0.1 1 -",
                "ETH_USDT futures linear ETH/USDT:USDT of 0.01 base 1 0.1 1 -",
                "BTC_USD futures inverse BTC/USD:BTC of 100 quote 1 0.1 1 -",
            ]
        ),
    ]

    @Test(arguments: listed)
    func `every list is read as it is meant`(exchange: ExchangeName, expected: [String]) throws {
        #expect(try lines(exchange) == expected)
    }

    @Test func `every exchange has lists, on hosts that it knows in its live environment`() {
        #expect(Set(Self.listed.map(\.exchange)) == Set(ExchangeName.allCases))
        for exchange in ExchangeName.allCases {
            let lists = exchange.adapter.instrumentLists
            #expect(!lists.isEmpty)
            for list in lists {
                #expect(exchange.adapter.host(list.host, in: .live) != nil)
                #expect(list.method == .get && list.body == .none)
            }
        }
    }

    @Test(arguments: ExchangeName.allCases)
    func `what is no list is none, and a row that cannot be read is left out`(exchange: ExchangeName) throws {
        let adapter = exchange.adapter
        for (list, answer) in zip(adapter.instrumentLists, try answers(exchange)) {
            for wrong in ["{}", "[7]", "null", #""text""#, #"{"code":"50001","msg":"busy","data":null}"#] {
                #expect(adapter.instruments(in: try JSONValue.parse(wrong), to: list) == nil)
            }
            guard let all = adapter.instruments(in: answer.body, to: list), let first = all.first else {
                continue
            }
            // Kraken's pairs have three names, and currencies by one of them.
            let isKraken = exchange == .kraken
            let name = isKraken ? "XBT/USDT" : first.symbol
            let text = String(decoding: answer.body.bytes, as: UTF8.self)
            let spoilt = try JSONValue.parse(text.replacing("\"\(name)\"", with: "{}", maxReplacements: 1))
            let left = adapter.instruments(in: spoilt, to: list) ?? []
            #expect(left == Array(all.dropFirst()))
        }
    }

    @Test func `a number may have an exponent, and zero is no bound`() throws {
        let row = InstrumentRow(
            try JSONValue.parse(#"{"a":1e-05,"b":"2.5E-3","c":"0","d":"1e400","e":-0.5,"f":3,"g":"","h":99}"#)
        )
        #expect(row.amount("a") == Decimal("0.00001"))
        #expect(row.amount("b") == Decimal("0.0025"))
        #expect(row.amount("c") == nil && row.amount("d") == nil && row.amount("e") == nil)
        #expect(row.negated("e") == Decimal("0.5"))
        #expect(row.step(places: "f") == Decimal("0.001"))
        #expect(row.step(places: "c") == Decimal(exactly: 1))
        #expect(row.step(places: "g") == nil && row.step(places: "h") == nil)
    }
}
