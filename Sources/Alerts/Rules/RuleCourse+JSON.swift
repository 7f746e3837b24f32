import Access
import Events
import JSON
import Kernel

/// A course as it is written, in answers and in its column.
extension RuleCourse {
    var object: JSONObject {
        var object = JSONObject()
        if let hold { _ = object.append("for", .string(hold.text)) }
        if let window { _ = object.append("window", .object(window.object)) }
        if let sequence { _ = object.append("sequence", .object(sequence.object)) }
        if let recoverWhen { _ = object.append("recover_when", .string(recoverWhen.source)) }
        if let noDataAfter { _ = object.append("no_data_after", .string(noDataAfter.text)) }
        if let expiresAt { _ = object.append("expires_at", .string(expiresAt.description)) }
        return object
    }

    /// One that was checked when it was stored.
    init(stored object: JSONObject, on patterns: [EventPattern]) {
        self.init(
            hold: object["for"]?.asString.flatMap { Lapse($0) },
            window: object["window"]?.asObject.flatMap { RuleWindow(stored: $0, on: patterns) },
            sequence: object["sequence"]?.asObject.flatMap { RuleSequence(stored: $0, on: patterns) },
            recoverWhen: object["recover_when"]?.asString.map { Condition(stored: $0, on: patterns) },
            noDataAfter: object["no_data_after"]?.asString.flatMap { Lapse($0) },
            expiresAt: object["expires_at"]?.asString.flatMap { Timestamp($0) })
    }
}

extension RuleWindow {
    var object: JSONObject {
        var object = JSONObject()
        switch measure {
        case .events: break
        case .distinct(let expression): _ = object.append("distinct", .string(expression.source))
        case .sum(let expression): _ = object.append("sum", .string(expression.source))
        case .first(let expression): _ = object.append("first", .string(expression.source))
        }
        switch form {
        case .count: _ = object.append("count", .number(JSONNumber(threshold)))
        case .absence: _ = object.append("absence", true)
        case .bound: appendBound(to: &object)
        case .rate(let rate, let per):
            _ = object.append("rate", JSONNumber(rate).map { .number($0) } ?? .null)
            _ = object.append("per", .string(per.text))
        case .first(let learning):
            if let learning { _ = object.append("learning", .string(learning.text)) }
        }
        _ = object.append("within", .string(within.text))
        return object
    }

    private func appendBound(to object: inout JSONObject) {
        let (name, number): (String, Decimal) =
            switch bound {
            case .atLeast(let number): ("at_least", number)
            case .below(let number): ("below", number)
            }
        let isSum = if case .sum = measure { true } else { false }
        _ = object.append(name, isSum ? .string(number.description) : .number(JSONNumber(threshold)))
    }

    init?(stored object: JSONObject, on patterns: [EventPattern]) {
        guard let within = object["within"]?.asString.flatMap({ Lapse($0) }) else { return nil }
        if let source = object["first"]?.asString {
            let learning = object["learning"]?.asString.flatMap { Lapse($0) }
            self.init(
                first: EventExpression(stored: source, on: patterns), within: within, learning: learning)
            return
        }
        let measure: Measure =
            if let source = object["distinct"]?.asString {
                .distinct(EventExpression(stored: source, on: patterns))
            } else if let source = object["sum"]?.asString {
                .sum(EventExpression(stored: source, on: patterns))
            } else {
                .events
            }
        if let rate = object["rate"]?.asDouble, let per = object["per"]?.asString.flatMap({ Lapse($0) }) {
            let count = Self.count(rate: rate, per: per, within: within) ?? 1
            self.init(
                measure: measure, bound: .atLeast(Decimal(exactly: count)), within: within,
                form: .rate(rate, per: per))
        } else if object["absence"] == true {
            self.init(measure: measure, bound: .below(Decimal(exactly: 1)), within: within, form: .absence)
        } else if let count = object["count"]?.asInt {
            self.init(
                measure: measure, bound: .atLeast(Decimal(exactly: Int(count))), within: within, form: .count)
        } else if let number = object["at_least"].flatMap(Self.number) {
            self.init(measure: measure, bound: .atLeast(number), within: within, form: .bound)
        } else if let number = object["below"].flatMap(Self.number) {
            self.init(measure: measure, bound: .below(number), within: within, form: .bound)
        } else {
            return nil
        }
    }

    init(first expression: EventExpression, within: Lapse, learning: Lapse?) {
        self.init(
            measure: .first(expression), bound: .atLeast(Decimal(exactly: 1)), within: within,
            form: .first(learning: learning))
    }

    /// Of a number, or of a text that is one.
    static func number(_ value: JSONValue) -> Decimal? {
        switch value {
        case .string(let text): Decimal(text)
        case .number(let number): Decimal(number.text)
        default: nil
        }
    }

    /// How many events within the window are as frequent as that; nil when that is none or too many.
    static func count(rate: Double, per: Lapse, within: Lapse) -> Int? {
        let count = (rate * within.period.seconds / per.period.seconds).rounded(.up)
        return count >= 1 && count <= Double(countAtMost) ? Int(count) : nil
    }
}

extension RuleSequence {
    var object: JSONObject {
        var object = JSONObject()
        _ = object.append("steps", .array(steps.map { .object($0.object) }))
        _ = object.append("within", .string(within.text))
        return object
    }

    init?(stored object: JSONObject, on patterns: [EventPattern]) {
        guard let within = object["within"]?.asString.flatMap({ Lapse($0) }),
            let steps = object["steps"]?.asArray
        else { return nil }
        self.init(steps: steps.compactMap { Step(stored: $0, on: patterns) }, within: within)
    }
}

extension RuleSequence.Step {
    var object: JSONObject {
        var object = JSONObject()
        if !on.isEmpty { _ = object.append("on", .array(on.map { .string($0.text) })) }
        if let when { _ = object.append("when", .string(when.source)) }
        if count != 1 { _ = object.append("count", .number(JSONNumber(count))) }
        return object
    }

    init?(stored value: JSONValue, on patterns: [EventPattern]) {
        guard let object = value.asObject else { return nil }
        let on = object["on"]?.asArray?.compactMap { $0.asString.flatMap { EventPattern(ofRule: $0) } } ?? []
        self.init(
            on: on,
            when: object["when"]?.asString.map { Condition(stored: $0, on: on.isEmpty ? patterns : on) },
            count: object["count"]?.asInt.map { Int($0) } ?? 1)
    }
}
