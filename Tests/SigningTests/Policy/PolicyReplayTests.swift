import Access
import Exchanges
import JSON
import Kernel
import Signing
import Testing

@Suite struct PolicyReplayTests {
    private static let trading = #"{"operations":["read","trade"]"#

    private func recorded(_ orders: [OrderIntent], minutes: [Int64]? = nil) -> [PolicyReplay.Recorded] {
        orders.enumerated().map { place, order in
            var facts = Made.facts([order])
            facts.at = Made.noon + .minutes(minutes?[place] ?? 0)
            facts.prices = Made.prices(["BTCUSDT": "50000"], at: facts.at)
            return PolicyReplay.Recorded("use_\(place)", facts)
        }
    }

    @Test func `a replay counts what would be denied, by clause, with examples`() async throws {
        let requests = recorded([Made.order(), Made.order(.sell), Made.order(.sell, .market)])
        let new =
            Self.trading + #","orders":{"sides":["buy"],"types":["limit"]},"log_only":["orders.types"]}"#
        let replay = await PolicyReplay(
            requests, from: try Made.set(Self.trading + "}"), to: try Made.set(new))
        #expect(replay.requests == 3 && replay.allowedBefore == 3 && replay.allowedAfter == 1)
        #expect(replay.newlyDenied == 2 && replay.newlyAllowed == 0)
        var w = JSONWriter()
        w.array(replay.clauses) { w, count in w.value("\(count.clause) \(count.wouldDeny) \(count.logOnly)") }
        #expect(w.text == #"["orders.sides 2 false","orders.types 1 true"]"#)
        #expect(replay.examples.map(\.id) == ["use_1", "use_2"])
        #expect(replay.examples.first?.reason == "sell is not among buy")
        let back = await PolicyReplay(requests, from: try Made.set(new), to: try Made.set(Self.trading + "}"))
        #expect(back.newlyAllowed == 2 && back.newlyDenied == 0 && back.clauses.isEmpty)
    }

    @Test func `limits are counted as time went, and what was denied uses nothing up`() async throws {
        let requests = recorded(Array(repeating: Made.order(), count: 5), minutes: [4, 0, 1, 61, 2])
        let new = Self.trading + #","limits":[{"count":"orders","max":"2","per":"1h"}]}"#
        let replay = await PolicyReplay(
            requests, from: try Made.set(Self.trading + "}"), to: try Made.set(new))
        // Windows begin at the full hour: two of the first four, and the fifth.
        #expect(replay.allowedAfter == 3)
        #expect(replay.examples.map(\.id) == ["use_4", "use_0"])
        #expect(replay.examples.first?.reason == "1 more would exceed 2 orders in 1h; 2 are used up")
    }

    @Test func `counters of an account are shared by its keys, and a key's are not`() async throws {
        var requests = recorded([Made.order(), Made.order()])
        var other = requests[1].facts
        other.key.id = ExchangeKeyID(UUID(high: 7, low: 7))
        requests[1] = PolicyReplay.Recorded("use_1", other)
        let limit = #""limits":[{"count":"orders","max":"1","per":"1h"}]"#
        let free = try Made.set(Self.trading + "}")
        let byKey = try Made.set(Self.trading + "," + limit + "}")
        #expect(await PolicyReplay(requests, from: free, to: byKey).newlyDenied == 0)
        let byAccount = try Made.set(Self.trading + "}", account: "{" + limit + "}")
        #expect(await PolicyReplay(requests, from: free, to: byAccount).newlyDenied == 1)
    }

    @Test func `examples are few, and the answer is written whole`() async throws {
        let requests = recorded(Array(repeating: Made.order(.sell), count: 30))
        let new = Self.trading + #","orders":{"sides":["buy"]}}"#
        let replay = await PolicyReplay(
            requests, from: try Made.set(Self.trading + "}"), to: try Made.set(new), examplesAtMost: 1)
        var w = JSONWriter()
        w.value(replay)
        #expect(
            w.text == """
                {"requests":30,"unjudged":0,"allowed_before":30,"allowed_after":0,\
                "newly_denied":30,"newly_allowed":0,\
                "clauses":[{"clause":"orders.sides","policy":"key","log_only":false,"would_deny":30}],\
                "examples":[{"usage_id":"use_0","operation":"trade","before":"allowed","after":"denied",\
                "clause":"orders.sides","reason":"sell is not among buy"}]}
                """)
    }

    // MARK: A tighter policy

    @Test func `a tighter policy names what was used, and nothing else`() async throws {
        var requests = recorded([
            Made.order(), Made.order(.sell, price: "61000"), Made.order(.buy, .other, "X"),
        ])
        requests.append(PolicyReplay.Recorded("use_9", Made.facts(RequestMeaning(.read), from: "10.1.0.10")))
        let present = try Made.set(
            """
            {"operations":["read","trade","cancel","admin"],"ways":["proxy","sign"],
             "limits":[{"count":"orders","max":"9","per":"1h"}]}
            """
        )
        let tighter = try #require(await TighterPolicy.propose(from: requests, instead: present))
        let expected = try Made.policy(
            """
            {"operations":["read","trade","cancel"],"ways":["proxy"],"hosts":["spot"],
             "cidrs":["10.1.0.10","10.1.0.9"],"orders":{"symbols":["BTCUSDT"],"sides":["buy","sell"],
             "types":["limit"],"time_in_force":["gtc"],"instruments":["spot"],
             "max_notional":{"amount":"6100","currency":"USD"}},
             "limits":[{"count":"orders","max":"9","per":"1h"}]}
            """)
        #expect(tighter.policy == expected)
        #expect(tighter.replay.newlyDenied == 0 && tighter.replay.allowedAfter == 3)
        #expect(tighter.changes.contains { $0.kind == .removed && $0.before == "admin" })
    }

    private static let bounded = """
        {"operations":["read","trade","admin"],
         "orders":{"symbols":["BTC*"],"max_leverage":"3","margin_modes":["cross"]}}
        """

    @Test func `bounds stay where what was ordered is not known`() async throws {
        let present = try Made.set(Self.bounded)
        let policy = try #require(present.key?.policy)
        for others in [[], [.trade], [.read, .trade]] as [Set<RequestOperation>] {
            let tighter = await TighterPolicy.propose(from: [], and: others, instead: present)
            #expect(tighter?.policy.orders == policy.orders, "\(others)")
        }
        // One order that is known says nothing of those that are not.
        let tighter = await TighterPolicy.propose(
            from: recorded([Made.order()]), and: [.trade], instead: present)
        #expect(tighter?.policy.orders == policy.orders)
        var strange = Made.facts([Made.order(.buy, .limit, "BTCNEW")])
        strange.instruments = [:]
        let unjudged = PolicyReplay.Recorded("use_1", strange, wasAllowed: true)
        let beyond = await TighterPolicy.propose(from: [unjudged], instead: present)
        #expect(beyond?.policy.orders == policy.orders && beyond?.replay.unjudged == 1)
    }

    @Test func `leverage and margin modes stay where requests that set them are not known`() async throws {
        let present = try Made.set(Self.bounded)
        let orders = recorded([
            Made.order(.buy, .limit, "BTCUSDT-P", on: .linear) {
                $0.leverage = 2
                $0.marginMode = "cross"
            }
        ])
        let known = await TighterPolicy.propose(from: orders, instead: present)
        #expect(known?.policy.orders?.maxLeverage == 2)
        let apart = await TighterPolicy.propose(from: orders, and: [.admin], instead: present)
        #expect(apart?.policy.orders?.maxLeverage == 3 && apart?.policy.orders?.sides == [.buy])
        // And a policy of then that allowed more gives nothing back.
        let trader = try Made.set(Self.trading + "}")
        let narrow = await TighterPolicy.propose(from: orders, and: [.admin, .transfer], instead: trader)
        #expect(narrow?.policy.operations == [.trade])
    }

    @Test func `earlier uses keep what is known of them, and no more than is allowed`() async throws {
        let present = try Made.set(
            """
            {"operations":["read","trade","cancel"],"ways":["sign","proxy"],"cidrs":["10.0.0.0/8"],
             "hosts":["spot","usdm"],"orders":{"symbols":["BTC*"],"sides":["buy","sell"]}}
            """)
        var earlier = EarlierUses()
        (earlier.operations, earlier.ways) = ([.trade, .admin], [.sign])
        earlier.addresses = Set(["10.9.9.9", "192.0.2.1"].map { IPAddress($0) })
        earlier.symbols = ["BTCEUR"]
        let uses = recorded([Made.order()])
        let told = await TighterPolicy.propose(from: uses, after: earlier, instead: present)
        let expected = try Made.policy(
            """
            {"operations":["trade","cancel"],"ways":["sign","proxy"],"cidrs":["10.1.0.9","10.9.9.9"],
             "hosts":["spot","usdm"],"orders":{"symbols":["BTCEUR","BTCUSDT"],"sides":["buy","sell"]}}
            """)
        #expect(told?.policy == expected)
        for unknown in [nil, "ETHEUR"] {
            earlier.symbols = ["BTCEUR", unknown]
            let kept = await TighterPolicy.propose(from: uses, after: earlier, instead: present)
            #expect(kept?.policy.orders == present.key?.policy.orders)
        }
        let nothing = await TighterPolicy.propose(from: uses, after: .unknown, instead: present)
        #expect(nothing?.policy == present.key?.policy)
    }

    @Test func `a key that was never used needs nothing, and one without a policy gets none`() async throws {
        let tighter = try #require(
            await TighterPolicy.propose(from: [], instead: Made.set(Self.trading + "}")))
        #expect(tighter.policy.operations == [] && tighter.policy.orders == nil)
        #expect(await TighterPolicy.propose(from: [], instead: PolicySet(key: nil)) == nil)
    }
}
