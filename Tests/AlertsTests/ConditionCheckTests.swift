import Events
import JSON
import Testing

@testable import Alerts

struct ConditionCheckTests {
    private func mistake(_ source: String, _ on: String...) throws -> ConditionMistake? {
        do throws(ConditionMistake) {
            try Condition(source).check(on: on.compactMap { EventPattern($0) })
            return nil
        } catch {
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
    }

    @Test func `a misspelt field is told with place and suggestion`() throws {
        let found = try mistake("event.previous < 70 && event.grde >= 70", "grade.changed")
        #expect(found?.kind == .unknownField)
        #expect(found?.column == 24)
        #expect(found?.message.contains("did you mean event.grade?") == true)
    }

    @Test func `a field that some types lack needs a guard`() throws {
        let found = try mistake("event.reason == 'x'", "key.*")
        #expect(found?.message.contains("add event.type == ") == true)
        #expect(try mistake("event.type == 'key.revoked' && event.reason == 'x'", "key.*") == nil)
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
        #expect(found?.column == 15)
        #expect(found?.message.contains("did you mean key.revoked?") == true)
        #expect(try mistake("event.type == 'grade.changed'", "key.*") != nil)
    }

    @Test func `types must fit`() throws {
        #expect(try mistake("event.grade > '70'", "grade.changed")?.kind == .wrongType)
        #expect(try mistake("event.grade == null", "grade.changed")?.kind == .wrongType)
        #expect(try mistake("event.previous < null", "grade.changed")?.kind == .wrongType)
        #expect(try mistake("event.symbol.a == 'x'", "grade.changed")?.kind == .wrongType)
        #expect(try mistake("event.tags == 'x'", "key.*")?.kind == .notYetSupported)
        #expect(try mistake("event.subject == 1", "custom.*")?.kind == .wrongType)
    }

    @Test func `grouping by what no type has is a mistake`() throws {
        let on = [try #require(EventPattern("grade.changed"))]
        #expect(FieldPath("event.token_id")?.mistake(on: on) == nil)
        #expect(FieldPath("event.tokn_id")?.mistake(on: on)?.contains("event.token_id") == true)
        #expect(FieldPath("token_id") == nil)
        #expect(FieldPath("event.") == nil)
        #expect(FieldPath("event.a-b") == nil)
    }
}

struct EventPatternTests {
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
