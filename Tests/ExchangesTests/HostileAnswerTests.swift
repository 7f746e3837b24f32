import JSON
import Kernel
import Testing

@testable import Exchanges

/// An exchange, or whoever answers in its place, may say anything.
@Suite struct HostileAnswerTests {
    private static let good: [ExchangeName: String] = [
        .binance: #"""
        {"ipRestrict":false,"createTime":1698645219000,"enableReading":true,"enableWithdrawals":false}
        """#,
        .bybit: #"{"retCode":0,"result":{"readOnly":0,"permissions":{"Spot":["SpotTrade"]},"ips":["*"]}}"#,
        .okx: #"{"code":"0","data":[{"perm":"read_only,trade","ip":"203.0.113.7","uid":"1"}]}"#,
        .kraken: #"{"error":[],"result":{"permissions":["query-funds"],"createdTime":"1772542900"}}"#,
        .coinbase: #"{"can_view":true,"can_trade":true,"can_transfer":false}"#,
        .kucoin: #"{"code":"200000","data":{"permission":"General,Spot","createdAt":1728443843000}}"#,
        .gate: #"{"user_id":1667201533,"ip_whitelist":["203.0.113.7"],"tier":2,"key":{"mode":1}}"#,
        .bitget: #"{"code":"00000","data":{"userId":"1","ips":"203.0.113.7","authorities":["stow"]}}"#,
        .mexc: #"{"canTrade":true,"canWithdraw":true,"accountType":"SPOT","balances":[]}"#,
    ]

    @Test func `what is no answer is unintelligible`() {
        let huge = #"{"x":""# + String(repeating: "y", count: 100_000) + #""}"#
        let deep = String(repeating: "[", count: 100_000)
        for exchange in Self.good.keys {
            for body in [
                "", "null", "true", "0", "\"x\"", "[]", "{}", "[{}]", "<html>", "\u{FEFF}{}", huge, deep,
            ] {
                #expect(isUnintelligible(exchange, Array(body.utf8)), "\(exchange) \(body.prefix(20))")
            }
            #expect(isUnintelligible(exchange, [0xFF, 0xFE, 0x00]))
        }
    }

    @Test func `good answers are read, or the rest would prove nothing`() {
        for (exchange, body) in Self.good { #expect(!isUnintelligible(exchange, Array(body.utf8))) }
    }

    @Test func `an answer cut anywhere is unintelligible`() {
        for (exchange, body) in Self.good {
            let bytes = Array(body.utf8)
            for count in 0..<bytes.count { #expect(isUnintelligible(exchange, Array(bytes[..<count]))) }
        }
    }

    @Test func `U+0000, which no text of ours can hold, is unintelligible`() {
        for (exchange, body) in Self.good {
            let poisoned = body.replacing("{\"", with: #"{"x":"\u0000","#, maxReplacements: 1)
                .replacing(#"\u0000","#, with: #"\u0000",""#, maxReplacements: 1)
            #expect(isUnintelligible(exchange, Array(poisoned.utf8)))
        }
    }

    /// No permission may appear that the good answer did not tell, whatever is put in place of a value.
    @Test func `other types in place of a value never crash, and never grant`() throws {
        let others: [JSONValue] = [
            .null, .bool(true), .bool(false), .number(JSONNumber(-1)), .number(JSONNumber(Int64.max)),
            .number(try #require(JSONNumber(1e300))), .string(""), .string("9223372036854775808"),
            .string("99999999999999999999"), .array([]), .array([.null]), .array([.array([])]),
            .object(JSONObject()), .array([.number(JSONNumber(1))]),
        ]
        for (exchange, body) in Self.good {
            let adapter = exchange.adapter
            let value = try JSONValue.parse(body)
            let told = try adapter.permissions(from: .init(status: 200, body: value.bytes)).granted
            for other in others {
                for altered in variants(of: value, with: other) {
                    let answer = ProbeAnswer(status: 200, body: altered.bytes)
                    guard let found = try? adapter.permissions(from: answer) else { continue }
                    let isGranting = other == .bool(true) && [.binance, .coinbase].contains(exchange)
                    #expect(isGranting || found.granted.isSubset(of: told), "\(exchange) \(altered.bytes)")
                }
            }
        }
    }

    @Test func `seeded noise in an answer never crashes`() throws {
        let entropy = Entropy.seeded(20_260_105)
        // A dictionary's order is another one each time.
        for (exchange, body) in Self.good.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            let adapter = exchange.adapter
            for _ in 0..<2_000 {
                var bytes = Array(body.utf8)
                for _ in 0...entropy.number(below: 3) {
                    bytes[Int(entropy.number(below: UInt64(bytes.count)))] = entropy.bytes(1)[0]
                }
                let status = [200, 400, 401, 403, 429, 500][Int(entropy.number(below: 6))]
                _ = try? adapter.permissions(from: ProbeAnswer(status: status, body: bytes))
            }
        }
    }

    /// The value with one part of it replaced, at every place.
    private func variants(of value: JSONValue, with other: JSONValue) -> [JSONValue] {
        var found = [other]
        switch value {
        case .array(let elements):
            for index in elements.indices {
                found += variants(of: elements[index], with: other).map { variant in
                    .array(elements.indices.map { $0 == index ? variant : elements[$0] })
                }
            }
        case .object(let object):
            for member in object.members {
                found += variants(of: member.value, with: other).map { variant in
                    var copy = JSONObject()
                    for each in object.members {
                        _ = copy.append(each.name, each.name == member.name ? variant : each.value)
                    }
                    return .object(copy)
                }
            }
        default: break
        }
        return found
    }

    private func isUnintelligible(_ exchange: ExchangeName, _ body: [UInt8]) -> Bool {
        do throws(ProbeRefusal) {
            _ = try exchange.adapter.permissions(from: ProbeAnswer(status: 200, body: body))
            return false
        } catch {
            return error == .unintelligible(status: 200)
        }
    }
}
