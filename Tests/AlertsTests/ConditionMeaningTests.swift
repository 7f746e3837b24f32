import JSON
import Testing

@testable import Alerts

struct ConditionMeaningTests {
    /// What CEL says of an event's fields.
    private static let event = """
        {"i": 70, "d": 70.5, "big": 9007199254740993, "huge": 1e400, "s": "live", "t": true, "n": null,
         "list": ["a"], "map": {"a": {"b": 1}}, "z": "Z", "e": "é", "whole": 70.0}
        """

    private func verdict(_ source: String) throws -> Condition.Verdict {
        try Condition(source).evaluate(JSONValue.parse(Self.event).asObject ?? JSONObject())
    }

    @Test(arguments: [
        "event.i == 70", "event.i == 70.0", "event.whole == 70", "event.d > 70", "event.d >= 70.5",
        "70 < event.d", "event.i != 71", "event.s == 'live'", "event.s < 'lives'", "event.s != 'Live'",
        "event.z < 'a'", "event.e > 'z'", "event.t == true", "event.t > false", "event.n == null",
        "event.s != null", "event.s != 1", "event.t != 'true'", "event.map.a.b == 1", "event.list != 'a'",
        // Exact, where a double would round: 2^53 + 1.
        "event.big > 9007199254740992.0", "event.big == 9007199254740993", "event.big != 9007199254740992.0",
        "event.i < 1e300", "event.i > -1e300", "event.i > 69.999999 && event.i < 70.000001",
    ]) func `this holds`(source: String) throws {
        #expect(try verdict(source) == .holds)
    }

    @Test(arguments: [
        "event.i == 71", "event.i < 70", "event.s == 'LIVE'", "event.s == 70", "event.n != null",
        "event.i == 70 && event.d == 70", "event.t < true", "event.big == 9007199254740992.0",
        // False wins over an error on either side.
        "event.gone == 1 && event.i == 71", "event.i == 71 && event.gone == 1",
    ]) func `this does not hold`(source: String) throws {
        #expect(try verdict(source) == .fails)
    }

    @Test(arguments: [
        "event.gone == 1", "event.gone != 1", "event.s.a == 1", "event.map.x == 1", "event.n < 70",
        "event.s < 70",
        "event.t < 1", "event.list < 'a'", "event.n <= null", "event.huge > 1",
        "event.i == 70 && event.gone == 1",
    ]) func `this is an error, and never false`(source: String) throws {
        guard case .error = try verdict(source) else {
            Issue.record("\(try verdict(source))")
            return
        }
    }

    @Test func `every part is explained, with its value or its error`() throws {
        let condition = try Condition("event.d >= 70 && event.gone == 1 && event.d < 71")
        let event = try JSONValue.parse(Self.event).asObject
        let parts = condition.evaluateExplained(event ?? JSONObject())
        #expect(
            parts.map(\.expression) == [
                "event.d >= 70", "event.d", "event.gone == 1", "event.gone", "event.d < 71",
            ])
        let number = try #require(JSONNumber(70.5))
        #expect(parts.map(\.value) == [true, .number(number), .null, .null, true])
        #expect(parts.map { $0.error == nil } == [true, true, false, false, true])
    }

    @Test func `a stored condition that cannot be read any more is an error`() {
        guard case .error = Condition(stored: "event.a ===").evaluate(JSONObject()) else {
            Issue.record("silence")
            return
        }
    }
}
