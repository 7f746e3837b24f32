import Access
import Events
import Expressions
import JSON
import Kernel

/// How a course is read from a request.
extension Fields {
    mutating func course(on patterns: [EventPattern], now: Timestamp) -> RuleCourse {
        RuleCourse(
            hold: lapse(optional: "for"), window: window(on: patterns), sequence: sequence(on: patterns),
            recoverWhen: condition("recover_when", on: patterns),
            noDataAfter: lapse(optional: "no_data_after"), expiresAt: expiry(after: now))
    }

    static let lapseHint = "a number and a unit, as 15m, at most 10 years"

    mutating func lapse(optional name: String) -> Lapse? {
        parsed(optional: name, expected: Self.lapseHint) { Lapse($0) }
    }

    mutating func expiry(after now: Timestamp) -> Timestamp? {
        let time = parsed(optional: "expires_at", expected: "an RFC 3339 time") { Timestamp($0) }
        if let time, time <= now { fail("expires_at", code: FieldCode.malformed, "must be in the future") }
        return time
    }

    // MARK: Windows

    mutating func window(on patterns: [EventPattern]) -> RuleWindow? {
        object(optional: "window") { f in f.readWindow(on: patterns) } ?? nil
    }

    private mutating func readWindow(on patterns: [EventPattern]) -> RuleWindow? {
        let within = parsed("within", expected: Self.lapseHint) { Lapse($0) }
        if has("first"), !isNull("first") { return readFirst(within: within, on: patterns) }
        let distinct = expression("distinct", on: patterns)
        let sum = expression("sum", on: patterns)
        if distinct != nil, sum != nil {
            fail("sum", code: FieldCode.notAChoice, "cannot stand beside distinct")
        }
        let measure = distinct.map { RuleWindow.Measure.distinct($0) } ?? sum.map { .sum($0) } ?? .events
        guard let (bound, form) = bound(of: measure, within: within), let within else { return nil }
        return RuleWindow(measure: measure, bound: bound, within: within, form: form)
    }

    private mutating func readFirst(within: Lapse?, on patterns: [EventPattern]) -> RuleWindow? {
        let first = expression("first", on: patterns)
        let learning = lapse(optional: "learning")
        for name in ["distinct", "sum", "count", "absence", "rate", "at_least", "below"]
        where has(name) && !isNull(name) {
            fail(name, code: FieldCode.notAChoice, "cannot stand beside first")
            _ = take(name)
        }
        guard let first, let within else { return nil }
        return RuleWindow(first: first, within: within, learning: learning)
    }

    private mutating func bound(
        of measure: RuleWindow.Measure, within: Lapse?
    ) -> (RuleWindow.Bound, RuleWindow.Form)? {
        let named = ["count", "absence", "rate", "at_least", "below"].filter { has($0) && !isNull($0) }
        guard named.count == 1, let name = named.first else {
            let place = named.count > 1 ? named[1] : "at_least"
            let hint =
                named.count > 1
                ? "cannot stand beside \(named[0])" : "says how much; or count, rate, absence, below"
            fail(place, code: named.isEmpty ? FieldCode.missing : FieldCode.notAChoice, hint)
            return nil
        }
        if measure != .events, !["at_least", "below"].contains(name) {
            fail(name, code: FieldCode.notAChoice, "counts events; distinct and sum take at_least or below")
        }
        switch name {
        case "count":
            return (.atLeast(Decimal(exactly: int("count", 1...RuleWindow.countAtMost))), .count)
        case "absence":
            if !bool("absence") { fail("absence", code: FieldCode.notAChoice, "is true or left out") }
            return (.below(Decimal(exactly: 1)), .absence)
        case "rate": return rate(within: within)
        default:
            guard let number = threshold(name, of: measure) else { return nil }
            return (name == "below" ? .below(number) : .atLeast(number), .bound)
        }
    }

    private mutating func rate(within: Lapse?) -> (RuleWindow.Bound, RuleWindow.Form)? {
        let rate = double("rate", 0...1e9)
        guard let per = parsed("per", expected: Self.lapseHint, { Lapse($0) }), let within else { return nil }
        guard let count = RuleWindow.count(rate: rate, per: per, within: within) else {
            fail(
                "rate", code: FieldCode.malformed,
                "must come to 1 to \(RuleWindow.countAtMost) events within the window")
            return nil
        }
        return (.atLeast(Decimal(exactly: count)), .rate(rate, per: per))
    }

    private mutating func threshold(_ name: String, of measure: RuleWindow.Measure) -> Decimal? {
        guard case .sum = measure else {
            return Decimal(exactly: int(name, 1...RuleWindow.countAtMost))
        }
        guard let number = take(name).flatMap(RuleWindow.number) else {
            fail(name, code: FieldCode.malformed, "must be a number, or a string such as 100000.50")
            return nil
        }
        return number
    }

    private mutating func expression(_ name: String, on patterns: [EventPattern]) -> EventExpression? {
        guard let source = string(optional: name, 1...ExpressionLimits.characters) else { return nil }
        do throws(ExpressionMistake) {
            return try EventExpression(source, on: patterns)
        } catch {
            fail(name, error)
            return nil
        }
    }

    // MARK: Sequences

    mutating func sequence(on patterns: [EventPattern]) -> RuleSequence? {
        let sequence = object(optional: "sequence") { f -> RuleSequence? in
            let steps = f.array("steps", count: 2...RuleSequence.stepsAtMost) { $0.step(of: patterns) }
            if RuleSequence.total(of: steps) > RuleSequence.entriesAtMost {
                let most = RuleSequence.entriesAtMost
                f.fail("steps", code: FieldCode.outOfRange, "must count to \(most) events together at most")
            }
            return f.parsed("within", expected: Self.lapseHint) { Lapse($0) }.map {
                RuleSequence(steps: steps, within: $0)
            }
        }
        return sequence ?? nil
    }

    private mutating func step(of patterns: [EventPattern]) -> RuleSequence.Step {
        var on: [EventPattern] = []
        if has("on"), !isNull("on") {
            on = eventPatterns()
            for (index, pattern) in on.enumerated() where !pattern.isWithin(patterns) {
                fail("on", index: index, code: FieldCode.notAChoice, "is not among what the rule's on takes")
            }
        }
        let isNamed = has("on") && !isNull("on") || has("when") && !isNull("when")
        let when = condition("when", on: on.isEmpty ? patterns : on)
        if !isNamed {
            fail("when", code: FieldCode.missing, "or on must say which events the step takes")
        }
        return RuleSequence.Step(
            on: on, when: when, count: int(optional: "count", 1...RuleSequence.countAtMost) ?? 1)
    }
}

extension EventPattern {
    /// Whether the others take all that it takes.
    fileprivate func isWithin(_ others: [EventPattern]) -> Bool {
        if others.contains(self) { return true }
        if takesCustom {
            let area = text.hasSuffix("*") ? String(text.dropLast()) : text
            return others.contains { $0.text.hasSuffix(".*") && area.hasPrefix($0.text.dropLast()) }
        }
        return types.allSatisfy { type in others.contains { $0.matches(type) } }
    }
}

// MARK: What does not go together

extension RuleContent {
    mutating func refuseCombinations(_ f: inout Fields) {
        guard !f.hasMistakes else { return }
        let isBelow = course.window?.isBelow == true
        let crosses = when?.remembers == true
        if course.window?.isFirst == true {
            let what = "a first value is a moment; it does not last"
            if course.hold != nil { f.fail("for", code: FieldCode.notAChoice, what) }
            if course.recoverWhen != nil { f.fail("recover_when", code: FieldCode.notAChoice, what) }
            if crosses { f.fail("when", code: FieldCode.notAChoice, "crosses nothing beside first") }
        }
        if course.sequence != nil, course.window != nil {
            f.fail("sequence", code: FieldCode.notAChoice, "cannot stand beside window")
        }
        if course.hold != nil {
            if course.sequence != nil || crosses && course.window == nil {
                let what = course.sequence != nil ? "a sequence" : "a crossing"
                f.fail("for", code: FieldCode.notAChoice, "\(what) is a moment; it does not last")
            } else if course.window == nil, when == nil {
                f.fail("for", code: FieldCode.notAChoice, "needs a when or a window that may end")
            }
        }
        if course.recoverWhen != nil {
            if isBelow {
                f.fail("recover_when", code: FieldCode.notAChoice, "the window ends by itself")
            } else if when == nil, course.window == nil, course.sequence == nil {
                f.fail("recover_when", code: FieldCode.notAChoice, "needs a when, a window or a sequence")
            }
        }
    }

    /// What stands in the course must fit the new `on` too.
    mutating func readCourseAgain(_ f: inout Fields) {
        guard !on.isEmpty, let object = try? JSONValue.parse(JSONValue.object(course.object).bytes),
            var again = try? Fields(object)
        else { return }
        let far = Timestamp(microseconds: .min)
        let course = again.course(on: on, now: far)
        do {
            try again.finish()
            self.course = course
        } catch {
            let first = error.errors.first
            f.fail(
                "on", code: FieldCode.notAChoice,
                "does not fit the rule's \(first?.pointer.dropFirst() ?? ""): \(first?.message ?? "")")
        }
    }
}
