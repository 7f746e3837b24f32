import Access
import Exchanges
import JSON
import Kernel
import Keys
import Signing
import Testing

@Suite struct JudgeTests {
    private static let trading = #"{"operations":["read","trade","cancel"]}"#

    private func denials(_ policy: String, _ facts: UseFacts) throws -> [String] {
        try Made.set(policy).judge(facts).denials
    }

    // MARK: Who decides

    @Test func `without a policy of its own a key may do nothing`() throws {
        let desk = try Made.policy(Self.trading, of: .desk)
        let set = PolicySet(key: nil, desk: PolicyInForce(.desk, version: 1, desk))
        let judgement = set.judge(Made.facts(RequestMeaning(.read)))
        #expect(judgement.denials == ["policy"])
        #expect(judgement.denial?.reason == "the key has no policy, which allows nothing")
    }

    @Test(arguments: RequestOperation.allCases)
    func `an operation is allowed by being named, and money moves by more than that`(
        operation: RequestOperation
    ) throws {
        var meaning = RequestMeaning(operation)
        if operation == .trade { meaning.orders = [Made.order()] }
        if operation == .withdraw {
            meaning.withdrawal = WithdrawalIntent(
                asset: "BTC", network: nil, address: "bc1q", tag: nil, amount: nil)
        }
        let all = RequestOperation.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ",")
        let destinations = #""withdrawals":{"destinations":[{"asset":"BTC","address":"bc1q"}]}"#
        let allowing = "{\"operations\":[\(all)],\(destinations)}"
        let isMoney = operation == .withdraw || operation == .transfer
        #expect(try denials(allowing, Made.facts(meaning)) == (isMoney ? ["permissions", "approval"] : []))
        let others = RequestOperation.allCases.filter { $0 != operation }.map { "\"\($0.rawValue)\"" }
        let refusing = "{\"operations\":[\(others.joined(separator: ","))],\(destinations)}"
        #expect(try denials(refusing, Made.facts(meaning)).contains("operations"))
    }

    @Test(arguments: [RequestOperation.withdraw, .transfer])
    func `T8: money moves only when the key, its policy, the destinations and an approval all say so`(
        operation: RequestOperation
    ) throws {
        var meaning = RequestMeaning(operation)
        if operation == .withdraw {
            meaning.withdrawal = WithdrawalIntent(
                asset: "BTC", network: nil, address: "bc1q", tag: nil, amount: nil)
        }
        var allowed = 0
        for bits in 0..<32 {
            let says = { (bit: Int) in bits & 1 << bit != 0 }
            var facts = Made.facts(meaning)
            facts.key.permissions = says(0) ? [operation == .withdraw ? .withdraw : .transfer] : [.tradeSpot]
            facts.isApproved = says(1)
            facts.way = says(2) ? .proxy : .sign
            let operations = says(3) ? operation.rawValue : "trade"
            let address = says(4) ? "bc1q" : "bc1p"
            let policy = """
                {"operations":["\(operations)"],"ways":["proxy","sign"],\
                "withdrawals":{"destinations":[{"asset":"BTC","address":"\(address)"}]}}
                """
            let isAllowed = try Made.set(policy).judge(facts).isAllowed
            // No table knows where a transfer goes: it stays with the same owner.
            let isWanted = bits & 15 == 15 && (says(4) || operation == .transfer)
            #expect(isAllowed == isWanted, "\(bits)")
            if isAllowed { allowed += 1 }
        }
        #expect(allowed == (operation == .withdraw ? 1 : 2))
    }

    @Test func `a refusal names the values`() throws {
        let judgement = try Made.set(Self.trading).judge(Made.facts(RequestMeaning(.admin)))
        #expect(judgement.reason("operations") == "admin is not among read, trade, cancel")
        #expect(judgement.denial?.policy == PolicyReference(.key, version: 3))
        #expect(judgement.operation == .admin && !judgement.isAllowed)
    }

    @Test(arguments: [PolicyOwner.account, .desk])
    func `what the account's or the desk's policy denies is denied`(owner: PolicyOwner) throws {
        let above = #"{"operations":["read"],"orders":{"symbols":["ETH*"]}}"#
        let set = try Made.set(
            Self.trading, account: owner == .account ? above : nil, desk: owner == .desk ? above : nil)
        let judgement = set.judge(Made.facts([Made.order()]))
        #expect(judgement.denials == ["operations", "orders.symbols"])
        #expect(judgement.clauses.filter(\.denies).allSatisfy { $0.policy?.owner == owner })
        #expect(set.judge(Made.facts(RequestMeaning(.read))).isAllowed)
    }

    @Test func `a policy above the key's that says nothing denies nothing, and allows nothing`() throws {
        let set = try Made.set(Self.trading, account: "{}", desk: "{}")
        #expect(set.judge(Made.facts([Made.order()])).isAllowed)
        #expect(
            try !Made.set(#"{"operations":[]}"#, desk: Self.trading).judge(Made.facts([Made.order()]))
                .isAllowed)
    }

    @Test func `a key's policy that names no way allows the proxy only`() throws {
        var facts = Made.facts(RequestMeaning(.read))
        facts.way = .sign
        #expect(try denials(Self.trading, facts) == ["ways"])
        #expect(try denials(#"{"operations":["read"],"ways":["sign"]}"#, facts) == [])
        #expect(try Made.set(#"{"operations":["read"],"ways":["sign"]}"#, desk: "{}").judge(facts).isAllowed)
    }

    // MARK: Clauses, one by one

    @Test(arguments: [
        (#""hosts":["usdm"]"#, "hosts"), (#""hosts":["usdm","spot"]"#, ""),
        (#""cidrs":["10.2.0.0/16","10.1.0.8"]"#, "cidrs"), (#""cidrs":["10.2.0.0/16","10.1.0.9"]"#, ""),
        (#""orders":{"symbols":["ETHUSDT","ETH*"]}"#, "orders.symbols"),
        (#""orders":{"symbols":["BTC*"]}"#, ""),
        (#""orders":{"sides":["sell"]}"#, "orders.sides"), (#""orders":{"sides":["buy"]}"#, ""),
        (#""orders":{"types":["market"]}"#, "orders.types"), (#""orders":{"types":["limit"]}"#, ""),
        (#""orders":{"time_in_force":["ioc"]}"#, "orders.time_in_force"),
        (#""orders":{"time_in_force":["gtc"]}"#, ""),
        (#""orders":{"max_leverage":"2.9"}"#, "orders.max_leverage"), (#""orders":{"max_leverage":"3"}"#, ""),
        (#""orders":{"margin_modes":["cross"]}"#, "orders.margin_modes"),
        (#""orders":{"margin_modes":["isolated"]}"#, ""),
        (#""orders":{"instruments":["linear"]}"#, "orders.instruments"),
        (#""orders":{"instruments":["spot"]}"#, ""),
        (#""orders":{"max_notional":{"amount":"5099.999","currency":"USD"}}"#, "orders.max_notional"),
        (#""orders":{"max_notional":{"amount":"5100","currency":"USD"}}"#, ""),
        (#""orders":{"max_price_distance_percent":"1.99"}"#, "orders.max_price_distance_percent"),
        (#""orders":{"max_price_distance_percent":"2"}"#, ""),
        (#""hours":{"windows":[{"from":"13:00","to":"14:00"}]}"#, "hours"),
        (#""hours":{"windows":[{"from":"12:00","to":"14:00"}]}"#, ""),
        (#""when":"request.order.quantity > decimal('1')""#, "when"),
        (#""when":"request.order.notional_usd == decimal('5100')""#, ""),
        (#""deny":[{"name":"bots","when":"caller.kind == 'service_account'"}]"#, "deny.bots"),
        (#""deny":[{"name":"people","when":"caller.kind == 'user'"}]"#, ""),
        (#""deny":[{"name":"broken","when":"1 / 0 == 1"}]"#, "deny.broken"),
    ])
    func `a clause denies what it does not allow, and nothing else`(text: String, expected: String) throws {
        let order = Made.order(price: "51000") { order in
            order.leverage = Decimal(exactly: 3)
            order.marginMode = "isolated"
        }
        let found = try denials(#"{"operations":["trade"],"# + text + "}", Made.facts([order]))
        #expect(found == (expected.isEmpty ? [] : [expected]))
    }

    @Test(arguments: [
        ("request.operation == 'trade' && request.way == 'proxy' && request.host == 'spot'", true),
        ("request.method == 'POST' && request.path.startsWith('/api/')", true),
        (
            "request.order.symbol == 'BTCUSDT' && request.order.side + request.order.type == 'buylimit'",
            true
        ),
        (
            "request.order.price * request.order.quantity == decimal('5000') && request.order.unit == 'base'",
            true
        ),
        ("request.order.instrument == 'spot' && !request.order.reduce_only && !request.order.replaces", true),
        ("request.order.leverage == null && request.order.stop_price == null", true),
        ("size(request.orders) == 1 && request.orders.all(o, o.symbol == 'BTCUSDT')", true),
        ("key.exchange == 'binance' && key.environment == 'live' && key.account == 'main'", true),
        ("key.label == 'mm-btc spot' && key.status == 'active' && 'market-making' in key.tags", true),
        ("key.id.startsWith('key_') && caller.id.startsWith('bot_')", true),
        ("cidr('10.1.0.0/16').contains(caller.address)", true),
        ("now == timestamp('2026-01-05T12:00:00Z') && now.getHours('+02:00') == 14", true),
        ("request.order.leverage > decimal('1')", false),
        ("request.order.closes_position || request.order.client_order_id == 'x'", false),
    ])
    func `a condition knows its request, key, caller and time`(source: String, isTrue: Bool) throws {
        let policy = "{\"operations\":[\"trade\"],\"when\":\"\(source)\"}"
        #expect(try denials(policy, Made.facts([Made.order()])) == (isTrue ? [] : ["when"]))
    }

    @Test func `a condition of withdrawals knows where they go`() throws {
        var meaning = RequestMeaning(.withdraw)
        meaning.withdrawal = WithdrawalIntent(
            asset: "BTC", network: "BTC", address: "bc1q", tag: nil, amount: Decimal("2"))
        let source = "request.operation == 'withdraw' && request.withdrawal.amount > decimal('1')"
        let policy = "{\"operations\":[\"withdraw\"],\"deny\":[{\"name\":\"much\",\"when\":\"\(source)\"}]}"
        #expect(
            try denials(policy, Made.facts(meaning)) == [
                "permissions", "approval", "withdrawals", "deny.much",
            ])
    }

    @Test func `a condition that costs too much denies`() throws {
        let list = "[" + Array(repeating: "1", count: 200).joined(separator: ",") + "]"
        let source = "\(list).all(a, \(list).all(b, \(list).all(c, a == b && b == c)))"
        let policy = "{\"operations\":[\"trade\"],\"when\":\"\(source)\"}"
        let judgement = try Made.set(policy).judge(Made.facts([Made.order()]))
        #expect(judgement.denials == ["when"])
        #expect(judgement.reason("when")?.contains("cannot be evaluated") == true)
    }

    @Test func `an address that nobody knows is within no network`() throws {
        let policy = #"{"operations":["read"],"cidrs":["0.0.0.0/0","::/0"]}"#
        #expect(try denials(policy, Made.facts(RequestMeaning(.read), from: nil)) == ["cidrs"])
    }

    // MARK: What holds anyway

    @Test func `what cannot be judged is denied whatever the policy says`() throws {
        let problem = MeaningProblem(.query, "symbol", "stands twice")
        let facts = Made.facts(RequestMeaning(.read, problems: [problem]))
        let judgement = try Made.set(Self.trading).judge(facts)
        #expect(judgement.denials == ["request"])
        #expect(judgement.denial?.reason == "query symbol: stands twice")
        #expect(try denials(Self.trading, Made.facts([])) == ["request"])
        #expect(
            try denials(Self.trading, Made.facts(RequestMeaning(.read, orders: [Made.order()]))) == [
                "request"
            ])
    }

    @Test func `an unknown instrument opens nothing, and may be left`() throws {
        let unknown = Made.order(.buy, .limit, "NEWUSDT")
        #expect(try denials(Self.trading, Made.facts([unknown])) == ["instrument"])
        let other = Made.order(.buy, .limit, "BTCUSDT", on: .linear)
        #expect(try denials(Self.trading, Made.facts([other])) == ["instrument"])
        let exit = Made.order(.sell, .market, "NEWUSDT", on: .linear) { $0.isReduceOnly = true }
        #expect(try denials(Self.trading, Made.facts([exit])) == [])
    }

    @Test func `a stream whose credential admits orders is for keys that cannot trade`() throws {
        let policy = #"{"operations":["stream"]}"#
        var facts = Made.facts(RequestMeaning(.stream))
        #expect(try denials(policy, facts) == [])
        facts.meaning.admitsOrders = true
        #expect(try denials(policy, facts) == ["streams"])
        facts.key.permissions = [.read]
        #expect(try denials(policy, facts) == [])
        #expect(
            try denials(#"{"operations":["stream"],"streams":{"read_only":false}}"#, facts) == ["streams"])
    }

    @Test func `credentials in answers pass when the key's policy says so and none above denies`() throws {
        let facts = Made.facts(RequestMeaning(.read))
        let yes = #"{"operations":["read"],"reveals":true}"#
        #expect(try Made.set(yes).judge(facts).revealsCredentials)
        #expect(try Made.set(yes, account: "{}", desk: #"{"reveals":true}"#).judge(facts).revealsCredentials)
        #expect(try !Made.set(yes, desk: #"{"reveals":false}"#).judge(facts).revealsCredentials)
        #expect(try !Made.set(yes, account: #"{"reveals":false}"#).judge(facts).revealsCredentials)
        #expect(try !Made.set(Self.trading, desk: #"{"reveals":true}"#).judge(facts).revealsCredentials)
    }

    // MARK: Batches, amendments

    @Test func `each order of a batch is judged, and the verdict names it`() throws {
        let policy = #"{"operations":["trade"],"orders":{"symbols":["BTCUSDT"],"sides":["buy"]}}"#
        let orders = [Made.order(), Made.order(.sell), Made.order(.buy, .limit, "BTCEUR")]
        let judgement = try Made.set(policy).judge(Made.facts(orders))
        #expect(judgement.denials == ["orders.symbols", "orders.sides"])
        #expect(judgement.clauses.filter(\.denies).map(\.order) == [3, 2])
        let alone = try Made.set(policy).judge(Made.facts([orders[1]]))
        #expect(alone.clauses.filter(\.denies).map(\.order) == [nil])
    }

    @Test func `an order that is replaced without saying what it is fails what is asked of it`() throws {
        let replaced = Made.order(nil, .limit, nil, quantity: nil) { $0.replaces = true }
        let policy =
            """
            {"operations":["trade"],
             "orders":{"symbols":["*T"],"sides":["buy","sell"],"time_in_force":["gtc"]}}
            """
        #expect(
            try denials(policy, Made.facts([replaced])) == ["instrument", "orders.symbols", "orders.sides"])
    }

    @Test func `another name of a symbol is the same symbol`() throws {
        var facts = Made.facts([Made.order(.buy, .market, "XXBT")])
        facts.instruments["XXBT"] = Made.instruments[0]
        let rule = #"{"name":"btc","when":"request.order.symbol == 'BTCUSDT'","applies_to":"opening"}"#
        let deny = "{\"operations\":[\"trade\"],\"deny\":[\(rule)]}"
        #expect(try denials(deny, facts) == ["deny.btc"])
        let limits = #"{"symbols":["BTCUSDT"],"max_notional":{"amount":"5000","currency":"USD"}}"#
        #expect(try denials("{\"operations\":[\"trade\"],\"orders\":\(limits)}", facts) == [])
    }

    @Test func `a reason stays a sentence, whatever a symbol is`() throws {
        let symbol = String(repeating: "X", count: 10_000)
        let policy = #"{"operations":["trade"],"orders":{"symbols":["BTCUSDT"]}}"#
        let judgement = try Made.set(policy).judge(Made.facts([Made.order(.buy, .market, symbol)]))
        let lengths = judgement.clauses.compactMap(\.reason?.count)
        #expect(lengths.count == 2 && lengths.allSatisfy { $0 < 300 })
    }

    @Test func `who may not read policies learns which clause denied, and not what it says`() throws {
        let judgement = try Made.set(#"{"operations":["read"]}"#).judge(Made.facts(RequestMeaning(.transfer)))
        let redacted = judgement.clauses.filter(\.denies).map(\.redacted)
        #expect(redacted.map(\.clause) == [.permissions, .approval, .operations])
        #expect(
            redacted.map { $0.reason == nil } == [false, false, true]
                && redacted.allSatisfy { $0.policy == nil })
    }

    @Test func `verdicts are written as the interface shows them`() throws {
        let policy = #"{"operations":["trade"],"orders":{"sides":["sell"]},"log_only":["orders.sides"]}"#
        let judgement = try Made.set(policy).judge(Made.facts([Made.order()]))
        let verdict = try #require(judgement.clauses.first { $0.clause == .sides })
        var w = JSONWriter()
        w.value(verdict)
        #expect(
            w.text == """
                {"clause":"orders.sides","verdict":"denied","reason":"buy is not among sell","log_only":true,\
                "policy":"key","policy_version":3,"order":null}
                """)
    }
}
