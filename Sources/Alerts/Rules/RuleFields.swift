import Access
import Events
import Expressions
import JSON
import Kernel

/// How a rule is read from a request, the same when it is made and when it is changed.
extension Fields {
    /// 1 to 100 characters, as `NameText` has them.
    mutating func ruleName() -> String {
        let text = string("name", 1...100)
        if let mistake = NameText.mistake(in: text) { fail("name", code: FieldCode.malformed, mistake) }
        return text
    }

    /// 1 to 1,000 characters; line breaks and tabs are fine.
    mutating func prose(optional name: String, _ length: ClosedRange<Int> = 1...1_000) -> String? {
        guard let text = string(optional: name, length) else { return nil }
        refuseControls(name, text)
        return text
    }

    mutating func prose(_ name: String) -> String {
        let text = string(name, 1...1_000)
        refuseControls(name, text)
        if !text.isEmpty, text.allSatisfy(\.isWhitespace) {
            fail(name, code: FieldCode.malformed, "must not be blank")
        }
        return text
    }

    private mutating func refuseControls(_ name: String, _ text: String) {
        let isFit = text.unicodeScalars.allSatisfy {
            $0.value >= 0x20 && $0.value != 0x7F || $0 == "\n" || $0 == "\t"
        }
        if !isFit { fail(name, code: FieldCode.malformed, "must not hold control characters") }
        if NameText.hidesSomething(text) {
            fail(
                name, code: FieldCode.malformed,
                "must not hold characters that are not seen or turn the direction of text")
        }
    }

    /// One sentence, in one line.
    mutating func advice() -> String? {
        let text = prose(optional: "advice", 1...300)
        if text?.contains(where: \.isNewline) == true {
            fail("advice", code: FieldCode.malformed, "must be one line")
        }
        return text
    }

    mutating func eventPatterns() -> [EventPattern] {
        let texts = strings("on", count: 1...200, each: 1...EventType.maxNameBytes)
        refuseRepeats("on", texts)
        return texts.enumerated().compactMap { index, text in
            if let pattern = EventPattern(ofRule: text) {
                if pattern == .market, texts.count > 1 {
                    fail(
                        "on", index: index, code: FieldCode.notAChoice,
                        "market stands alone: its conditions read other variables")
                    return nil
                }
                if pattern.takesCustom || pattern.types.contains(where: \.isOpenToRules) { return pattern }
                fail("on", index: index, code: FieldCode.notAChoice, "rules cannot match what rules tell")
            } else {
                fail("on", index: index, code: FieldCode.notAChoice, EventPattern.mistake(in: text))
            }
            return nil
        }
    }

    /// - Parameter patterns: what the rule's `on` is after the request.
    mutating func condition(
        _ name: String, on patterns: [EventPattern], remembers: Bool = false
    ) -> Condition? {
        guard let source = string(optional: name, 1...ExpressionLimits.characters) else { return nil }
        do throws(ExpressionMistake) {
            return try Condition(source, on: patterns, remembers: remembers)
        } catch {
            fail(name, error)
            return nil
        }
    }

    mutating func fail(_ name: String, _ mistake: ExpressionMistake) {
        let code =
            switch mistake.kind {
            case .malformed, .unknownFunction, .wrongArgumentCount, .tooLarge: FieldCode.malformed
            case .unknownName, .unknownField: FieldCode.unknownField
            case .wrongType: FieldCode.wrongType
            }
        fail(name, code: code, mistake.sentence)
    }

    mutating func groupBy(on patterns: [EventPattern]) -> [FieldPath] {
        let paths = parsedList(
            "group_by", count: 0...8, expected: "a field such as event.key_id", default: [], { FieldPath($0) }
        )
        refuseRepeats("group_by", paths)
        for (index, path) in paths.enumerated() where !patterns.isEmpty {
            if let mistake = path.mistake(on: patterns) {
                fail("group_by", index: index, code: FieldCode.unknownField, mistake)
            }
        }
        return paths
    }

    mutating func cooldown() -> RuleContent.Cooldown? {
        parsed(optional: "cooldown", expected: "a number and a unit, as 15m, at most 10 years") { .init($0) }
    }

    mutating func digestAbove() -> Int? {
        int(optional: "digest_above", 1...RuleContent.digestAboveAtMost)
    }

    mutating func labels() -> JSONObject {
        guard let value = take("labels"), value != .null else { return JSONObject() }
        guard let labels = value.asObject else {
            fail("labels", code: FieldCode.wrongType, "must be an object of strings")
            return JSONObject()
        }
        if labels.count > 16 { fail("labels", code: FieldCode.tooMany, "must have at most 16 names") }
        for label in labels.members.prefix(16) {
            if !Self.isLabelName(label.name) {
                fail(
                    "labels", code: FieldCode.malformed,
                    "names are lower-case letters, digits and _.-, at most 63")
            }
            guard let text = label.value.asString else {
                fail("labels", code: FieldCode.wrongType, "values must be strings")
                continue
            }
            if text.unicodeScalars.count > 200 {
                fail("labels", code: FieldCode.tooLong, "values must have at most 200 characters")
            }
        }
        return labels
    }

    mutating func sendTo() -> [WebhookID] {
        let ids = parsedList(
            "send_to", count: 0...20, expected: "the id of a webhook", default: [], { WebhookID($0) })
        refuseRepeats("send_to", ids)
        return ids
    }

    mutating func testCases() -> [RuleTestCase] {
        array(optional: "tests", count: 0...50) { f in
            var name: String?
            if f.has("name"), !f.isNull("name") { name = f.ruleName() }
            let moments = f.moments(stored: false).written
            let until = f.offset(optional: "until")
            return RuleTestCase(
                name: name, moments: moments, until: until,
                expect: f.choice("expect", RuleTestCase.Expectation.self))
        } ?? []
    }

    /// Either `event` or `events`, or the id of a stored one.
    mutating func moments(stored: Bool) -> (written: [RuleTestCase.Moment], id: EventID?) {
        let choices = ["event", "events"] + (stored ? ["event_id"] : [])
        let named = choices.filter { has($0) && !isNull($0) }
        guard named.count == 1 else {
            let code = named.isEmpty ? FieldCode.missing : FieldCode.malformed
            fail(
                "event", code: code, "must be there, or else \(choices.dropFirst().joined(separator: " or "))"
            )
            for choice in choices { _ = take(choice) }
            return ([], nil)
        }
        switch named[0] {
        case "event_id": return ([], parsed("event_id", expected: "the id of an event") { EventID($0) })
        case "event": return ([RuleTestCase.Moment(offset: .zero, event: testEvent("event"))], nil)
        default:
            return (
                array("events", count: 1...Self.momentsAtMost) { f in
                    RuleTestCase.Moment(
                        offset: f.offset(optional: "at") ?? .zero, event: f.testEvent("event"))
                }, nil
            )
        }
    }

    /// Events of a case.
    private static let momentsAtMost = 100

    /// How long after the beginning of a case.
    mutating func offset(optional name: String) -> Period? {
        parsed(optional: name, expected: "a number and a unit, as 90s, at most 10 years") { text in
            Period(text).flatMap { $0 <= .days(3_653) ? $0 : nil }
        }
    }

    /// An event written out, with its type.
    mutating func testEvent(_ name: String) -> JSONObject {
        guard let value = take(name), value != .null else {
            fail(name, code: FieldCode.missing, "is required")
            return JSONObject()
        }
        guard let event = value.asObject, event.count <= 80 else {
            fail(name, code: FieldCode.wrongType, "must be an object of at most 80 fields")
            return JSONObject()
        }
        let type = event["type"]?.asString
        if type.flatMap({ EventType($0) }) == nil {
            let hint = EventPattern.mistake(in: type ?? "")
            fail(name, code: FieldCode.notAChoice, type == nil ? "must have a type" : "type \(hint)")
        }
        return event
    }

    private static func isLabelName(_ name: String) -> Bool {
        let bytes = name.utf8
        guard bytes.count <= 63, let first = bytes.first, (97...122).contains(first) else { return false }
        return bytes.allSatisfy {
            (97...122).contains($0) || (48...57).contains($0) || "_.-".utf8.contains($0)
        }
    }

    mutating func refuseRepeats<Value: Equatable>(_ name: String, _ values: [Value]) {
        for (index, value) in values.enumerated() where values[..<index].contains(value) {
            fail(name, index: index, code: "repeated", "stands more than once")
        }
    }
}

extension Period {
    fileprivate static var zero: Period { Period(microseconds: 0) }
}
