import JSON
import Testing

@testable import Exchanges

/// The words of a refusal are in two places: here for the service, and in `Tests/Clients/dialects.json` for
/// the judge that holds them against stock ccxt.
@Suite struct DialectTests {
    @Test func `every refusal is worded as stock ccxt was seen to understand it`() throws {
        let exchanges = try #require(StockClient.table("dialects.json")["exchanges"]?.asObject)
        #expect(Set(exchanges.members.map(\.name)) == Set(ExchangeName.allCases.map(\.rawValue)))
        for exchange in ExchangeName.allCases {
            let refusals = try #require(exchanges[exchange.rawValue]?["refusals"]?.asObject)
            let meanings = ExchangeDialect.Meaning.allCases
            #expect(Set(refusals.members.map(\.name)) == Set(meanings.map(\.rawValue)), "\(exchange)")
            for meaning in meanings {
                let row = try #require(refusals[meaning.rawValue])
                let (words, body) = ExchangeDialect(of: exchange).refusal(meaning, "MESSAGE")
                let place: Comment = "\(exchange.rawValue), \(meaning.rawValue)"
                #expect(row["status"]?.asInt == Int64(words.status), place)
                #expect(row["body"]?.asString == String(decoding: body, as: UTF8.self), place)
                let type = row["content_type"]?.asString ?? ""
                #expect(type.hasPrefix("application/json") == words.isJSON, place)
            }
        }
    }

    @Test func `whatever a sentence holds, a refusal of JSON is JSON`() throws {
        for exchange in ExchangeName.allCases {
            for meaning in ExchangeDialect.Meaning.allCases {
                let (words, body) = ExchangeDialect(of: exchange).refusal(
                    meaning, "a \"b\" \\ \n\u{1}ü MESSAGE")
                let text = String(decoding: body, as: UTF8.self)
                guard words.isJSON else { continue }
                #expect((try? JSONValue.parse(text)) != nil, "\(exchange), \(meaning): \(text)")
                #expect(!text.contains("\\"), "\(text)")
            }
        }
    }

    @Test func `what ccxt would take for another error stands in no sentence`() throws {
        let exchanges = try #require(StockClient.table("dialects.json")["exchanges"]?.asObject)
        for exchange in ExchangeName.allCases {
            let words = exchanges[exchange.rawValue]?["never_in_message"]?.asArray?.compactMap(\.asString)
            #expect(ExchangeDialect.mistakable[exchange] == words, "\(exchange)")
            let dialect = ExchangeDialect(of: exchange)
            for word in words ?? [] {
                for meaning in ExchangeDialect.Meaning.allCases {
                    let harmless = dialect.refusal(meaning, "harmless").body
                    let body = dialect.refusal(meaning, "the symbol 'x\(word)y' is not allowed").body
                    let seen = String(decoding: body, as: UTF8.self).contains(word)
                    #expect(!seen || String(decoding: harmless, as: UTF8.self).contains(word), "\(word)")
                }
            }
        }
    }
}
