import EventLoop
import JSON
import Kernel
import TestSupport
import Testing

@testable import Service

/// From an upload to an alert, through the whole service: rules over the market.
struct MarketRuleDoorTests {
    @Test func `a close fires a rule over the market once, and is no event while there is no such rule`()
        async throws
    {
        try await Premises.open(isRunning: true) { worker, premises in
            let owner = try await premises.owner()
            try await premises.upload(daysAgo: 3...260, as: owner)
            #expect(try await premises.closes(as: owner) == 0)
            let rule = try await premises.call(
                "POST", "/v1/alert-rules", as: owner.token,
                body: """
                    {"name":"All","severity":"info","on":["market"],"group_by":["event.token_id"],
                     "when":"candle.high >= candle.close && grade.value >= 0.0 && token.symbol == 'SOL'"}
                    """)
            let id = rule.json["id"]?.asString ?? ""
            let enabled = try await premises.call("POST", "/v1/alert-rules/\(id)/enable", as: owner.token)
            #expect(enabled.status == 200, "\(rule.text) \(enabled.text)")
            // The newest of them alone is news; its revision is none.
            try await premises.upload(daysAgo: 1...2, as: owner)
            for _ in 0..<600 where try await premises.closes(as: owner) == 0 {
                await worker.reactor.sleep(nanoseconds: 50_000_000)
            }
            try await premises.upload(daysAgo: 1...1, raisedBy: 1, as: owner)
            #expect(try await premises.closes(as: owner) == 1)
            let alerts = try await premises.call("GET", "/v1/alerts", as: owner.token).json["data"]?.asArray
            #expect(alerts?.map { $0["count"] } == [1], "\(alerts ?? [])")
            #expect(alerts?.first?["event"]?["candle"]?["close"]?.asDouble == 101)
        }
    }

    @Test func `a backtest goes through stored candles, unless it is to keep to what was told`()
        async throws
    {
        try await Premises.open(isRunning: true) { worker, premises in
            let owner = try await premises.owner()
            try await premises.upload(daysAgo: 1...260, as: owner)
            let rule = try await premises.rule(
                "dear", #""on":["market"],"when":"candle.close > 105.0""#, as: owner)
            let today = premises.host.shared.clock.now().seconds / 86_400
            let from = Timestamp(seconds: (today - 28) * 86_400)
            let lines = try await premises.backtest(rule, as: owner.token, #"{"from":"\#(from)"}"#).lines
            let firings = lines.filter { $0["kind"] == "firing" }
            let summary = try #require(lines.last)
            #expect(summary["over"] == "candles" && summary["events"] == 29, "\(summary)")
            // One close in seven is at 106, and each is told at the end of its day.
            let times = firings.compactMap { $0["at"]?.asString.flatMap { Timestamp($0) } }
            #expect(times.map { today - $0.seconds / 86_400 } == [26, 19, 12, 5], "\(firings)")
            let message = firings.first?["message"]?["data"]
            #expect(message?["event"]?["candle"]?["close"]?.asDouble == 106, "\(firings)")
            #expect(firings.first?["event_id"] == .null)
            let told = try await premises.backtest(
                rule, as: owner.token, #"{"from":"\#(from)","over":"events"}"#
            ).lines
            #expect(told.count == 1 && told[0]["events"] == 0 && told[0]["over"] == "events")
            let others = try await premises.rule(
                "of others", #""on":["market"],"when":"token.symbol == 'BTC'""#, as: owner)
            let long = Timestamp(seconds: (today - 3_000) * 86_400)
            let none = try await premises.backtest(others, as: owner.token, #"{"from":"\#(long)"}"#).lines
            #expect(none.last?["events"] == 0)
            let keys = try await premises.rule("of both", #""on":["key.used","grade.changed"]"#, as: owner)
            let refused = try await premises.call(
                "POST", "/v1/alert-rules/\(keys)/backtest", as: owner.token,
                body: #"{"from":"\#(from)","over":"candles"}"#)
            #expect(refused.status == 422 && refused.text.contains("/over"), "\(refused.text)")
        }
    }
}

extension Premises {
    fileprivate nonisolated(nonsending) func rule(
        _ name: String, _ fields: String, as owner: Person
    ) async throws -> String {
        let made = try await call(
            "POST", "/v1/alert-rules", as: owner.token,
            body: #"{"name":"Rule \#(name)","severity":"info",\#(fields)}"#)
        return try #require(made.json["id"]?.asString, "\(made.text)")
    }

    /// Days of a price that goes up and down, the oldest first.
    fileprivate nonisolated(nonsending) func upload(
        daysAgo days: ClosedRange<Int64>, raisedBy extra: Int64 = 0, as owner: Person
    ) async throws {
        let today = host.shared.clock.now().seconds / 86_400
        let rows = days.reversed().map { ago in
            let (open, price) = (Timestamp(seconds: (today - ago) * 86_400), 100 + ago % 7 + extra)
            return """
                {"token":"SOL","interval":"1d","open_time":"\(open)","open":\(price),"high":\(price + 2),\
                "low":\(price - 2),"close":\(price),"volume":5,"closed":true}
                """
        }
        let answer = try await call(
            "POST", "/v1/candles?source=x", as: owner.token, body: rows.joined(separator: "\n"),
            type: "application/x-ndjson")
        #expect(answer.status == 200 && answer.json["refused"] == 0, "\(answer.text)")
    }

    fileprivate nonisolated(nonsending) func closes(as owner: Person) async throws -> Int {
        let answer = try await call("GET", "/v1/events?type=market.closed", as: owner.token)
        return answer.json["data"]?.asArray?.count ?? -1
    }
}
