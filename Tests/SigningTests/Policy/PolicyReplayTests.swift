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

    @Test func `a replay counts what would be denied, by clause, with examples`() throws {
        let requests = recorded([Made.order(), Made.order(.sell), Made.order(.sell, .market)])
        let new =
            Self.trading + #","orders":{"sides":["buy"],"types":["limit"]},"log_only":["orders.types"]}"#
        let replay = PolicyReplay(requests, from: try Made.set(Self.trading + "}"), to: try Made.set(new))
        #expect(replay.requests == 3 && replay.allowedBefore == 3 && replay.allowedAfter == 1)
        #expect(replay.newlyDenied == 2 && replay.newlyAllowed == 0)
        var w = JSONWriter()
        w.array(replay.clauses) { w, count in w.value("\(count.clause) \(count.wouldDeny) \(count.logOnly)") }
        #expect(w.text == #"["orders.sides 2 false","orders.types 1 true"]"#)
        #expect(replay.examples.map(\.id) == ["use_1", "use_2"])
        #expect(replay.examples.first?.reason == "sell is not among buy")
        let back = PolicyReplay(requests, from: try Made.set(new), to: try Made.set(Self.trading + "}"))
        #expect(back.newlyAllowed == 2 && back.newlyDenied == 0 && back.clauses.isEmpty)
    }

    @Test func `limits are counted as time went, and what was denied uses nothing up`() throws {
        let requests = recorded(Array(repeating: Made.order(), count: 5), minutes: [4, 0, 1, 61, 2])
        let new = Self.trading + #","limits":[{"count":"orders","max":"2","per":"1h"}]}"#
        let replay = PolicyReplay(requests, from: try Made.set(Self.trading + "}"), to: try Made.set(new))
        // Windows begin at the full hour: two of the first four, and the fifth.
        #expect(replay.allowedAfter == 3)
        #expect(replay.examples.map(\.id) == ["use_4", "use_0"])
        #expect(replay.examples.first?.reason == "1 more would exceed 2 orders in 1h; 2 are used up")
    }

    @Test func `counters of an account are shared by its keys, and a key's are not`() throws {
        var requests = recorded([Made.order(), Made.order()])
        var other = requests[1].facts
        other.key.id = ExchangeKeyID(UUID(high: 7, low: 7))
        requests[1] = PolicyReplay.Recorded("use_1", other)
        let limit = #""limits":[{"count":"orders","max":"1","per":"1h"}]"#
        let free = try Made.set(Self.trading + "}")
        let byKey = try Made.set(Self.trading + "," + limit + "}")
        #expect(PolicyReplay(requests, from: free, to: byKey).newlyDenied == 0)
        let byAccount = try Made.set(Self.trading + "}", account: "{" + limit + "}")
        #expect(PolicyReplay(requests, from: free, to: byAccount).newlyDenied == 1)
    }

    @Test func `examples are few, and the answer is written whole`() throws {
        let requests = recorded(Array(repeating: Made.order(.sell), count: 30))
        let new = Self.trading + #","orders":{"sides":["buy"]}}"#
        let replay = PolicyReplay(
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

    @Test func `a tighter policy names what was used, and nothing else`() throws {
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
        let tighter = try #require(TighterPolicy.propose(from: requests, instead: present))
        let expected = try Made.policy(
            """
            {"operations":["read","trade"],"ways":["proxy"],"hosts":["spot"],
             "cidrs":["10.1.0.10","10.1.0.9"],"orders":{"symbols":["BTCUSDT"],"sides":["buy","sell"],
             "types":["limit"],"time_in_force":["gtc"],"instruments":["spot"],
             "max_notional":{"amount":"6100","currency":"USD"}},
             "limits":[{"count":"orders","max":"9","per":"1h"}]}
            """)
        #expect(tighter.policy == expected)
        #expect(tighter.replay.newlyDenied == 0 && tighter.replay.allowedAfter == 3)
        #expect(tighter.changes.contains { $0.kind == .removed && $0.before == "admin" })
    }

    @Test func `a key that was never used needs nothing, and one without a policy gets none`() throws {
        let tighter = try #require(TighterPolicy.propose(from: [], instead: Made.set(Self.trading + "}")))
        #expect(tighter.policy.operations == [] && tighter.policy.orders == nil)
        #expect(TighterPolicy.propose(from: [], instead: PolicySet(key: nil)) == nil)
    }
}
