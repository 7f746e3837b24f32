import Exchanges
import Kernel
@testable import Signing
import Testing

@Suite struct UseLimitTests {
    private func judge(_ limits: String, _ facts: UseFacts) throws -> PolicyJudgement {
        let operations = #"{"operations":["read","trade","cancel"],"limits":["#
        return try Made.set(operations + limits + "]}").judge(facts)
    }

    private static let exit = Made.order(.sell, .market, "BTCUSDT-P", on: .linear) { $0.isReduceOnly = true }

    struct Case: Sendable {
        let limit: String
        let orders: [OrderIntent]
        let amount: Int64?
    }

    private static let legs = ["0.1", "0.2"].map { Made.order(.sell, quantity: $0) }
    private static let alternatives = legs.map { leg in
        var leg = leg
        leg.alternative = 1
        return leg
    }
    private static let dollars = #""count":"notional","max":{"amount":"100000","currency":"USD"},"per":"24h""#

    private static let cases = [
        Case(limit: #""count":"requests","max":"5","per":"1m""#, orders: [Made.order()], amount: 1),
        Case(limit: #""count":"requests","max":"5","per":"1m""#, orders: [exit], amount: nil),
        Case(
            limit: #""count":"requests","max":"5","per":"1m","applies_to":"all""#, orders: [exit], amount: 1),
        Case(limit: #""count":"requests","max":"5","per":"1m""#, orders: [], amount: nil),
        Case(limit: #""count":"requests","max":"5","per":"1m","applies_to":"all""#, orders: [], amount: 1),
        Case(
            limit: #""count":"requests","max":"5","per":"1m","applies_to":"all","operations":["trade"]"#,
            orders: [],
            amount: nil),
        Case(
            limit: #""count":"requests","max":"5","per":"1m","applies_to":"all","operations":["read"]"#,
            orders: [],
            amount: 1),
        Case(
            limit: #""count":"requests","max":"5","per":"1m","applies_to":"all","symbols":["BTC*"]"#,
            orders: [],
            amount: nil),
        Case(limit: #""count":"orders","max":"5","per":"1m""#, orders: legs + [exit], amount: 2),
        Case(
            limit: #""count":"orders","max":"5","per":"1m","applies_to":"all""#, orders: legs + [exit],
            amount: 3),
        Case(limit: #""count":"orders","max":"5","per":"1m","symbols":["ETH*"]"#, orders: legs, amount: nil),
        Case(limit: dollars, orders: legs, amount: 15_000_000_000),
        Case(limit: dollars, orders: alternatives, amount: 10_000_000_000),
        Case(limit: dollars, orders: alternatives.reversed(), amount: 10_000_000_000),
        Case(limit: dollars, orders: alternatives + [Made.order()], amount: 15_000_000_000),
        Case(limit: dollars, orders: [exit], amount: nil),
        Case(
            limit: dollars + #","symbols":["BTCUSDT"]"#,
            orders: [Made.order(), Made.order(.buy, .market, "BTCEUR")], amount: 5_000_000_000),
    ]

    @Test(arguments: cases.indices)
    func `a limit counts what it binds`(index: Int) throws {
        let one = Self.cases[index]
        let facts = one.orders.isEmpty ? Made.facts(RequestMeaning(.read)) : Made.facts(one.orders)
        let judgement = try judge("{\(one.limit)}", facts)
        #expect(judgement.isAllowed)
        #expect(judgement.charges.map(\.amount) == (one.amount.map { [$0] } ?? []))
        #expect(judgement.verdict("limits.1") == (one.amount == nil ? .notApplicable : nil))
    }

    @Test func `what cannot be counted is denied`() throws {
        let judgement = try judge("{\(Self.dollars)}", Made.facts([Made.order(quantity: nil)]))
        #expect(judgement.denials == ["limits.1"] && judgement.charges.isEmpty)
        #expect(judgement.reason("limits.1") == "the order does not say its quantity")
    }

    @Test(arguments: [(Int64(0), true), (94, true), (95, true), (96, false), (.max, false)])
    func `a limit is reached, and never passed`(used: Int64, isAllowed: Bool) throws {
        let limit = #"{"count":"orders","max":"100","per":"90m"}"#
        let judgement = try judge(limit, Made.facts(Array(repeating: Made.order(), count: 5)))
        let charge = try #require(judgement.charges.first)
        #expect(charge.windowSeconds == 5_400 && charge.max == 100)
        #expect(ClauseVerdict.limit(charge, used: used).denies == !isAllowed)
    }

    @Test func `the verdict of a limit says how much is used up`() throws {
        var judgement = try judge("{\(Self.dollars)}", Made.facts([Made.order()]))
        let charge = try #require(judgement.charges.first)
        judgement.add(.limit(charge, used: 99_000_500_000))
        #expect(judgement.denials == ["limits.1"])
        #expect(
            judgement.reason("limits.1")
                == "5000 USD more would exceed 100000 USD of orders in 1d; 99000.5 USD are used up")
    }

    @Test func `three policies charge their own counters`() throws {
        let limit =
            """
            "limits":[{"count":"orders","max":"1","per":"1m"},
                {"count":"requests","max":"1","per":"1m","of":"key"}]
            """
        let set = try Made.set(
            #"{"operations":["trade"],"# + limit + "}", account: "{" + limit + "}", desk: "{" + limit + "}")
        let charges = set.judge(Made.facts([Made.order()])).charges
        #expect(charges.map(\.of) == [.key, .key, .account, .key, .desk, .key])
        #expect(charges.map(\.counter.number) == [1, 2, 17, 18, 33, 34])
    }

    private static let orders = #"{"count":"orders","max":"1","per":"24h"}"#
    private static let requests = #"{"count":"requests","max":"1","per":"1m"}"#
    private static let some = #"{"count":"orders","max":"1","per":"24h","symbols":["BTCUSDT","ETHUSDT"]}"#

    private static func policy(_ limits: String...) throws -> Policy {
        try Made.policy("{\"limits\":[\(limits.joined(separator: ","))]}", of: .account)
    }

    @Test func `a count stays with its limit, wherever it stands and however it is written`() throws {
        let old = try Self.policy(Self.orders, Self.requests, Self.some)
        #expect(old.counterMoves(from: old, of: .account) == [])
        let again = try Self.policy(
            #"{"count":"orders","max":"9","per":"1d","of":"account"}"#,
            #"{"count":"requests","max":"9","per":"60s"}"#,
            #"{"count":"orders","max":"1","per":"24h","symbols":["ETHUSDT","BTCUSDT"]}"#)
        #expect(again.counterMoves(from: old, of: .account) == [])
        #expect(again.counterNumbers(startingAnewFrom: old, of: .account) == [])
        let swapped = try Self.policy(Self.requests, Self.orders, Self.some)
        let moves = swapped.counterMoves(from: old, of: .account)
        #expect(moves == [CounterMove(source: 17, target: 18), CounterMove(source: 18, target: 17)])
    }

    @Test func `a limit that leaves finds its count again, and one that is new begins at nothing`() throws {
        let old = try Self.policy(Self.orders, Self.requests)
        let less = try Self.policy(Self.requests)
        let leaving = less.counterMoves(from: old, of: .account)
        try #require(leaving.map(\.source) == [17, 18] && leaving[1].target == 17)
        let aside = leaving[0].target
        #expect(aside >= CounterMove.firstAside)
        let back = old.counterMoves(from: less, of: .account)
        #expect(back == [CounterMove(source: 17, target: 18), CounterMove(source: aside, target: 17)])
        let other = try Self.policy(
            #"{"count":"orders","max":"1","per":"24h","of":"key"}"#,
            #"{"count":"requests","max":"1","per":"2m"}"#)
        #expect(other.counterNumbers(startingAnewFrom: old, of: .account) == [17, 18])
        #expect(other.counterMoves(from: old, of: .account).allSatisfy { $0.source != $0.target })
        #expect(old.counterNumbers(startingAnewFrom: nil, of: .account) == [17, 18])
    }

    @Test func `two limits that count the same with two maxima have two counts`() throws {
        let old = try Self.policy(Self.orders, Self.orders)
        let new = try Self.policy(Self.requests, Self.orders, Self.orders)
        let moves = new.counterMoves(from: old, of: .account).filter { $0.source < CounterMove.firstAside }
        #expect(moves == [CounterMove(source: 17, target: 18), CounterMove(source: 18, target: 19)])
    }

    @Test func `what is put beside a limit takes nothing of its count`() throws {
        let orders = Self.orders.replacing(#""max":"1""#, with: #""max":"10""#)
        let larger = Self.orders.replacing(#""max":"1""#, with: #""max":"100""#)
        let (old, lower) = (try Self.policy(orders), Self.orders)
        let new = try Self.policy(larger, orders)
        #expect(new.counterMoves(from: old, of: .account).first == CounterMove(source: 17, target: 18))
        // One that only reports is none that binds.
        let trial = try Made.policy(
            "{\"limits\":[\(lower),\(orders)],\"log_only\":[\"limits.1\"]}", of: .account)
        #expect(trial.counterMoves(from: old, of: .account).first == CounterMove(source: 17, target: 18))
        // Only orders open.
        let said = orders.replacing("}", with: #","operations":["trade"]}"#)
        #expect(try Self.policy(said).counterMoves(from: old, of: .account) == [])
    }

    @Test func `a limit that only reports is charged, and does not deny`() throws {
        let policy =
            """
            {"operations":["trade"],"limits":[{"count":"orders","max":"1","per":"1m"}],
             "log_only":["limits.1"]}
            """
        let charge = try #require(try Made.set(policy).judge(Made.facts([Made.order()])).charges.first)
        let verdict = ClauseVerdict.limit(charge, used: 1)
        #expect(verdict.verdict == .denied && verdict.logOnly && !verdict.denies)
    }
}
