import Access
import Exchanges
import HTTPServer
import JSON
import Kernel
import Keys
import Testing

@testable import Signing

/// What is set for orders to come, and what cannot be learnt just now.
@Suite struct PositionSettingTests {
    private static let policy =
        #"{"operations":["trade","admin"],"orders":{"max_leverage":"3","margin_modes":["isolated"]}}"#

    private func setting(_ setting: PositionSetting) -> UseFacts {
        var meaning = RequestMeaning(.admin)
        meaning.setting = setting
        return Made.facts(meaning)
    }

    @Test func `what sets leverage or a margin mode is judged by the clause about orders`() throws {
        let policy = try Made.set(Self.policy)
        let cases: [(PositionSetting, [String])] = [
            (PositionSetting(leverage: .told(try Made.decimal("3"))), []),
            (PositionSetting(leverage: .told(try Made.decimal("3.1"))), ["orders.max_leverage"]),
            (PositionSetting(leverage: .unknown), ["orders.max_leverage"]),
            (PositionSetting(marginMode: .told("isolated")), []),
            (PositionSetting(marginMode: .told("cross")), ["orders.margin_modes"]),
            (PositionSetting(marginMode: .unknown), ["orders.margin_modes"]),
        ]
        for (setting, denials) in cases {
            #expect(policy.judge(self.setting(setting)).denials == denials, "\(setting)")
        }
        #expect(policy.judge(Made.facts(RequestMeaning(.admin))).denials.isEmpty)
    }

    @Test func `a rule may leave nothing of admin but leverage`() throws {
        let policy = try Made.set(
            """
            {"operations":["trade","admin"],"deny":[{"name":"only_leverage",
            "when":"request.operation == 'admin' && !request.path.endsWith('/leverage')"}]}
            """)
        var facts = setting(PositionSetting(leverage: .told(try Made.decimal("3"))))
        facts.path = "/fapi/v1/leverage"
        #expect(policy.judge(facts).denials.isEmpty)
        facts.path = "/sapi/v1/convert/acceptQuote"
        #expect(policy.judge(facts).denials == ["deny.only_leverage"])
        #expect(policy.judge(Made.facts([Made.order()])).denials.isEmpty)
    }

    @Test func `of an order that names neither, nobody says that the clauses are kept`() throws {
        let policy = try Made.set(Self.policy)
        let silent = Made.order(.buy, .limit, "BTCUSDT-P", on: .linear, quantity: "1")
        let judged = policy.judge(Made.facts([silent]))
        #expect(judged.isAllowed, "\(judged.denials)")
        for clause in ["orders.max_leverage", "orders.margin_modes"] {
            let verdict = judged.clauses.first { $0.clause.description == clause }
            #expect(verdict?.verdict == .notApplicable)
            #expect(verdict?.reason?.contains("what is set at the exchange holds") == true)
        }
        // Nothing is borrowed on spot, and who names both is held to both.
        #expect(policy.judge(Made.facts([Made.order()])).verdict("orders.max_leverage") == .allowed)
        let loud = Made.order(.buy, .limit, "BTCUSDT-P", on: .linear, quantity: "1") { order in
            (order.leverage, order.marginMode) = (Decimal(exactly: 2), "isolated")
        }
        #expect(policy.judge(Made.facts([loud])).verdict("orders.max_leverage") == .allowed)
        let both = policy.judge(Made.facts([silent, loud]))
        #expect(both.verdict("orders.max_leverage") == .notApplicable)
    }

    @Test func `a stream that admits orders is judged by what the exchange grants, too`() throws {
        var facts = Made.facts(RequestMeaning(.stream, admitsOrders: true))
        facts.key = Made.key(.active, [.read])
        let policy = try Made.set(#"{"operations":["stream"]}"#)
        #expect(policy.judge(facts).isAllowed)
        facts.key.granted = [.read, .tradeDerivatives]
        #expect(policy.judge(facts).denials == ["streams"])
    }

    // MARK: What could not be learnt

    private func meaning(
        _ policy: String, _ change: (inout UseFacts) -> Void
    ) throws -> ExchangeDialect.Meaning {
        var facts = Made.facts([Made.order(.buy, .market, price: nil)])
        change(&facts)
        let judged = try Made.set(policy).judge(facts)
        #expect(!judged.isAllowed)
        let clauses = judged.clauses.filter(\.denies).map { clause -> JSONValue in
            ["clause": .string(clause.clause.description), "verdict": "denied"]
        }
        return ProxyDialect.meaning(
            of: Problem(
                .policyDenied, "",
                members: [("passing", .bool(judged.isPassing)), ("clauses", .array(clauses))]))
    }

    @Test func `what could not be learnt just now is an outage to a stock client, and no denial`() throws {
        let bounded =
            #"{"operations":["trade"],"orders":{"max_notional":{"amount":"9000","currency":"USD"}}}"#
        let distance = #"{"operations":["trade"],"orders":{"max_price_distance_percent":"5"}}"#
        let limited =
            #"{"operations":["trade"],"limits":[{"count":"notional","per":"24h","#
            + #""max":{"amount":"9000","currency":"USD"}}]}"#
        let free = #"{"operations":["trade"]}"#
        #expect(try meaning(free) { $0.isClockUncertain = true } == .unavailable)
        #expect(try meaning(free) { ($0.instruments, $0.isListed) = ([:], false) } == .unavailable)
        for policy in [bounded, distance, limited] {
            #expect(try meaning(policy) { $0.prices = [:] } == .unavailable, "\(policy)")
        }
        // What is known to be wrong stays so, and comes first.
        #expect(try meaning(free) { $0.instruments = [:] } == .denied)
        let tight = bounded.replacing("9000", with: "1")
        #expect(try meaning(tight) { _ in } == .overLimit)
        #expect(try meaning(#"{"operations":["read"]}"#) { $0.isClockUncertain = true } == .denied)
    }

    @Test func `with an uncertain clock opening orders are refused, and cancels and exits go on`() throws {
        let policy = try Made.set(#"{"operations":["trade","cancel","read"]}"#)
        let exit = Made.order(.sell, .market, "BTCUSDT-P", on: .linear, quantity: "1") {
            $0.isReduceOnly = true
        }
        let cases: [(RequestMeaning, [String])] = [
            (RequestMeaning(.trade, orders: [Made.order()]), ["clock"]),
            (RequestMeaning(.trade, orders: [exit]), []), (RequestMeaning(.cancel), []),
            (RequestMeaning(.read), []),
        ]
        for (meaning, denials) in cases {
            var facts = Made.facts(meaning)
            facts.isClockUncertain = true
            #expect(policy.judge(facts).denials == denials, "\(meaning.operation)")
        }
    }
}
