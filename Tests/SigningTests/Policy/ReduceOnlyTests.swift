import Exchanges
import Kernel
import Keys
import Signing
import Testing

@Suite struct ReduceOnlyTests {
    private static let policy = #"{"operations":["read","trade","cancel","stream","admin"]}"#

    private func denials(_ meaning: RequestMeaning, holding: [String: Decimal]? = nil) throws -> [String] {
        var facts = Made.facts(meaning)
        facts.key.status = .reduceOnly
        facts.holdings = holding
        return try Made.set(Self.policy).judge(facts).denials
    }

    @Test(arguments: [
        (RequestOperation.read, true), (.cancel, true), (.stream, true), (.admin, false),
    ])
    func `a reduce_only key reads and cancels`(operation: RequestOperation, isAllowed: Bool) throws {
        #expect(try denials(RequestMeaning(operation)) == (isAllowed ? [] : ["mode"]))
    }

    @Test func `a reduce_only key sends what the exchange itself holds to reducing`() throws {
        let reducing = Made.order(.sell, .market, "BTCUSDT-P", on: .linear) { $0.isReduceOnly = true }
        let closing = Made.order(.sell, .stopMarket, "BTCUSDT-P", on: .linear, quantity: nil) {
            $0.closesPosition = true
        }
        let opening = Made.order(.sell, .market, "BTCUSDT-P", on: .linear)
        #expect(try denials(RequestMeaning(.trade, orders: [reducing, closing])) == [])
        #expect(try denials(RequestMeaning(.trade, orders: [reducing, opening])) == ["mode"])
        // Spot has no such promise.
        let spot = Made.order(.sell) { $0.isReduceOnly = true }
        #expect(try denials(RequestMeaning(.trade, orders: [spot])) == ["mode"])
    }

    @Test func `on spot what is held may be sold, and no more`() throws {
        let sale = Made.order(.sell, quantity: "0.6")
        let meaning = RequestMeaning(.trade, orders: [sale])
        #expect(try denials(meaning) == ["mode"])
        #expect(try denials(meaning, holding: ["ETH": 9]) == ["mode"])
        #expect(try denials(meaning, holding: ["BTC": try Made.decimal("0.6")]) == [])
        #expect(try denials(meaning, holding: ["BTC": try Made.decimal("0.5")]) == ["mode"])
        #expect(try denials(RequestMeaning(.trade, orders: [sale, sale]), holding: ["BTC": 1]) == ["mode"])
        #expect(
            try denials(RequestMeaning(.trade, orders: [Made.order(.buy)]), holding: ["BTC": 1]) == ["mode"])
    }

    @Test func `of alternatives only one is sold`() throws {
        let legs = ["0.6", "1"].map { quantity in
            Made.order(.sell, quantity: quantity) { $0.alternative = 1 }
        }
        #expect(try denials(RequestMeaning(.trade, orders: legs), holding: ["BTC": 1]) == [])
        let more = legs + [Made.order(.sell, quantity: "0.1")]
        #expect(try denials(RequestMeaning(.trade, orders: more), holding: ["BTC": 1]) == ["mode"])
    }

    @Test func `the reason says what is missing`() throws {
        var facts = Made.facts([Made.order(.sell)])
        facts.key.status = .reduceOnly
        let reason = try Made.set(Self.policy).judge(facts).reason("mode")
        #expect(reason == "the key is reduce_only, and what the account holds is unknown")
    }

    @Test(arguments: [KeyStatus.quarantined, .suspended, .revoked])
    func `a key that is stopped does nothing`(status: KeyStatus) throws {
        var facts = Made.facts(RequestMeaning(.cancel))
        facts.key.status = status
        #expect(try Made.set(Self.policy).judge(facts).denials == ["mode"])
    }

    @Test(arguments: [
        #""hours":{"windows":[{"from":"01:00","to":"02:00"}]X}"#,
        #""orders":{"max_notional":{"amount":"1","currency":"USD"}X}"#,
        #""orders":{"max_price_distance_percent":"0.1"X}"#, #""orders":{"max_leverage":"1"X}"#,
        #""when":{"expression":"false"X}"#,
    ])
    func `a clause binds exits only when it says so`(text: String) throws {
        let exit = Made.order(.sell, .limit, "BTCUSDT-P", on: .linear, quantity: "9", price: "60000") {
            $0.isReduceOnly = true
            $0.leverage = 10
        }
        let start = #"{"operations":["trade"],"#
        let facts = Made.facts([exit])
        let opening = start + text.replacing("X", with: "") + "}"
        #expect(try Made.set(opening).judge(facts).isAllowed)
        let all = start + text.replacing("X", with: #","applies_to":"all""#) + "}"
        #expect(try !Made.set(all).judge(facts).isAllowed)
    }
}

extension Decimal: ExpressibleByIntegerLiteral {
    public init(integerLiteral value: Int) { self.init(exactly: value) }
}
