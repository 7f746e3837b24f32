import Events
import Expressions
import JSON
import Testing

@testable import Alerts

/// Conditions over events. The language itself is tested in ExpressionsTests.
@Suite struct ConditionTests {
    private func patterns(_ on: [String]) throws -> [EventPattern] {
        try on.map { try #require(EventPattern($0)) }
    }

    private func mistake(_ source: String, _ on: String...) throws -> ExpressionMistake? {
        do {
            _ = try Condition(source, on: try patterns(on))
            return nil
        } catch let error as ExpressionMistake {
            return error
        }
    }

    @Test func `fields that events have pass`() throws {
        #expect(try mistake("event.previous < 70 && event.grade >= 70", "grade.changed") == nil)
        #expect(try mistake("event.environment == 'live'", "key.*") == nil)
        #expect(try mistake("event.previous == null", "grade.changed") == nil)
        #expect(
            try mistake("event.security == true && event.actor_id != null", "key.*", "grant.changed") == nil)
        #expect(try mistake("event.whatever.b == 1", "custom.balance.low") == nil)
        #expect(try mistake("event.whatever == 1", "custom.*") == nil)
        #expect(try mistake("'trade' in event.permissions", "key.registered") == nil)
        #expect(try mistake("event.tags.exists(t, t.startsWith('mm-'))", "key.*") == nil)
        #expect(try mistake("timestamp(event.at).getHours('+01:00') >= 22", "key.*") == nil)
    }

    @Test func `what costs more than a rule's share of an event is an error`() throws {
        let list = "[" + Array(repeating: "0", count: 20).joined(separator: ",") + "]"
        func verdict(_ loops: Int) throws -> Condition.Verdict {
            let open = (0..<loops).map { "\(list).all(x\($0), " }.joined()
            let source = open + "true" + String(repeating: ")", count: loops)
            return try Condition(source, on: patterns(["custom.a"])).evaluate(JSONObject())
        }
        #expect(try verdict(2) == .holds)
        guard case .error(let reason) = try verdict(3) else {
            Issue.record("8,000 rounds were let pass")
            return
        }
        #expect(reason.contains("costs more"))
    }

    @Test func `a misspelt field is told with place and suggestion`() throws {
        let found = try mistake("event.previous < 70 && event.grde >= 70", "grade.changed")
        #expect(found?.kind == .unknownField)
        #expect(found?.position.column == 24)
        #expect(found?.message.contains("did you mean event.grade?") == true)
    }

    @Test func `a field that some types lack needs a guard`() throws {
        let found = try mistake("event.reason == 'x'", "key.*")
        #expect(found?.message.contains("add event.type == ") == true)
        #expect(try mistake("event.type == 'key.revoked' && event.reason == 'x'", "key.*") == nil)
        #expect(try mistake("event.type == 'key.revoked' ? event.reason == 'x' : true", "key.*") == nil)
        #expect(try mistake("has(event.reason) && event.reason == 'x'", "key.*") == nil)
        #expect(
            try mistake("event.type != 'key.changed' && event.reason == 'x'", "key.changed", "key.revoked")
                == nil)
        #expect(try mistake("event.grade > 1", "grade.changed", "custom.*") == nil)
        #expect(try mistake("event.low == true", "grade.changed", "custom.*")?.kind == .unknownField)
        #expect(
            try mistake("event.type == 'custom.a' && event.low == true", "grade.changed", "custom.*") == nil)
    }

    @Test func `a type that on does not take is a mistake`() throws {
        let found = try mistake("event.type == 'key.revokd'", "key.*")
        #expect(found?.position.column == 15)
        #expect(found?.message.contains("did you mean key.revoked?") == true)
        #expect(try mistake("event.type == 'grade.changed'", "key.*") != nil)
        #expect(try mistake("event.type in ['key.revoked', 'grade.changed']", "key.*") != nil)
    }

    @Test func `types must fit, and the whole must be true or false`() throws {
        #expect(try mistake("event.grade > '70'", "grade.changed")?.kind == .wrongType)
        #expect(try mistake("event.grade == null", "grade.changed")?.kind == .wrongType)
        #expect(try mistake("event.previous < null", "grade.changed")?.kind == .wrongType)
        #expect(try mistake("event.symbol.a == 'x'", "grade.changed")?.kind == .wrongType)
        #expect(try mistake("event.tags == 'x'", "key.*")?.kind == .wrongType)
        #expect(try mistake("event.subject == 1", "custom.*")?.kind == .wrongType)
        #expect(try mistake("event.grade", "grade.changed")?.kind == .wrongType)
        #expect(try mistake("grade > 1", "grade.changed")?.message.contains("event.grade?") == true)
    }

    @Test func `grouping by what no type has is a mistake`() throws {
        let on = try patterns(["grade.changed"])
        #expect(FieldPath("event.token_id")?.mistake(on: on) == nil)
        #expect(FieldPath("event.tokn_id")?.mistake(on: on)?.contains("event.token_id") == true)
        #expect(FieldPath("token_id") == nil)
        #expect(FieldPath("event.") == nil)
        #expect(FieldPath("event.a-b") == nil)
    }

    // MARK: What it says

    private static let event = """
        {"type": "custom.x", "i": 70, "d": 70.5, "big": 9007199254740993, "huge": 1e400, "s": "live",
         "t": true, "n": null, "list": ["a"], "map": {"a": {"b": 1}}, "z": "Z", "e": "é", "whole": 70.0}
        """

    private func condition(_ source: String) throws -> Condition {
        try Condition(source, on: try patterns(["custom.*"]))
    }

    private func verdict(_ source: String) throws -> Condition.Verdict {
        try condition(source).evaluate(JSONValue.parse(Self.event).asObject ?? JSONObject())
    }

    /// The conditions that the first language of rules knew, which are stored and mean what they meant.
    @Test(arguments: [
        "event.i == 70", "event.i == 70.0", "event.whole == 70", "event.d > 70", "event.d >= 70.5",
        "70 < event.d", "event.i != 71", "event.s == 'live'", "event.s < 'lives'", "event.s != 'Live'",
        "event.z < 'a'", "event.e > 'z'", "event.t == true", "event.t > false", "event.n == null",
        "event.s != null", "event.s != 1", "event.t != 'true'", "event.map.a.b == 1", "event.list != 'a'",
        // Exact, where a double would round: 2^53 + 1.
        "event.big > 9007199254740992.0", "event.big == 9007199254740993", "event.big != 9007199254740992.0",
        "event.i < 1e300", "event.i > -1e300", "event.i > 69.999999 && event.i < 70.000001",
        "event . i\n>\t1 // a comment", "event.t", "!has(event.gone)", "event.list.exists(x, x == 'a')",
        "cidr('10.0.0.0/8').contains('10.1.2.3') && event.t", "event.s.matches('^l.v') || event.gone == 1",
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
        "event.s < 70", "event.t < 1", "event.list < 'a'", "event.huge > 1",
        "event.i == 70 && event.gone == 1", "event.s", "event.i / 0 == 1",
        "event.list.map(a, [1, 2]).exists(x, event.s + 'x' == event.gone)",
    ]) func `this is an error, and never false`(source: String) throws {
        guard case .error = try verdict(source) else {
            Issue.record("\(try verdict(source))")
            return
        }
    }

    @Test func `what costs too much is an error`() throws {
        let loop = "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]"
        let source = "\(loop).all(a, \(loop).all(b, \(loop).all(c, \(loop).all(d, a + b + c + d > 0))))"
        guard case .error(let message) = try verdict(source) else {
            Issue.record("no error")
            return
        }
        #expect(message.contains("costs more than its limit"))
    }

    @Test func `every part is explained, with its value or its error`() throws {
        let condition = try condition("event.d >= 70 && event.gone == 1 && event.d < 71")
        let event = try JSONValue.parse(Self.event).asObject
        let parts = condition.evaluateExplained(event ?? JSONObject())
        #expect(
            parts.map(\.expression) == [
                condition.source, "event.d >= 70", "event.d", "event.gone == 1", "event.gone", "event.d < 71",
            ])
        let number = try #require(JSONNumber(70.5))
        #expect(parts.map(\.value) == [.null, true, .number(number), .null, .null, true])
        #expect(parts.map { $0.error == nil } == [false, true, true, false, false, true])
    }

    @Test func `a declared number is a number, however it is written`() throws {
        let condition = try Condition("event.grade / 2.0 == 35.0", on: try patterns(["grade.changed"]))
        for text in [#"{"grade": 70}"#, #"{"grade": 70.0}"#, #"{"grade": 7e1}"#] {
            #expect(condition.evaluate(try JSONValue.parse(text).asObject ?? JSONObject()) == .holds)
        }
    }

    @Test func `a stored condition that an older checker passed goes on`() throws {
        let event = try JSONValue.parse(Self.event).asObject ?? JSONObject()
        let other = Condition(stored: "event.type == 'custom.y'", on: try patterns(["custom.x"]))
        #expect(other.evaluate(event) == .fails)
        let gone = Condition(
            stored: "event.i == 70 && event.reason == 'x'", on: try patterns(["grade.changed"]))
        guard case .error(let message) = gone.evaluate(event) else {
            Issue.record("silence")
            return
        }
        #expect(message.contains("no such field: reason"))
    }

    @Test func `a stored condition that cannot be read any more is an error`() throws {
        let stored = Condition(stored: "event.a ===", on: try patterns(["custom.*"]))
        guard case .error = stored.evaluate(JSONObject()) else {
            Issue.record("silence")
            return
        }
        #expect(stored.evaluateExplained(JSONObject()).isEmpty)
    }
}

@Suite struct EventPatternTests {
    @Test(arguments: [
        "key.revoked", "key.*", "key.rotation.*", "custom.*", "custom.a.b", "custom.a.*", "alert.*",
    ])
    func `this is a pattern`(text: String) { #expect(EventPattern(text) != nil) }

    @Test(arguments: [
        "", "*", "key", "key.", "key.revokd", "kee.*", "custom", "custom.", "custom.A", "custom..*",
        "key.*.*",
    ])
    func `this is none`(text: String) { #expect(EventPattern(text) == nil) }

    @Test func `an area takes its types and no others`() throws {
        let keys = try #require(EventPattern("key.*"))
        #expect(keys.matches(.keyRotationDue))
        #expect(!keys.matches(.gradeChanged))
        #expect(EventPattern.mistake(in: "key.revokd").contains("did you mean key.revoked?"))
    }
}
