import Expressions
import Testing

struct ColumnTests {
    private static let environment: Environment = {
        var environment = Environment(["close": .double])
        environment.columns = Columns(["sma"]) { name, numbers in
            guard numbers.count == 1 else { return .refused("\(name) takes one number") }
            return .variable("\(name)\(Int(numbers[0]))", .nullable(.double))
        }
        return environment
    }()

    @Test func `a call with numbers reads a variable, and what is read is known before`() throws {
        let expression = try Expression(
            "close > sma(20) && sma(20) > sma(50.0)", in: Self.environment, giving: .bool)
        #expect(expression.variables == ["close", "sma20", "sma50"])
        let variables = Variables([
            ("close", .double(3)), ("sma20", .double(2)), ("sma50", .double(1)),
        ])
        guard case .success(.bool(true)) = expression.evaluate(variables) else {
            Issue.record("it does not hold")
            return
        }
    }

    @Test(arguments: [
        ("close > sma(close)", "sma takes written numbers"), ("close > sma()", "sma takes one number"),
        ("close > sna(20)", "did you mean sma?"), ("sma(20)", "takes a boolean"),
    ])
    func `a mistake is told where it stands`(_ source: String, _ message: String) {
        do throws(ExpressionMistake) {
            _ = try Expression(source, in: Self.environment, giving: .bool)
            Issue.record("\(source) was taken")
        } catch {
            #expect(error.message.contains(message))
        }
    }

    @Test func `where there are no columns there is no such function`() {
        #expect(throws: ExpressionMistake.self) {
            try Expression("sma(20)", in: Environment(["close": .double]))
        }
    }
}
