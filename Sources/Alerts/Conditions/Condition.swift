package import Events
package import Expressions
package import JSON

/// When a rule fires: an expression of CEL over `event`, read once and checked against the fields that the
/// rule's events have.
package struct Condition: Sendable {
    /// As written.
    package let source: String
    /// Nil for a stored one that cannot be read any more.
    private let expression: Expression?
    private let mistake: String

    /// - Parameter patterns: of the rule's `on`. Without any, only the text itself is checked.
    /// - Parameter remembers: whether `crosses_above` and its like may stand in it.
    package init(
        _ source: String, on patterns: [EventPattern], remembers: Bool = false
    ) throws(ExpressionMistake) {
        let environment = Environment.events(of: patterns, remembers: remembers)
        self.init(source, try Expression(source, in: environment, giving: .bool), "")
    }

    private init(_ source: String, _ expression: Expression?, _ mistake: String) {
        (self.source, self.expression, self.mistake) = (source, expression, mistake)
    }

    /// One that was checked when it was stored, perhaps by an older checker and against other fields: what
    /// does not fit any more is found when an event comes. If it cannot even be read, it is an error and not
    /// silence.
    package init(stored source: String, on patterns: [EventPattern], remembers: Bool = false) {
        if let checked = try? Condition(source, on: patterns, remembers: remembers) {
            self = checked
            return
        }
        do throws(ExpressionMistake) {
            try self.init(source, on: [], remembers: remembers)
        } catch {
            self.init(source, nil, "the condition cannot be read any more, \(error.sentence)")
        }
    }

    /// Whether it compares an event with the one before.
    package var remembers: Bool { (expression?.crossings ?? 0) > 0 }

    /// What of an event must have one of some values for it to hold.
    var equalities: [ConstantEquality] {
        (expression?.equalities ?? []).compactMap {
            $0.variable == "event" ? $0 : MarketVariables.equality($0)
        }
    }
}

/// What it says depends on its text and on the rule's `on`, which is compared beside it.
extension Condition: Equatable {
    package static func == (a: Condition, b: Condition) -> Bool { a.source.utf8.elementsEqual(b.source.utf8) }
}

extension Condition {
    package enum Verdict: Equatable, Sendable {
        case holds
        case fails
        /// Why it cannot be said. Never the same as false.
        case error(String)
    }

    /// Of one evaluation, in the units of `ExpressionLimits`: at most half a millisecond. Hundreds of rules
    /// meet an event one after the other, while it is written.
    static let cost = 5_000

    /// What a part of the condition came to; null with `error`.
    package struct ExpressionValue: Equatable, Sendable {
        package let expression: String
        package let value: JSONValue
        package let error: String?
    }

    /// - Parameter event: as `EventView` gives it.
    package func evaluate(_ event: JSONObject) -> Verdict {
        var memory = CrossingMemory()
        return evaluate(.object(JSONFields(event)), remembering: &memory)
    }

    /// - Parameters:
    ///   - event: an object with the fields of `EventView`.
    ///   - memory: what was at the group's event before, and is at this one.
    func evaluate(_ event: Value, remembering memory: inout CrossingMemory) -> Verdict {
        guard let expression else { return .error(mistake) }
        switch expression.evaluate(EventVariable(event), remembering: &memory, cost: Self.cost) {
        case .success(.bool(true)): return .holds
        case .success(.bool(false)): return .fails
        case .success(let value): return .error("the condition gives \(value.typeName.rawValue), not bool")
        case .failure(let error): return .error("\(expression.text(of: error)): \(error.message)")
        }
    }

    /// What all values of an explanation come to as text; what is more is not shown.
    private static let explanationBytes = 65_536

    /// Every part in the order written, the larger first, and each once.
    package func evaluateExplained(
        _ event: JSONObject, after memory: CrossingMemory = CrossingMemory()
    ) -> [ExpressionValue] {
        guard let expression else { return [] }
        var seen: Set<String> = []
        var left = Self.explanationBytes
        return expression.explain(
            EventVariable(.object(JSONFields(event))), after: memory, cost: Self.cost
        ).compactMap { part in
            guard seen.insert(part.text).inserted else { return nil }
            switch part.result {
            case .success(let value):
                let json = value.json
                let size = json.bytes.count
                guard size <= left else {
                    return .init(expression: part.text, value: .null, error: "too large to be shown")
                }
                left -= size
                return .init(expression: part.text, value: json, error: nil)
            case .failure(let error): return .init(expression: part.text, value: .null, error: error.message)
            }
        }
    }
}

/// The variables of a condition.
struct EventVariable: FieldSource {
    private let event: Value

    init(_ event: Value) { self.event = event }

    func field(_ name: String) -> FieldValue {
        if name == "event" { return .value(event) }
        guard case .object(let fields) = event else { return .absent }
        return MarketVariables.value(name, of: fields)
    }

    var fieldNames: [String] { ["event"] }
}
