import Access
import Events
import Exchanges
import Identity
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Keys

struct KeyRestraintTests {
    @Test func `it takes and never gives, on the keys that it is for, and says why`() async throws {
        try await KeyDesk.run { desk in
            let one = try await desk.register("one", #""tags": ["a", "b"]"#)
            let two = try await desk.register("two", #""tags": ["a", "b"]"#)
            let other = try await desk.register("other", #""tags": ["a"]"#)
            let suspended = try await desk.call("POST", two + "/suspend", #"{"reason": "by hand"}"#)
            #expect(suspended.status == 200, "\(suspended.text)")
            let scope = Scope.selector(Scope.Selector(environment: .live, tags: ["a", "b"]))
            let looked = try await desk.restraint.look(
                .reduceOnly, on: scope, by: [.all], in: desk.database)
            #expect(looked.changed.map(\.label) == ["one"] && looked.unchanged == 1)
            let reach = try await desk.act(.reduceOnly, on: scope, by: [.all])
            #expect(reach.changed.map(\.label) == ["one"] && reach.unchanged == 1 && reach.matched == 2)
            let key = try await desk.call("GET", one).json
            #expect(key["status"] == "reduce_only" && key["status_reason"] == "a rule")
            #expect(try await desk.call("GET", two).json["status_reason"] == "by hand")
            #expect(try await desk.call("GET", other).json["status"] != "reduce_only")
            #expect(try await desk.trail().contains(#""rule_id":"rule_1""#))
            #expect(try await desk.act(.suspend, on: scope, by: [.all]).changed.count == 1)
            #expect(try await desk.act(.reduceOnly, on: scope, by: [.all]).changed.isEmpty)
            #expect(try await desk.act(.suspend, on: .everything, by: [.all]).changed.count == 1)
        }
    }

    @Test func `whoever may not, or would have to ask, has nothing done; nor what is not allowed now`()
        async throws
    {
        try await KeyDesk.run { desk in
            let one = try await desk.register("one", #""tags": ["a"]"#)
            let id = try #require(ExchangeKeyID(String(one.split(separator: "/").last ?? "")))
            let ofB = Rights(
                [
                    GrantedRole(
                        id: GrantID(UUID(high: 1, low: 1)), role: "some", permissions: [.keysSuspend],
                        scope: .selector(Scope.Selector(tags: ["b"])))
                ], at: desk.time.now)
            for holders in [[.all, ofB], [.none], []] as [[Rights]] {
                let reach = try await desk.act(.suspend, on: .key(id), by: holders)
                #expect(reach.forbidden == 1 && reach.changed.isEmpty)
            }
            let braked = try await desk.act(.suspend, on: .key(id), by: [.all], allows: { _ in false })
            #expect(braked.changed.count == 1)
            #expect(try await desk.call("GET", one).json["status"] != "suspended")
            try await desk.run(
                """
                insert into approval_rule (id, name, actions, scope, approvals, role, reason_least,
                    pending_for, delay, created_at, created_by, updated_at, updated_by, revision)
                values (gen_random_uuid(), 'guard', '{setKeyMode}', '{"tags": ["a"]}', 1, 'owner', 0,
                    86400000000, 0, now(), '', now(), '', 1)
                """)
            #expect(try await desk.act(.suspend, on: .key(id), by: [.all]).forbidden == 1)
            #expect(try await desk.call("GET", one).json["status"] != "suspended")
        }
    }

    @Test func `a rotation is opened once, for the rule`() async throws {
        try await KeyDesk.run { desk in
            let secret = #""credential": {"api_key": "k", "secret": "s-of-the-first"}"#
            let one = try await desk.register("one", secret)
            _ = try await desk.register("without a secret")
            for changed in [1, 0] {
                let reach = try await desk.act(.rotate, on: .everything, by: [.all])
                #expect(reach.changed.count == changed)
            }
            let rotation = try await desk.call("GET", one + "/rotations").json["data"]?[0]
            #expect(rotation?["cause"] == "rule" && rotation?["reason"] == "a rule", "\(rotation ?? .null)")
        }
    }
}

extension KeyDesk {
    fileprivate var restraint: KeyRestraint { KeyRestraint(book: book) }

    fileprivate func act(
        _ deed: KeyDeed, on scope: Scope, by holders: [Rights],
        allows: (DeedReach) -> Bool = { _ in true }
    ) async throws -> DeedReach {
        let cause = DeedCause(
            holders: holders, reason: "a rule", detail: JSONObject(members: [("rule_id", "rule_1")]))
        let context = Context.installation(now: time.now, requestID: "run_test")
        return try await ledger.change(context) { change in
            try await restraint.act(deed, on: scope, cause, change) { allows($0) }
        }
    }
}

extension Rights {
    fileprivate static let all = Rights(everywhere: Set(Permission.allCases))
}
