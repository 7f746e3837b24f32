import Access
import Events
import JSON
import Kernel
import TestSupport
import Testing

@testable import Signing

@Suite(.serialized) struct UsageListTests {
    @Test func `a signature and a denial stand in the list, the newest first`() async throws {
        try await SigningDesk.run { desk in
            let key = try await desk.key("a")
            let signed = try await desk.sign(key)
            #expect(signed.status == 200, "\(signed.text)")
            desk.time.move(.seconds(1))
            #expect(try await desk.sign(key, "POST", "/sapi/v1/capital/withdraw/apply").status == 403)
            let list = try await desk.call("GET", "/v1/keys/\(key)/usage")
            let uses = list.json["data"]?.asArray ?? []
            #expect(uses.map { $0["verdict"]?.asString } == ["denied", "allowed"], "\(list.text)")
            #expect(uses.map { $0["outcome"]?.asString } == ["denied", "signed"])
            #expect(uses.map { $0["operation"]?.asString } == ["withdraw", "read"])
            #expect(uses.first?["clause"]?.asString != nil && uses.first?["reason"]?.asString != nil)
            #expect(uses.last?["actor"]?.asString == desk.me.description)
            #expect(uses.last?["policy_version"]?.asInt == 1)
            let id = uses.first?["id"]?.asString ?? ""
            #expect(try await desk.call("GET", "/v1/usage-events/\(id)").json == uses.first)
            #expect(
                try await desk.call("GET", "/v1/keys/\(desk.ledger.newID(ExchangeKeyKind.self))/usage").status
                    == 404)
            #expect(
                try await desk.call("GET", "/v1/usage-events/\(desk.ledger.newID(UsageKind.self))").status
                    == 404)
        }
    }

    @Test func `why something was denied is for those who may read policies`() async throws {
        try await SigningDesk.run { desk in
            let key = try await desk.key("a")
            _ = try await desk.sign(key, "POST", "/sapi/v1/capital/withdraw/apply")
            let list = try await desk.call("GET", "/v1/usage-events", as: desk.context([.usageRead]))
            #expect(list.json["data"]?[0]?["verdict"]?.asString == "denied", "\(list.text)")
            #expect(list.json["data"]?[0]?["clause"] == .null)
            #expect(list.json["data"]?[0]?["reason"] == .null)
        }
    }

    @Test func `every filter finds what it names and nothing else`() async throws {
        try await SigningDesk.run { desk in
            let (a, b) = (try await desk.key("a"), try await desk.key("b"))
            _ = try await desk.sign(a)
            desk.time.move(.seconds(1))
            _ = try await desk.sign(a, "POST", "/api/v3/order", query: SigningDesk.order)
            desk.time.move(.seconds(1))
            let other = testContext(at: desk.time.now)
            _ = try await desk.sign(b, "POST", "/sapi/v1/capital/withdraw/apply", as: other)
            let line = UsageListTests.line(
                b, 1, desk.time.now, #", "address": "192.0.2.7", "symbol": "ETHUSDT""#)
            #expect(try await desk.report([line]).json["inserted"]?.asInt == 1)
            let split = desk.time.now.description
            let theirs = other.actor.principal?.description ?? ""
            let counts = [
                ("", 4), ("key_id=\(a)", 2), ("key_id=\(b)", 2), ("actor=\(desk.me)", 3),
                ("actor=\(theirs)", 1),
                ("operation=trade", 2), ("operation=withdraw", 1), ("symbol=BTCUSDT", 1), ("symbol=XRP", 0),
                ("outcome=signed", 2), ("outcome=reported", 1), ("verdict=denied", 1), ("verdict=allowed", 3),
                ("address=192.0.2.7", 1), ("exchange=binance", 4), ("exchange=okx", 0), ("way=sign", 3),
                ("way=report", 1), ("way=proxy", 0), ("from=\(split)", 2), ("to=\(split)", 2),
                ("access_token_id=\(desk.ledger.newID(AccessTokenKind.self))", 0),
                ("key_id=\(b)&verdict=allowed&way=report&symbol=ETHUSDT", 1),
            ]
            for (query, count) in counts {
                let list = try await desk.call("GET", "/v1/usage-events?\(query)")
                #expect(list.json["data"]?.asArray?.count == count, "\(query): \(list.text)")
            }
            for query in [
                "verdict=maybe", "cursor=abc", "key_id=\(desk.me)", "address=here", "limit=0", "foo=1",
            ] {
                #expect(try await desk.call("GET", "/v1/usage-events?\(query)").status == 400, "\(query)")
            }
        }
    }

    @Test func `pages meet, and hold every use once`() async throws {
        try await SigningDesk.run { desk in
            let key = try await desk.key("a", policy: nil)
            // Three at each moment, so that pages end within one.
            let lines = (0..<30).map { number in
                Self.line(key, number, desk.time.now - .seconds(Int64(number / 3)))
            }
            #expect(try await desk.report(lines).json["inserted"]?.asInt == 30)
            var (seen, cursor): ([JSONValue], String?) = ([], nil)
            repeat {
                let page = try await desk.call(
                    "GET", "/v1/usage-events?limit=7" + (cursor.map { "&cursor=\($0)" } ?? ""))
                #expect(page.status == 200, "\(page.text)")
                seen += page.json["data"]?.asArray ?? []
                cursor = page.json["next_cursor"]?.asString
            } while cursor != nil && seen.count < 100
            #expect(Set(seen.compactMap { $0["client_id"]?.asString }).count == 30)
            #expect(seen.count == 30)
            let times = seen.compactMap { $0["at"]?.asString }
            #expect(times == times.sorted(by: >))
        }
    }

    static func line(_ key: String, _ number: Int, _ at: Timestamp, _ more: String = "") -> String {
        #"{"client_id": "c\#(number)", "at": "\#(at)", "key_id": "\#(key)", "operation": "trade"\#(more)}"#
    }
}
