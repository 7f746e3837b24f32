import Expressions
package import JSON
import Signals

extension TradingRule {
    static let sourceLength = 1...2_000

    /// Either `enter` and `leave`, or `hold`, or a `model` with its thresholds, or a model's `signal`; all
    /// mistakes are told.
    package static func read(_ fields: inout Fields) -> TradingRule? {
        // A signal has its own gate and thresholds.
        if fields.has("signal") { return TradingRule(.signal(fields.choice("signal", GradeModel.self))) }
        if fields.has("model") { return model(&fields) }
        let gate = fields.bool("gate", default: false)
        if fields.has("hold") {
            let hold = condition("hold", &fields)
            for name in ["enter", "leave"] where fields.take(name) != nil {
                fields.fail(name, code: "conflict", "a rule has hold, or enter and leave")
            }
            return hold.map { TradingRule(.level($0), isGated: gate) }
        }
        let (enter, leave) = (condition("enter", &fields), condition("leave", &fields))
        guard let enter, let leave else { return nil }
        return TradingRule(.states(enter: enter, leave: leave), isGated: gate)
    }

    private static func model(_ fields: inout Fields) -> TradingRule? {
        let model = fields.choice("model", GradeModel.self)
        let (enter, leave) = (fields.double("enter", 0...100), fields.double("leave", 0...100))
        let gate = fields.bool("gate", default: true)
        if leave > enter { fields.fail("leave", code: FieldCode.outOfRange, "must not be above enter") }
        return TradingRule(.model(model, enter: enter, leave: leave), isGated: gate)
    }

    private static func condition(_ name: String, _ fields: inout Fields) -> BarCondition? {
        let source = fields.string(name, sourceLength)
        guard !source.isEmpty else { return nil }
        do throws(ExpressionMistake) {
            return try BarCondition(source)
        } catch {
            fields.fail(name, code: FieldCode.malformed, error.sentence)
            return nil
        }
    }
}
