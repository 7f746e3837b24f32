import Expressions
import Indicators
import Signals

/// What a rule's expressions may ask of a bar: its prices, any line of any indicator as a call
/// (`sma(50)`, `macd_signal(12, 26, 9)`; without numbers the usual ones), the grades and the market.
enum BarVocabulary {
    static let environment: Environment = {
        var environment = Environment([
            "open": .double, "high": .double, "low": .double, "close": .double, "volume": .double,
            "grade": .object(grade), "market": .object(market),
        ])
        environment.remembers = true
        environment.columns = Columns(IndicatorLine.allCases.map(\.rawValue), column)
        return environment
    }()

    private static let grade = ObjectType(
        name: "grade",
        fields: Dictionary(uniqueKeysWithValues: GradeModel.allCases.map { ($0.field, .nullable(.double)) }))

    private static let market = ObjectType(
        name: "market",
        fields: ["gate": .bool, "close": .nullable(.double), "sma50": .nullable(.double)])

    @Sendable private static func column(_ name: String, _ numbers: [Double]) -> Columns.Column {
        do throws(IndicatorMistake) {
            let indicator = try IndicatorName(name + numbers.map(text).joined(separator: "_"))
            return .variable(indicator.text, .nullable(.double))
        } catch {
            guard case .parameters(let line, _) = error else { return .refused(error.description) }
            let usual = (try? IndicatorName(line.rawValue))?.parameters ?? []
            let example = usual.map(text).joined(separator: ", ")
            return .refused("\(name) takes \(usual.count) numbers, as in \(name)(\(example)), or none")
        }
    }

    private static func text(_ number: Double) -> String {
        guard number == number.rounded(), number.magnitude < 1e9 else { return "\(number)" }
        return String(Int(number))
    }
}

/// One closed bar as an expression sees it. Nothing of another bar can be reached from here but what the
/// streams have carried along.
struct BarView: FieldSource {
    let bar: RuleBar
    let indicators: [IndicatorName]
    let values: [Double?]
    let grades: [GradeReading]

    func field(_ name: String) -> FieldValue {
        switch name {
        case "open": .value(.double(bar.candle.open))
        case "high": .value(.double(bar.candle.high))
        case "low": .value(.double(bar.candle.low))
        case "close": .value(.double(bar.candle.close))
        case "volume": .value(.double(bar.candle.volume))
        case "grade": .value(.object(GradesView(grades: grades)))
        case "market": .value(.object(MarketView(bar: bar)))
        default: indicators.firstIndex { $0.text == name }.map { .number(values[$0]) } ?? .absent
        }
    }

    func value(_ indicator: IndicatorName) -> Double? {
        indicators.firstIndex(of: indicator).flatMap { values[$0] }
    }

    var fieldNames: [String] { ["open", "high", "low", "close", "volume", "grade", "market"] }
}

private struct GradesView: FieldSource {
    let grades: [GradeReading]

    func field(_ name: String) -> FieldValue {
        zip(GradeModel.allCases, grades).first { $0.0.field == name }.map { .number($0.1.value) } ?? .absent
    }

    var fieldNames: [String] { GradeModel.allCases.map(\.field) }
}

private struct MarketView: FieldSource {
    let bar: RuleBar

    func field(_ name: String) -> FieldValue {
        switch name {
        case "gate": .value(.bool(bar.gate.isOpen))
        case "close": .number(bar.gate.market?.close)
        case "sma50": .number(bar.gate.market?.sma50)
        default: .absent
        }
    }

    var fieldNames: [String] { ["gate", "close", "sma50"] }
}

extension FieldValue {
    fileprivate static func number(_ value: Double?) -> FieldValue {
        .value(value.map { .double($0) } ?? .null)
    }
}
