package import Events
import JSON

extension Condition {
    /// Holds the condition against what the events of `on` have. A field that some of the types lack must be
    /// guarded by `event.type == …`, because a missing field is an error.
    package func check(on patterns: [EventPattern]) throws(ConditionMistake) {
        let scope = try narrowed(EventScope(patterns))
        for comparison in comparisons {
            try scope.check(comparison)
        }
    }

    /// The types that comparisons of `event.type` leave.
    private func narrowed(_ scope: EventScope) throws(ConditionMistake) -> EventScope {
        var scope = scope
        for comparison in comparisons where comparison.field.names == ["type"] {
            guard case .string(let name) = comparison.literal else { continue }
            switch comparison.relation {
            case .equal:
                scope.keep(only: name)
                if scope.isEmpty {
                    throw ConditionMistake(
                        .unknownField, at: comparison.literalColumn, EventScope.mistake(inType: name))
                }
            case .notEqual: scope.drop(name)
            default: continue
            }
        }
        return scope
    }
}

extension FieldPath {
    /// For `group_by`: at least one type must have the field; where it is missing, the group's value is null.
    package func mistake(on patterns: [EventPattern]) -> String? {
        let scope = EventScope(patterns)
        guard !scope.takesCustom, scope.types.allSatisfy({ EventScope.field(names[0], of: $0) == nil }) else {
            return nil
        }
        return "no event type of on has the field \(names[0])\(scope.hint(for: names[0]))"
    }
}

/// The event types that a condition may meet.
struct EventScope {
    private(set) var types: [EventType]
    private(set) var takesCustom: Bool

    init(_ patterns: [EventPattern]) {
        types = EventType.all.filter { type in
            type.isOpenToRules && patterns.contains { $0.matches(type) }
        }
        takesCustom = patterns.contains(where: \.takesCustom)
    }

    var isEmpty: Bool { types.isEmpty && !takesCustom }

    mutating func keep(only name: String) {
        types.removeAll { $0.name != name }
        takesCustom = takesCustom && EventType(name)?.isCustom == true
    }

    mutating func drop(_ name: String) { types.removeAll { $0.name == name } }

    func check(_ comparison: Comparison) throws(ConditionMistake) {
        let path = comparison.field
        let name = path.names[0]
        let lacking = types.filter { Self.field(name, of: $0) == nil }
        guard lacking.isEmpty else {
            throw ConditionMistake(
                .unknownField, at: comparison.fieldColumn, sentence(name, lacking: lacking))
        }
        // A name of the envelope is declared even where own events hold anything.
        let declared = types.compactMap { Self.field(name, of: $0) } + EventType.envelope(name)
        for field in declared { try field.check(comparison) }
    }

    func hint(for name: String) -> String {
        let names = types.flatMap { $0.dataFields ?? [] }.map(\.name) + EventType.envelopeFields.map(\.name)
        return Suggestion.closest(to: name, among: names).map { "; did you mean event.\($0)?" } ?? ""
    }

    static func field(_ name: String, of type: EventType) -> EventField? {
        EventType.envelope(name).first ?? type.dataFields?.first { $0.name == name }
    }

    static func mistake(inType name: String) -> String {
        let guess = Suggestion.closest(to: name, among: EventType.all.map(\.name))
        return "on takes no event of this type" + (guess.map { "; did you mean \($0)?" } ?? "")
    }

    private func sentence(_ name: String, lacking: [EventType]) -> String {
        guard lacking.count < types.count, let having = types.first(where: { !lacking.contains($0) }) else {
            let names = lacking.map(\.name).joined(separator: ", ")
            return "event.\(name) is no field of \(names)\(hint(for: name))"
        }
        return """
            \(lacking[0]) has no field \(name), and a missing field is an error; \
            add event.type == "\(having)" or take \(lacking[0]) out of on
            """
    }
}

extension EventType {
    /// Alerts and what rules themselves report, so that no rule feeds itself.
    package var isOpenToRules: Bool { !name.hasPrefix("alert.") && self != .ruleFailed }

    fileprivate static func envelope(_ name: String) -> [EventField] {
        envelopeFields.filter { $0.name == name }
    }
}

extension EventField {
    /// CEL refuses what can only be false or an error when it checks types; so do we.
    fileprivate func check(_ comparison: Comparison) throws(ConditionMistake) {
        let path = comparison.field
        if path.names.count > 1 {
            if kind == .map { return }
            throw ConditionMistake(
                .wrongType, at: comparison.fieldColumn, "event.\(name) is \(kind.noun) and has no fields")
        }
        if kind == .strings || kind == .map {
            throw .later("comparing \(path), which is \(kind.noun),", at: comparison.fieldColumn)
        }
        let fits = kind.takes(comparison.literal) || (comparison.literal == .null && isNullable)
        guard fits else {
            let what =
                "\(path) is \(kind.noun)\(isNullable ? " or null" : ""), not \(comparison.literal.kind)"
            throw ConditionMistake(.wrongType, at: comparison.literalColumn, what)
        }
        if comparison.literal == .null, !comparison.relation.isEquality {
            throw ConditionMistake(
                .wrongType, at: comparison.literalColumn, "null has no order; use == or !=")
        }
    }
}

extension EventField.Kind {
    fileprivate var noun: String {
        switch self {
        case .string: "a string"
        case .strings: "a list of strings"
        case .number, .integer: "a number"
        case .boolean: "a boolean"
        case .map: "an object"
        }
    }

    fileprivate func takes(_ literal: Literal) -> Bool {
        switch (self, literal) {
        case (.string, .string), (.boolean, .bool), (.number, .int), (.number, .double), (.integer, .int),
            (.integer, .double):
            true
        default: false
        }
    }
}
