import Access
import Events
import JSON
import Kernel
import Postgres
import TestSupport
import Testing
import Webhooks

@testable import Alerts

/// Rules over the market: `on` is `market`.
struct MarketRuleTests {
    private static let weak = """
        {"name": "Weak", "severity": "warning", "on": ["market"], "group_by": ["event.token_id"],
         "when": "level.support != null && grade.value < 40.0 && candle.close < level.support",
         "tests": [{"expect": "fires", "event": {"type": "market.closed", "candle": {"close": 9.5},
                    "grade": {"value": 31}, "level": {"support": 10, "resistance": null}}},
                   {"expect": "silent", "event": {"type": "market.closed", "candle": {"close": 9.5},
                    "grade": {"value": 31}, "level": {"support": null, "resistance": null}}}]}
        """

    private static func close(_ symbol: String, at close: JSONValue, grade: JSONValue) -> JSONValue {
        [
            "token_id": .string(symbol), "symbol": .string(symbol), "source": "x", "interval": "1d",
            "retroactive": false, "time": "2026-01-10T00:00:00.000Z",
            "candle": ["open": 10, "high": 11, "low": 9, "close": close, "volume": 5],
            "grade": ["value": grade, "previous": 50, "zone": "bearish", "label": "sell", "model": "v0"],
            "signal": [
                "direction": .null, "since": .null, "decision_close": .null, "confidence": .null,
                "stop": .null,
            ],
            "level": ["support": 10, "resistance": .null],
            "market": ["gate_open": true, "time": .null, "close": .null, "sma50": .null],
        ]
    }

    private func wishes(_ engine: AlertEngine, _ desk: AlertDesk) async throws -> Bool {
        try await desk.database.transaction { try await engine.wishes(.marketClosed, in: $0) }
    }

    @Test func `a rule over the market reads the candle, its grade and its levels`() async throws {
        try await withDesk { _, desk in
            let id = try await desk.enabledRule(Self.weak)
            let rule = try await desk.call("GET", "alert-rules/\(id)")
            #expect(rule.json["on"] == ["market"] && rule.json["sees"] == "all", "\(rule.text)")
            for (symbol, close) in [("SOL", 9.5), ("BTC", 10.5)] {
                let price = try #require(JSONNumber(close))
                try await desk.emit(.marketClosed, Self.close(symbol, at: .number(price), grade: 31))
            }
            try await desk.emit(.marketClosed, Self.close("ETH", at: 9, grade: 41))
            let alerts = try await desk.alerts()
            #expect(alerts.map { $0["group"] } == [["event.token_id": "SOL"]])
            #expect(alerts.first?["summary"] == "Weak: SOL 1d closed at 9.5, grade 31")
            let path = "alert-rules/\(id)"
            let trial = try await desk.call(
                "POST", path + "/test",
                #"{"event": {"type": "market.closed", "candle": {"close": 9}, "grade": {"value": 1},"#
                    + #" "level": {"support": 9.5}}}"#)
            #expect(trial.json["verdict"] == "fires" && trial.text.contains(#""expression":"level.support""#))
            desk.now = desk.now + .minutes(1)
            let fired = try await desk.backtested(id, from: desk.now - .days(1))
            #expect(fired.count == 1 && fired[0].hasPrefix("fires"), "\(fired)")
            let listed = try await desk.call("GET", "alert-rules?event_type=market.closed")
            #expect(listed.json["data"]?.asArray?.count == 1)
        }
    }

    @Test func `crossings keep each token apart by the group, and a token that is named is the only one`()
        async throws
    {
        try await withDesk { worker, desk in
            _ = try await desk.enabledRule(
                """
                {"name": "up", "severity": "info", "on": ["market.closed"],
                 "when": "token.symbol == 'SOL' && crosses_above(grade.value, 70.0)"}
                """)
            let engine = desk.courseEngine(on: worker)
            for (symbol, grade) in [("SOL", 60), ("BTC", 90), ("SOL", 65), ("SOL", 75), ("BTC", 95)] {
                let value = JSONValue.number(JSONNumber(grade))
                try await desk.emit(.marketClosed, Self.close(symbol, at: 9, grade: value))
            }
            try await desk.catchUp(engine)
            #expect(try await desk.count("rule_firing") == 1)
            #expect(try await desk.alerts().first?["event"]?["symbol"] == "SOL")
        }
    }

    @Test func `closes are wished for while a rule over them runs, of whatever kind, on every node`()
        async throws
    {
        try await withDesk { _, desk in
            let rights = RightsReader(now: { .testStart }) { _, _, _ in [:] }
            let other = AlertEngine(
                ledger: Ledger(database: desk.database, clock: desk.ledger.clock, entropy: .system),
                rights: rights, receivers: .init(rights: rights, in: desk.database), origin: "http://a")
            func wished() async throws -> [Bool] {
                [try await wishes(desk.engine, desk), try await wishes(other, desk)]
            }
            _ = try await desk.enabledRule(
                #"{"name": "a", "severity": "info", "on": ["market.*", "grade.*"]}"#)
            #expect(try await wished() == [false, false])
            for when in ["candle.close > 1.0", "crosses_below(grade.value, 30.0)"] {
                let id = try await desk.enabledRule(
                    #"{"name": "m", "severity": "info", "on": ["market"], "when": "\#(when)"}"#)
                #expect(try await wished() == [true, true])
                #expect(
                    try await desk.call("POST", "alert-rules/\(id)/disable", #"{"reason": "x"}"#).status
                        == 200)
                #expect(try await wished() == [false, false])
                #expect(
                    try await desk.call("DELETE", "alert-rules/\(id)", match: "*").status == 204)
            }
            try await desk.emit(.marketClosed, Self.close("SOL", at: 9, grade: 31))
            #expect(try await desk.count("alert") == 0, "an area does not take closes")
        }
    }

    @Test(arguments: [
        (#""on": ["market", "grade.changed"]"#, "/on/0", "stands alone"),
        (#""on": ["market"], "when": "grade.valu < 40.0""#, "/when", "did you mean grade.value?"),
        (#""on": ["market"], "when": "grade < 40.0""#, "/when", "at character 1: grade is an object"),
        (#""on": ["market"], "when": "candle.close < level.suport""#, "/when", "did you mean level.support?"),
        (#""on": ["grade.changed"], "when": "candle.close > 1.0""#, "/when", "candle"),
        (#""on": ["market"], "group_by": ["event.tokn_id"]"#, "/group_by/0", "did you mean event.token_id?"),
    ])
    func `a mistake is told by its place`(fields: String, pointer: String, says: String) async throws {
        let body = #"{"name": "r", "severity": "info", \#(fields)}"#
        try await withDesk { _, desk in
            let answer = try await desk.call("POST", "alert-rules", body)
            #expect(answer.status == 422 && answer.code == "validation_failed", "\(answer.text)")
            #expect(answer.pointers == [pointer] && answer.text.contains(says), "\(answer.text)")
        }
    }
}
