import Access
import Exchanges
import JSON
import Kernel
import Keys
import Signing

extension FuzzTarget {
    /// A document that is read is written in one form, which is read as the same; it judges every request the
    /// same twice; and one rule that denies everything denies everything. The first byte says whose it is.
    static let policy = FuzzTarget(name: "Policy") { input throws(Finding) in
        let owners = PolicyOwner.allCases
        let owner = owners[Int(input.first ?? 0) % owners.count]
        guard let policy = read(Array(input.dropFirst()), of: owner) else { return }
        let written = policy.canonicalBytes
        let again = read(written, of: owner)
        try require(again == policy, "what was written is read as another policy")
        try require(again?.canonicalBytes == written, "a policy has two forms")
        try require(policy.diff(from: again).isEmpty, "a policy differs from itself")
        try require(written.count <= PolicyLimits.documentBytes, "a document is longer than allowed")
        for facts in requests { try check(policy, owner, facts) }
    }

    private static func check(_ policy: Policy, _ owner: PolicyOwner, _ facts: UseFacts) throws(Finding) {
        let judgement = set(policy, owner).judge(facts)
        try require(judgement == set(policy, owner).judge(facts), "two judgements of one request differ")
        let isMoney = facts.meaning.operation == .withdraw || facts.meaning.operation == .transfer
        try require(!isMoney || !judgement.isAllowed, "money moves")
        for verdict in judgement.clauses {
            try require((verdict.reason != nil) == (verdict.verdict == .denied), "a denial says no reason")
        }
        for charge in judgement.charges {
            try require(charge.amount >= 0 && charge.max > 0, "a limit counts backwards")
            try require(
                ClauseVerdict.limit(charge, used: .max).verdict == .denied || charge.amount == 0,
                "a full counter takes more")
        }
        var stricter = policy
        guard let always = try? PolicyCondition("true", scope: .all) else { return }
        stricter.deny.append(DenyRule("always", always))
        try require(!set(stricter, owner).judge(facts).isAllowed, "a rule that denies does not")
    }

    private static func read(_ bytes: [UInt8], of owner: PolicyOwner) -> Policy? {
        try? Policy(Fields(bytes), of: owner)
    }

    private static func set(_ policy: Policy, _ owner: PolicyOwner) -> PolicySet {
        let everything = PolicyInForce(.key, version: 1, Policy(operations: RequestOperation.allCases))
        let own = PolicyInForce(owner, version: 1, policy)
        return switch owner {
        case .key: PolicySet(key: own)
        case .account: PolicySet(key: everything, account: own)
        case .desk: PolicySet(key: everything, desk: own)
        }
    }

    private static let requests: [UseFacts] = RequestOperation.allCases.map { operation in
        var meaning = RequestMeaning(operation)
        if operation == .trade {
            meaning.orders = [.buy, .sell].map { (side: OrderIntent.Side) in
                var order = OrderIntent("BTCUSDT", side, side == .buy ? .limit : .market, on: .spot)
                (order.quantity, order.price) = (Decimal("0.1"), Decimal("50000"))
                return order
            }
        }
        if operation == .withdraw {
            meaning.withdrawal = WithdrawalIntent(
                asset: "BTC", network: nil, address: "bc1q", tag: nil, amount: nil)
        }
        let now = Timestamp(seconds: 1_767_614_400)
        let key = KeyFacts(
            id: ExchangeKeyID(UUID(high: 1, low: 2)), label: "bot", exchange: .binance, environment: .live,
            account: "main", tags: ["a"], permissions: [.read, .tradeSpot], status: .active)
        var facts = UseFacts(
            .proxy, host: "spot", method: "POST", path: "/api/v3/order", meaning: meaning, key: key,
            caller: Actor(principal: nil, accessToken: nil, address: IPAddress("10.1.0.9")), at: now)
        facts.instruments["BTCUSDT"] = Instrument("BTCUSDT", host: "spot", .spot, base: "BTC", quote: "USDT")
        facts.prices["BTCUSDT"] = PolicyPrice(Decimal(exactly: 50_000), at: now, source: "series")
        return facts
    }
}
