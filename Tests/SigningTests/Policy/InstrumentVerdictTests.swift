import Exchanges
import JSON
import Kernel
import Signing
import Testing

/// `BTCUSDT` takes steps of 0.001 from 0.002 to 100, prices of 0.5, and orders of at least 10.
@Suite struct InstrumentVerdictTests {
    private func refused(_ order: OrderIntent) -> [String] {
        InstrumentVerdict.all(of: Made.facts([order])).compactMap { verdict in
            verdict.verdict == .denied ? "\(verdict.check.rawValue): \(verdict.reason ?? "")" : nil
        }
    }

    @Test func `what the exchange would take is taken`() {
        #expect(refused(Made.order(quantity: "0.123", price: "50000.5")) == [])
        let verdicts = InstrumentVerdict.all(of: Made.facts([Made.order()]))
        #expect(verdicts.map(\.check) == InstrumentVerdict.Check.allCases)
        #expect(verdicts.allSatisfy { $0.verdict == .allowed && $0.reason == nil })
    }

    @Test(arguments: [
        ("0.1234", "50000", ["lot_step: quantity 0.1234 is no multiple of 0.001"]),
        ("0.1", "50000.3", ["tick_size: price 50000.3 is no multiple of 0.5"]),
        ("0.001", "50000", ["min_quantity: quantity 0.001 is less than 0.002"]),
        ("101", "50000", ["max_quantity: quantity 101 is more than 100"]),
        ("0.1", "99.5", ["min_notional: 9.95 USDT is less than 10 USDT"]),
        (
            "0.0001", "0.1",
            [
                "lot_step: quantity 0.0001 is no multiple of 0.001",
                "tick_size: price 0.1 is no multiple of 0.5",
                "min_quantity: quantity 0.0001 is less than 0.002",
                "min_notional: 0.00001 USDT is less than 10 USDT",
            ]
        ),
    ])
    func `what the exchange would refuse is said, and never rounded`(
        quantity: String, price: String, expected: [String]
    ) {
        #expect(refused(Made.order(quantity: quantity, price: price)) == expected)
    }

    @Test func `an amount of the quote currency has no steps`() {
        let order = Made.order(.buy, .market, quantity: "9.99") { $0.unit = .quote }
        #expect(refused(order) == ["min_notional: 9.99 USDT is less than 10 USDT"])
    }

    @Test func `what is not known is not said`() {
        #expect(InstrumentVerdict.all(of: Made.facts([Made.order(.buy, .market, "NEWUSDT")])) == [])
        #expect(InstrumentVerdict.all(of: Made.facts(RequestMeaning(.read))) == [])
        let plain = InstrumentVerdict.all(of: Made.facts([Made.order(.buy, .market, "BTCEUR")]))
        #expect(plain.allSatisfy { $0.verdict == .notApplicable } && plain.count == 5)
        var facts = Made.facts([Made.order(.buy, .market)])
        facts.prices = [:]
        #expect(InstrumentVerdict.all(of: facts).last?.verdict == .notApplicable)
    }

    @Test func `of a batch each order is named`() {
        let orders = [Made.order(), Made.order(price: "0.1")]
        let found = InstrumentVerdict.all(of: Made.facts(orders)).filter { $0.verdict == .denied }
        #expect(found.map(\.order) == [2, 2])
    }
}
