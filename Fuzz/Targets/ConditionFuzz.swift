import Alerts
import JSON

extension FuzzTarget {
    /// A condition means the same with blanks around it and said twice; a mistake points into the text.
    static let condition = FuzzTarget(name: "Condition") { input throws(Finding) in
        let source = String(decoding: input, as: UTF8.self)
        let condition: Condition
        do throws(ConditionMistake) {
            condition = try Condition(source)
        } catch {
            let end = source.unicodeScalars.count + 1
            try require((1...end).contains(error.column), "a mistake at \(error.column) of \(end)")
            return
        }
        let verdict = condition.evaluate(event)
        if let padded = try? Condition("\n \(source)\n ") {
            try require(padded.evaluate(event) == verdict, "blanks change what a condition means")
        }
        if let twice = try? Condition("\(source)\n&& \(source)") {
            try require(twice.evaluate(event) == verdict, "said twice, a condition means something else")
        }
        try checkExplained(condition, verdict)
    }

    private static func checkExplained(
        _ condition: Condition, _ verdict: Condition.Verdict
    ) throws(Finding) {
        let values = condition.evaluateExplained(event)
        try require(!values.isEmpty, "nothing is explained")
        if verdict == .holds {
            try require(values.allSatisfy { $0.error == nil }, "a condition that holds explains an error")
        }
        for value in values {
            try require(value.error == nil || value.value == .null, "an error has a value")
        }
    }

    private static let event: JSONObject = {
        let text = """
            {"id": "evt_1", "type": "grade.changed", "grade": 71, "previous": 69.5, "stale": false,
            "token": "BTC-USD", "note": null, "tags": ["a"], "data": {"a": {"b": 1}}}
            """
        return (try? JSONValue.parse(text))?.asObject ?? JSONObject()
    }()
}
