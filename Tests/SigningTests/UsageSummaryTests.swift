import Access
import JSON
import Kernel
import TestSupport
import Testing

@testable import Signing

@Suite(.serialized) struct UsageSummaryTests {
    private static let start = Timestamp.testStart

    /// 8:00: two trades for 30, one of which failed; 7:59: a read. All of one key, of one who reports.
    private static func reported(_ desk: SigningDesk) async throws -> String {
        let key = try await desk.key("a", policy: nil)
        func line(_ id: Int, _ operation: String, _ at: Timestamp, _ more: String) -> String {
            #"{"client_id":"\#(id)","at":"\#(at)","key_id":"\#(key)","operation":"\#(operation)"\#(more)}"#
        }
        let told = try await desk.report([
            line(1, "trade", start, #","symbol":"BTCUSDT","notional_usd":"10.5","milliseconds":5"#),
            line(
                2, "trade", start + .seconds(30),
                #","symbol":"BTCUSDT","notional_usd":"19.5","outcome":"unknown","milliseconds":9"#),
            line(3, "read", start - .minutes(1), #","address":"192.0.2.7","outcome":"refused""#),
        ])
        #expect(told.json["inserted"]?.asInt == 3, "\(told.text)")
        desk.time.move(.minutes(1))
        return key
    }

    @Test func `uses are counted by what they have in common`() async throws {
        try await SigningDesk.run { desk in
            let key = try await Self.reported(desk)
            let all = try await desk.call("GET", "/v1/usage-summary")
            #expect(all.json["data"]?.asArray?.count == 1, "\(all.text)")
            #expect(all.json["data"]?[0]?["uses"]?.asInt == 3)
            #expect(all.json["data"]?[0]?["key_id"] == .null)
            let query = "group_by=operation,key,symbol&bucket=1h"
            let groups = try await desk.call("GET", "/v1/usage-summary?\(query)").json
            #expect(groups["data"]?.asArray?.count == 2, "\(groups)")
            let trades = groups["data"]?[0]
            let expected: KeyValuePairs<String, JSONValue> = [
                "bucket": .string(Self.start.description), "key_id": .string(key), "operation": "trade",
                "symbol": "BTCUSDT", "address": .null, "actor": .null, "outcome": .null, "uses": 2,
                "denied": 0, "refused": 0, "unknown": 1, "notional_usd": "30.0",
            ]
            for (name, value) in expected { #expect(trades?[name] == value, "\(name) \(groups)") }
            #expect(trades?["p50_milliseconds"]?.asDouble == 5 && trades?["p99_milliseconds"]?.asDouble == 9)
            #expect(groups["data"]?[1]?["refused"]?.asInt == 1 && groups["truncated"]?.asBool == false)
        }
    }

    @Test func `every dimension and bucket can be asked for, and filters hold`() async throws {
        try await SigningDesk.run { desk in
            _ = try await Self.reported(desk)
            for (query, groups) in [
                ("group_by=key", 1), ("group_by=actor", 1), ("group_by=operation", 2), ("group_by=symbol", 2),
                ("group_by=address", 2), ("group_by=outcome", 3), ("bucket=1d", 1), ("bucket=1h", 2),
                ("group_by=key,actor,operation,symbol,address,outcome&bucket=1h", 3),
                ("operation=read", 1), ("operation=withdraw", 0), ("symbol=BTCUSDT&group_by=outcome", 2),
                ("from=2026-01-05T08:00:00Z&to=2026-01-05T09:00:00Z&group_by=operation", 1),
            ] {
                let answer = try await desk.call("GET", "/v1/usage-summary?\(query)")
                #expect(answer.json["data"]?.asArray?.count == groups, "\(query): \(answer.text)")
            }
            let cut = try await desk.call("GET", "/v1/usage-summary?group_by=outcome&limit=2")
            #expect(cut.json["truncated"]?.asBool == true && cut.json["data"]?.asArray?.count == 2)
            for query in [
                "group_by=colour", "group_by=key,key", "group_by=", "bucket=1m", "limit=1001",
                "from=2025-01-01T00:00:00Z&to=2025-06-01T00:00:00Z",
                "from=2026-01-05T08:00:00Z&to=2026-01-05T08:00:00Z", "from=2025-01-01T00:00:00Z",
            ] {
                #expect(try await desk.call("GET", "/v1/usage-summary?\(query)").status == 400, "\(query)")
            }
        }
    }

    @Test func `what a limit counted is in the sums`() async throws {
        try await SigningDesk.run { desk in
            let key = try await desk.key(
                "a",
                policy: """
                    {"operations": ["trade"], "ways": ["proxy"], "orders": {"symbols": ["BTCUSDT"]},
                    "limits": [
                        {"count": "notional", "max": {"amount": "1000", "currency": "USD"}, "per": "1h"}]}
                    """)
            desk.exchange.says(200, "{}")
            let sent = try await desk.proxy(key, "POST", "/api/v3/order", query: SigningDesk.order)
            #expect(sent.status == 200, "\(sent.text)")
            desk.time.move(.seconds(1))
            let summary = try await desk.call("GET", "/v1/usage-summary?operation=trade")
            #expect(summary.json["data"]?[0]?["notional_usd"]?.asString == "50", "\(summary.text)")
        }
    }

    @Test func `permissions that nothing needed are told`() async throws {
        try await SigningDesk.run { desk in
            let key = try await desk.key("a")
            let before = try await desk.call("GET", "/v1/keys/\(key)/permissions")
            #expect(before.json["uses"]?["unused"] == ["read", "trade_spot"], "\(before.text)")
            desk.time.move(.minutes(1))
            #expect(try await desk.sign(key).status == 200)
            // What was denied was not used.
            #expect(try await desk.sign(key, "POST", "/sapi/v1/capital/withdraw/apply").status == 403)
            let after = try await desk.call("GET", "/v1/keys/\(key)/permissions")
            #expect(after.json["uses"]?["unused"] == ["trade_spot"], "\(after.text)")
            #expect(after.json["uses"]?["operations"]?.asArray?.count == 1)
            #expect(after.json["uses"]?["operations"]?[0]?["uses"]?.asInt == 1)
            let proposal = after.json["uses"]?["proposal"]?.asString ?? ""
            #expect(try await desk.call("GET", proposal).status == 200)
            let stranger = desk.context([.keysRead])
            let narrow = try await desk.call("GET", "/v1/keys/\(key)/permissions", as: stranger)
            #expect(narrow.json["uses"] == .null, "\(narrow.text)")
        }
    }
}
