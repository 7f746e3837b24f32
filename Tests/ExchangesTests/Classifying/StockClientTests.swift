import JSON
import Testing

@testable import Exchanges

/// What stock ccxt asks for while it trades: `Tests/Clients/asked.json`, which a judge keeps true.
@Suite struct StockClientTests {
    /// Of a method and a path with `{id}`, on whichever host of the exchange it is found.
    private static func operations(_ exchange: ExchangeName, _ words: [Substring]) -> Set<RequestOperation> {
        let path = String(words[1]).replacing("{id}", with: "7000000001")
        return Set(
            Exchange.of(exchange).aliases.map { alias in
                let request = IncomingRequest(String(words[0]), host: alias, path: path)
                return exchange.classifier.meaning(of: request).operation
            })
    }

    private static func isKey(_ header: String) -> Bool {
        header.contains("key") || header == "authorization"
    }

    @Test func `whatever carries the key is known, and no more than reading, trading and cancelling`() throws
    {
        let asked = try StockClient.table("asked.json")
        var count = 0
        for exchange in ExchangeName.allCases {
            for row in try #require(asked[exchange.rawValue]?.asObject).members {
                let headers = (row.value["headers"]?.asArray ?? []).compactMap(\.asString)
                guard headers.contains(where: Self.isKey) else { continue }
                let found = Self.operations(exchange, row.name.split(separator: " "))
                #expect(
                    !found.isDisjoint(with: [.read, .trade, .cancel]), "\(exchange) \(row.name): \(found)")
                count += 1
            }
        }
        #expect(count > 100)
    }
}
