import Expressions
import JSON
import Testing

@Suite struct ConformanceTests {
    @Test(arguments: ExpressionCase.files)
    func `every row of the table comes out as it says`(file: String) throws {
        let cases = try ExpressionCase.all(in: file)
        #expect(cases.count > 20)
        for row in cases { check(row, file) }
    }

    @Test func `thousands of generated expressions come out as in Google's implementation`() throws {
        let rows = try ExpressionCase.generated()
        #expect(rows.count >= 3_000)
        for row in rows {
            let result = (try? Expression(row.expression, in: row.environment))?.evaluate(row.bindings)
            switch (result, row.outcome) {
            case (.success(let value), .value(let wanted)):
                #expect(value.isAlike(wanted), "\(row.expression) is \(value.shown), not \(wanted.shown)")
            case (.failure, .error), (nil, .error): continue
            case (.success(let value), _): Issue.record("\(row.expression) is \(value.shown), there an error")
            case (.failure(let error), _): Issue.record("\(row.expression): \(error.message)")
            case (nil, _): Issue.record("\(row.expression) is refused")
            }
        }
    }

    private func check(_ row: ExpressionCase, _ file: String) {
        let expression: Expression
        do throws(ExpressionMistake) {
            expression = try Expression(row.expression, in: row.environment)
        } catch {
            if case .refused(let kind) = row.outcome, kind == error.kind.text { return }
            Issue.record("\(file): \(row.expression): refused as \(error.kind.text): \(error.sentence)")
            return
        }
        let result = expression.evaluate(row.bindings)
        switch (result, row.outcome) {
        case (.success(let value), .value(let wanted)):
            #expect(
                value.isAlike(wanted), "\(file): \(row.expression) is \(value.shown), not \(wanted.shown)")
        case (.failure(let error), .error(let code)):
            #expect(error.code.rawValue == code, "\(file): \(row.expression): \(error.message)")
        case (.success(let value), _):
            Issue.record("\(file): \(row.expression) is \(value.shown), and was to be \(row.outcome)")
        case (.failure(let error), _):
            Issue.record("\(file): \(row.expression) gives \(error.code): \(error.message)")
        }
    }

    @Test(arguments: ExpressionCase.files)
    func `explaining gives the value that evaluating gives`(file: String) throws {
        for row in try ExpressionCase.all(in: file) {
            guard let expression = try? Expression(row.expression, in: row.environment) else { continue }
            let parts = expression.explain(row.bindings)
            let end = row.expression.unicodeScalars.count
            #expect(parts.allSatisfy { 0 <= $0.range.lowerBound && $0.range.upperBound <= end })
            guard let whole = parts.first(where: { $0.range.count >= end }) else { continue }
            switch (expression.evaluate(row.bindings), whole.result) {
            case (.success(let a), .success(let b)): #expect(a.isAlike(b), "\(row.expression)")
            case (.failure(let a), .failure(let b)): #expect(a.code == b.code, "\(row.expression)")
            default: Issue.record("\(row.expression) is explained as something else")
            }
        }
    }
}

extension ExpressionMistake.Kind {
    var text: String {
        switch self {
        case .malformed: "malformed"
        case .unknownName: "unknown_name"
        case .unknownField: "unknown_field"
        case .unknownFunction: "unknown_function"
        case .wrongType: "wrong_type"
        case .wrongArgumentCount: "wrong_argument_count"
        case .tooLarge: "too_large"
        }
    }
}

extension Value {
    /// The same value and the same type, which CEL's own equality does not ask for.
    func isAlike(_ other: Value) -> Bool { shown == other.shown }

    var shown: String {
        switch self {
        case .list(let elements): "[\(elements.map(\.shown).joined(separator: ", "))]"
        case .map(let map):
            "{\(map.entries.map { "\($0.key.shown): \($0.value.shown)" }.joined(separator: ", "))}"
        case .double(let value): value.isNaN ? "double(nan)" : "double(\(value))"
        default: "\(typeName.rawValue)(\(JSONText.of(json)))"
        }
    }
}

private enum JSONText {
    static func of(_ value: JSONValue) -> String { String(decoding: value.bytes, as: UTF8.self) }
}
