import Testing

@testable import Exchanges

/// What is said of a quantity that cannot be read.
@Suite struct NumberTests {
    private func sentence(_ quantity: String) throws -> String {
        let meaning = ExchangeName.binance.classifier.meaning(
            of: RequestClassifier.request(
                "POST spot /api/v3/order", "?symbol=BTCUSDT&side=BUY&type=LIMIT&price=5&quantity=\(quantity)")
        )
        let problem = try #require(meaning.problems.first)
        #expect(problem.name == "quantity")
        return problem.sentence
    }

    @Test(arguments: ["0." + String(repeating: "0", count: 31) + "1", String(repeating: "4", count: 44)])
    func `a number with more digits than can be counted is told so`(quantity: String) throws {
        let sentence = try sentence(quantity)
        #expect(sentence == "has too many digits: 36 at most, 30 of them behind the point")
        #expect(try self.sentence("-" + quantity) == sentence)
    }

    @Test(arguments: [
        "1e3", "%2B1", "00" + String(repeating: "4", count: 44), ".5", "5.", "1.2.3", "--1", "-", "1k",
    ])
    func `what is no plain number is told so`(quantity: String) throws {
        #expect(try sentence(quantity) == "must be a plain decimal number: no exponent, sign of plus or unit")
    }
}
