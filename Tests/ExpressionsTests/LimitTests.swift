import Expressions
import JSON
import Testing

@Suite struct LimitTests {
    private func evaluate(_ source: String, cost: Int = ExpressionLimits.cost) throws -> Result<
        Value, EvaluationError
    > {
        let environment = Environment(["text": .string, "list": .list(.int), "data": .dyn])
        let list = Value.list((0..<1_000).map { .int($0) })
        let text = String(repeating: "a", count: 100_000)
        let data = try JSONValue.parse(#"{"huge": 1e400, "n": [1, 2.5, "x", null, {"k": 9007199254740993}]}"#)
        return try Expression(source, in: environment).evaluate(
            Variables([
                ("text", .string(text)), ("list", list),
                ("data", .object(JSONFields(data.asObject ?? JSONObject()))),
            ]), cost: cost)
    }

    private func code(_ source: String, cost: Int = ExpressionLimits.cost) throws -> EvaluationError.Code? {
        if case .failure(let error) = try evaluate(source, cost: cost) { error.code } else { nil }
    }

    @Test func `length, nesting, height and elements are bounded`() {
        func kind(_ source: String) -> ExpressionMistake.Kind? {
            do throws(ExpressionMistake) {
                _ = try Expression(source, in: Environment([:]))
                return nil
            } catch { return error.kind }
        }
        func nested(_ open: String, _ inner: String, _ close: String, _ count: Int) -> String {
            String(repeating: open, count: count) + inner + String(repeating: close, count: count)
        }
        // What the specification wants at least: 32 of each.
        #expect(kind(nested("(", "1", ")", 32)) == nil)
        #expect(kind(nested("[", "1", "]", 32)) == nil)
        #expect(kind(nested("!", "true", "", 32)) == nil)
        #expect(kind(nested("1 + ", "1", "", 32)) == nil)
        #expect(kind(nested("true && ", "true", "", 500)) == nil)
        #expect(kind(nested("true ? 1 : ", "1", "", 32)) == nil)
        #expect(kind("[" + nested("1, ", "1", "", 100) + "]") == nil)
        #expect(kind(nested("(", "1", ")", 51)) == .tooLarge)
        #expect(kind(nested("!", "true", "", 1_000)) == .tooLarge)
        #expect(kind(nested("-", "dyn(1)", "", 1_000)) == .tooLarge)
        #expect(kind(nested("[", "1", "]", 2_000)) == .tooLarge)
        #expect(kind(nested("1 + ", "1", "", 500)) == .tooLarge)
        #expect(kind("[" + nested("1,", "1", "", 600) + "]") == .tooLarge)
        #expect(kind("dyn(1)" + nested(".a", "", "", 500)) == .tooLarge)
        #expect(kind(nested("[1].map(x, ", "1", ")", 5)) == .tooLarge)
        #expect(kind("1" + String(repeating: " ", count: 4_096)) == .tooLarge)
    }

    @Test(arguments: [
        "list.all(a, list.all(b, list.all(c, a + b + c >= 0)))", "list.map(a, list).map(b, b + b)[0] == list",
        "text.matches('(a*)*b') || text.matches('(a|a)*c')", "list.exists(x, text.contains('b'))",
        "list.filter(x, list == list.map(y, y))[0] == 1", "false && list.all(x, text == text)",
        "list.all(x, list.all(y, x == y || true)) || true",
    ])
    func `what costs more than its limit is an error, which nothing swallows`(source: String) throws {
        let code = try code(source, cost: 20_000)
        if source.hasPrefix("false &&") {
            #expect(code == nil)
        } else {
            #expect(code == .costExceeded)
        }
    }

    @Test func `results are bounded`() throws {
        #expect(try code("text + text") == .resultTooLarge)
        #expect(try code("text + text == '' || true") == .resultTooLarge)
        let doubled = String(repeating: ".map(x, [x, x])", count: 40)
        #expect(try code("['a']\(doubled)") == nil)
        let grown = String(repeating: " + list", count: 11)
        #expect(try code("list\(grown)") == .resultTooLarge)
    }

    @Test func `a small cost is enough for a small expression, and each unit counts`() throws {
        #expect(try code("1 + 1 == 2", cost: 6) == nil)
        #expect(try code("1 + 1 == 2", cost: 5) == .costExceeded)
    }

    @Test func `numbers of JSON are ints when they are whole, and what is no number is an error`() throws {
        #expect(try evaluate("data.n[4].k == 9007199254740993").get().json == true)
        #expect(try evaluate("type(data.n[0]) == int && type(data.n[1]) == double").get().json == true)
        #expect(try evaluate("data.n[3] == null && has(data.n[4].k) && !has(data.gone)").get().json == true)
        #expect(try evaluate("size(data) == 2 && data.exists(k, k == 'huge')").get().json == true)
        #expect(try code("data.huge > 1") == .unusableValue)
        #expect(try code("data.gone > 1") == .noSuchField)
        #expect(try evaluate("data.huge > 1 || true").get().json == true)
    }

    @Test func `errors tell where they stand`() throws {
        let expression = try Expression("1 == 1 &&\n  1 / (1 - 1) == 2", in: Environment([:]))
        guard case .failure(let error) = expression.evaluate(Variables([])) else {
            Issue.record("no error")
            return
        }
        #expect(error.code == .divisionByZero)
        #expect(expression.text(of: error) == "1 / (1 - 1)")
        #expect(expression.position(of: error).line == 2)
        #expect(expression.position(of: error).column == 3)
    }

    @Test func `every part is explained, also those that decide nothing any more`() throws {
        let expression = try Expression(
            "x > 1 || y > 1 / 0 ? [x].exists(e, e == 2) : z",
            in: Environment(["x": .int, "y": .int, "z": .bool]))
        let parts = expression.explain(Variables([("x", .int(2)), ("y", .int(3)), ("z", .bool(false))]))
        #expect(
            parts.map(\.text) == [
                "x > 1 || y > 1 / 0 ? [x].exists(e, e == 2) : z", "x > 1 || y > 1 / 0", "x > 1", "x",
                "y > 1 / 0",
                "y", "1 / 0", "[x].exists(e, e == 2)", "[x]", "x", "e == 2", "e",
            ])
        let texts = parts.map { part -> String in
            switch part.result {
            case .success(let value): String(decoding: value.json.bytes, as: UTF8.self)
            case .failure(let error): error.code.rawValue
            }
        }
        #expect(
            texts == [
                "true", "true", "true", "2", "division_by_zero", "3", "division_by_zero", "true", "[2]", "2",
                "true",
                "2",
            ])
    }
}
