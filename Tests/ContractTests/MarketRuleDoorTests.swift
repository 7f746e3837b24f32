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
}

extension Premises {
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
