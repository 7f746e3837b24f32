import JSON
import Kernel
import Testing

@testable import Exchanges

/// What is told of an adapter is what it does.
@Suite struct RecipeTests {
    @Test func `the recipes of an exchange name each of its hosts once`() {
        for exchange in Exchange.all {
            #expect(exchange.name.adapter.recipes.flatMap(\.aliases).sorted() == exchange.aliases.sorted())
        }
    }

    @Test func `headers and fields that a recipe names are those that signing adds`() throws {
        let moment = SigningMoment(at: Timestamp(milliseconds: 1_700_000_000_123), nonce: 7)
        for exchange in Exchange.all {
            for recipe in exchange.name.adapter.recipes {
                let draft = try RequestDraft(
                    exchange.name == .kraken ? .post : .get, host: try #require(recipe.aliases.first),
                    path: "/p")
                let host = try #require(
                    exchange.environments.lazy.compactMap {
                        exchange.name.adapter.host(draft.host, in: $0)
                    }.last)
                let signed = try exchange.name.adapter.sign(
                    draft, with: anyCredential(exchange.name), at: moment, to: host)
                let headers = signed.headers.map(\.name).filter { $0 != "Content-Type" }
                #expect(Set(headers) == Set(recipe.ownHeaders), "\(exchange.name)")
                #expect(headers.first == recipe.ownHeaders.first)
                let sent = String(decoding: signed.body ?? [], as: UTF8.self) + signed.url
                #expect(recipe.ownFields.allSatisfy { sent.contains($0 + "=") }, "\(exchange.name)")
            }
        }
    }

    @Test func `a request is good as long as its host says, or as it asks where it can`() {
        #expect(ExchangeName.mexc.window(at: "spot", asking: 2_001) == .milliseconds(2_001))
        #expect(ExchangeName.mexc.window(at: "futures", asking: 2_001) == .seconds(10))
        #expect(ExchangeName.kucoin.window(at: "futures", asking: 2_001) == .seconds(5))
        #expect(ExchangeName.bybit.window(at: "main", asking: 2_001) == .milliseconds(2_001))
        #expect(ExchangeName.binance.window(at: "options", asking: 60_000) == .seconds(60))
        #expect(ExchangeName.gate.window(at: "main", asking: 2_001) == .seconds(60))
        #expect(ExchangeName.kraken.window(at: "spot", asking: 2_001) == nil)
    }

    @Test func `where a request asks for its window, it can ask for a minute, and does so signed`() throws {
        var asking: [ExchangeName] = []
        for exchange in ExchangeName.allCases {
            for recipe in exchange.adapter.recipes where recipe.window?.isAsked == true {
                let widest = try #require(exchange.widestWindow)
                #expect(widest == 60_000 && recipe.window?.atMost == widest, "\(exchange)")
                asking.append(exchange)
                let draft = try RequestDraft(.get, host: try #require(recipe.aliases.first), path: "/p")
                let host = try #require(exchange.adapter.host(draft.host, in: .live))
                let moment = SigningMoment(
                    at: Timestamp(milliseconds: 1_700_000_000_123), nonce: 7, receiveWindow: widest)
                let signed = try exchange.adapter.sign(
                    draft, with: anyCredential(exchange), at: moment, to: host)
                let sent = signed.headers.map(\.value) + signed.url.split(separator: "&").map(String.init)
                #expect(sent.contains { $0.hasSuffix("60000") }, "\(exchange): \(signed)")
            }
            #expect(asking.contains(exchange) || exchange.widestWindow == nil)
        }
        #expect(asking == [.binance, .bybit, .mexc])
    }

    @Test func `nothing is both covered and not`() {
        for exchange in Exchange.all {
            for recipe in exchange.name.adapter.recipes {
                #expect(Set(recipe.covers).isDisjoint(with: exchange.notCovered), "\(exchange.name)")
                #expect(recipe.documentation.hasPrefix("https://") && !recipe.signs.isEmpty)
            }
        }
    }

    @Test func `an exchange tells its hosts in every environment, and what marks a demonstration`() throws {
        var w = JSONWriter()
        w.value(Exchange.of(.okx))
        let told = try JSONValue.parse(w.bytes)
        #expect(
            told["hosts"] == [
                [
                    "alias": "main", "environment": "live", "base_url": "https://www.okx.com",
                    "marked_by": .null,
                ],
                [
                    "alias": "main", "environment": "demo", "base_url": "https://www.okx.com",
                    "marked_by": "x-simulated-trading: 1",
                ],
            ])
        #expect(told["recipes"]?[0]?["window"] == ["milliseconds": 30_000, "at_most": .null])
        #expect(told["not_offered"]?.asArray?.isEmpty == false)
    }
}
