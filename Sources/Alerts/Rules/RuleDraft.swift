import Access
import Events
import Expressions
import HTTPServer
import JSON
import Kernel

/// What a request makes of a rule: a new one, or another version of one that is there.
struct RuleDraft {
    var content: RuleContent
    var tests: [RuleTestCase]

    /// Of `CreateAlertRuleRequest`.
    init(new fields: consuming Fields, at now: Timestamp) throws {
        var f = fields
        let name = f.ruleName()
        let severity = f.choice("severity", Severity.self)
        let on = f.eventPatterns()
        content = RuleContent(
            name: name, severity: severity, on: on, when: f.condition("when", on: on, remembers: true),
            groupBy: f.groupBy(on: on),
            cooldown: f.cooldown(), digestAbove: f.digestAbove(), labels: f.labels(), sendTo: f.sendTo(),
            isSecurity: false,
            isRetroactive: f.bool("retroactive", default: false), course: f.course(on: on, now: now),
            actions: RuleActions(&f), advice: f.advice())
        content.refuseCombinations(&f)
        content.readSecurity(&f)
        tests = f.testCases()
        try f.finish()
    }

    /// Of `UpdateAlertRuleRequest`: what is not named stays.
    init(changing rule: AlertRule, by fields: consuming Fields, at now: Timestamp) throws {
        var f = fields
        (content, tests) = (rule.content, rule.tests)
        var isNamed = false
        func names(_ field: String, _ f: inout Fields) -> Bool {
            let isThere = f.has(field)
            isNamed = isNamed || isThere
            return isThere
        }
        if names("name", &f) { content.name = f.ruleName() }
        if names("severity", &f) { content.severity = f.choice("severity", Severity.self) }
        let isOnNamed = names("on", &f)
        if isOnNamed { content.on = f.eventPatterns() }
        if names("when", &f) {
            content.when = f.condition("when", on: content.on, remembers: true)
        } else if isOnNamed {
            content.readConditionAgain(&f)
        }
        if names("group_by", &f) { content.groupBy = f.groupBy(on: content.on) }
        if names("cooldown", &f) { content.cooldown = f.cooldown() }
        if names("digest_above", &f) { content.digestAbove = f.digestAbove() }
        if names("labels", &f) { content.labels = f.labels() }
        if names("send_to", &f) { content.sendTo = f.sendTo() }
        if names("retroactive", &f) { content.isRetroactive = f.bool("retroactive") }
        if names("for", &f) { content.course.hold = f.lapse(optional: "for") }
        if names("window", &f) { content.course.window = f.window(on: content.on) }
        if names("sequence", &f) { content.course.sequence = f.sequence(on: content.on) }
        if names("recover_when", &f) {
            content.course.recoverWhen = f.condition("recover_when", on: content.on)
        }
        if names("no_data_after", &f) { content.course.noDataAfter = f.lapse(optional: "no_data_after") }
        if names("expires_at", &f) { content.course.expiresAt = f.expiry(after: now) }
        if names("actions", &f) { content.actions.list = RuleActions.readList(&f) }
        if names("keys_per_hour", &f) { content.actions.keysPerHour = RuleActions.readBrake(&f) }
        if names("advice", &f) { content.advice = f.advice() }
        if isOnNamed { content.readCourseAgain(&f) }
        content.refuseCombinations(&f)
        if names("security", &f) || isOnNamed { content.readSecurity(&f) }
        if names("tests", &f) { tests = f.testCases() }
        if !isNamed, !f.hasMistakes { f.fail(code: FieldCode.tooFew, "must name at least one field") }
        try f.finish()
    }
}

extension RuleContent {
    /// `security` is true anyway when an event type is about security.
    fileprivate mutating func readSecurity(_ f: inout Fields) {
        let wanted = f.bool(optional: "security")
        if wanted == false, concernsSecurity {
            f.fail("security", code: FieldCode.notAChoice, "is true for these event types")
        }
        isSecurity = concernsSecurity || (wanted ?? isSecurity)
    }

    /// The condition must fit the new `on` too, and is checked against its fields from now on.
    fileprivate mutating func readConditionAgain(_ f: inout Fields) {
        guard let source = when?.source, !on.isEmpty else { return }
        do throws(ExpressionMistake) {
            when = try Condition(source, on: on, remembers: true)
        } catch {
            f.fail("on", code: FieldCode.notAChoice, "does not fit the rule's condition, \(error.sentence)")
        }
    }
}
