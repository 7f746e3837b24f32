import Expressions
import JSON

extension FuzzTarget {
    /// An expression means the same with blanks around it; a mistake points into the text; its cost and its
    /// explanation keep within their bounds.
    static let expression = FuzzTarget(name: "Expression") { input throws(Finding) in
        let source = String(decoding: input, as: UTF8.self)
        let expression: Expression
        do throws(ExpressionMistake) {
            expression = try Expression(source, in: environment)
        } catch {
            let end = source.unicodeScalars.count
            try require((0...end).contains(error.position.offset), "a mistake at \(error.position) of \(end)")
            return
        }
        let result = expression.evaluate(variables, cost: 5_000)
        try check(result, of: expression, source)
        if let padded = try? Expression("\n \(source)\n ", in: environment) {
            let again = padded.evaluate(variables, cost: 5_000)
            try require(text(again) == text(result), "blanks change what an expression means")
        }
        for part in expression.explain(variables, cost: 5_000) {
            let end = source.unicodeScalars.count
            try require(part.range.upperBound <= end, "a part stands behind the end")
            if case .success(let value) = part.result { _ = value.json }
        }
    }

    /// A pattern searches the same twice, and within its steps.
    static let regex = FuzzTarget(name: "Regex") { input throws(Finding) in
        let halves = input.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
        let pattern = String(decoding: halves.first ?? [], as: UTF8.self)
        let text = halves.count > 1 ? String(decoding: halves[1], as: UTF8.self) : pattern
        let regex: Regex
        do throws(RegexMistake) {
            regex = try Regex(pattern)
        } catch {
            let end = pattern.unicodeScalars.count
            try require((0...end).contains(error.offset), "a mistake at \(error.offset) of \(end)")
            return
        }
        var steps = 100_000
        let found = regex.search(text, steps: &steps)
        try require(steps > -ExpressionLimits.regexInstructions * 2, "a search went on without steps")
        var more = 200_000
        let again = regex.search(text, steps: &more)
        try require(found == nil || found == again, "more steps change what a search finds")
    }

    private static func check(
        _ result: Result<Value, EvaluationError>, of expression: Expression, _ source: String
    ) throws(Finding) {
        switch result {
        case .success(let value):
            if expression.type == .bool {
                try require(value.typeName == .bool, "a bool by its type is a \(value.typeName)")
            }
            if expression.type == .string {
                try require(value.typeName == .string, "a string by its type is a \(value.typeName)")
            }
        case .failure(let error):
            try require(error.range.upperBound <= source.unicodeScalars.count, "an error behind the end")
        }
    }

    private static func text(_ result: Result<Value, EvaluationError>) -> String {
        switch result {
        case .success(let value): String(decoding: value.json.bytes, as: UTF8.self)
        case .failure(let error): error.code.rawValue
        }
    }

    private static let environment = Environment([
        "event": .object(
            ObjectType(
                name: "event",
                fields: [
                    "type": .string, "grade": .double, "previous": .nullable(.double), "tags": .list(.string),
                    "data": .map(.string, .dyn),
                ])),
        "x": .int, "d": .dyn,
    ])

    private static let variables: Variables = {
        let text = """
            {"type": "grade.changed", "grade": 71, "previous": 69.5, "tags": ["a", "b"],
             "data": {"a": {"b": 1}, "n": null}}
            """
        let event = (try? JSONValue.parse(text))?.asObject ?? JSONObject()
        return Variables([
            ("event", .object(JSONFields(event))), ("x", .int(7)),
            ("d", .list([.int(1), .double(2.5), .string("x"), .null])),
        ])
    }()
}
