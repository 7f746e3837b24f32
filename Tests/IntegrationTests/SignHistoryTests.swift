import Access
import EventLoop
import Glibc
import JSON
import Kernel
import Postgres
import Synchronization
import TestSupport
import Testing

extension IntegrationTests {
    /// Signatures of three nodes, one of which is killed again and again, while keys are stopped, their
    /// policies changed, and limits reached: the batch, through HTTP.
    /// Scripts/histories runs it for longer.
    @Suite struct SignHistoryTests {
        private static let usualSeconds: UInt64 = 8
        private static let keyLimit = 150
        private static let accountLimit = 120

        private static var seconds: UInt64 {
            getenv("KEYBELL_HISTORY_SECONDS").flatMap { UInt64(String(cString: $0)) } ?? usualSeconds
        }
        private static var now: UInt64 { Clock.system.monotonicNanoseconds() }

        private struct Keys: Sendable {
            /// Stopped, and its policy changed, in turn.
            let switched: String
            /// Two limits: its own, and a smaller one of its account.
            let limited: String
            /// The same as the first, at an exchange that wants nonces.
            let numbered: String
        }

        private final class Tally: Sendable {
            private let state = Mutex((ids: Set<String>(), served: 0, limited: 0))
            var ids: Set<String> { state.withLock { $0.ids } }
            var servedOfLimited: Int { state.withLock { $0.served } }
            var refusedByLimit: Int { state.withLock { $0.limited } }
            func served(_ id: String, ofLimited: Bool) {
                state.withLock {
                    $0.ids.insert(id)
                    if ofLimited { $0.served += 1 }
                }
            }
            func limited() { state.withLock { $0.limited += 1 } }
        }

        @Test
        func `T5, T7, T10, T11: some order of all signatures, stops, policies and kills explains them all`()
            async throws
        {
            try await UseDesk.run(nodes: 3) { desk in
                let (keys, history, tally) = (try await Self.keys(desk), UseHistory(), Tally())
                let end = Self.now + Self.seconds * 1_000_000_000
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for path in [keys.switched, keys.numbered] {
                        group.addTask { try await Self.switches(desk, path, history, until: end) }
                    }
                    group.addTask { try await Self.kills(desk.nodes[2], until: end) }
                    for lane in 0..<9 {
                        group.addTask {
                            var number = lane
                            while Self.now < end || Self.lacksRefusal(lane, keys, tally, since: end) {
                                await Self.sign(desk, keys, lane, number, history, tally)
                                number += 1
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                #expect(history.violations(grace: 0) == [])
                #expect(history.servedCount > 5 && history.useCount - history.servedCount > 5)
                try await Self.expectRecords(desk, keys, tally)
                // The checker sees what it is there for, in this very history.
                history.addForgeries(to: keys.switched)
                #expect(history.violations(grace: 0).count == 3)
            }
        }

        private static func keys(_ desk: UseDesk) async throws -> Keys {
            let keys = Keys(
                switched: try await desk.key("binance"), limited: try await desk.key("binance", "capped"),
                numbered: try await desk.key("kraken"))
            for path in [keys.switched, keys.numbered] {
                try await desk.publish(UseDesk.policy(["read"]), at: path)
            }
            try await desk.publish(UseDesk.policy(["read"], limit: keyLimit), at: keys.limited)
            let accounts = try await desk.nodes[0].must("GET", "/v1/accounts?limit=200")
            let capped = try #require(accounts["data"]?.asArray?.first { $0["name"] == "capped" })
            try await desk.publish(
                UseDesk.policy(["read"], limit: accountLimit), at: "/v1/accounts/\(capped.id)")
            return keys
        }

        // MARK: What is done to the keys

        /// Stops a key and lets it go on: by its mode, and by a policy that allows nothing.
        private static func switches(
            _ desk: UseDesk, _ path: String, _ history: UseHistory, until end: UInt64
        ) async throws {
            var round = 0
            while now < end || round % 2 == 1 {
                let (node, stops) = (desk.nodes[round / 2 % 2], round % 2 == 0)
                let begun = now
                if round % 4 < 2 {
                    try await node.must(
                        "POST", path + "/mode",
                        ["mode": stops ? "suspended" : "active", "reason": "a history"])
                } else {
                    try await desk.publish(UseDesk.policy(stops ? [] : ["read"]), at: path, on: node)
                }
                history.add(UseHistory.Switch(path, begun, now, stops: stops))
                try await blockingThreads.run { _ = usleep(30_000) }
                round += 1
            }
        }

        private static func kills(_ node: RunningNode, until end: UInt64) async throws {
            while now < end {
                try await blockingThreads.run { _ = usleep(700_000) }
                await node.killHard()
                try await node.start()
            }
        }

        // MARK: What they are used for

        private static func path(_ lane: Int, of keys: Keys) -> String {
            [keys.switched, keys.numbered, keys.limited][lane % 3]
        }

        /// Whether a lane goes on when the time is over: the limits are reached on a slow machine, too.
        private static func lacksRefusal(
            _ lane: Int, _ keys: Keys, _ tally: Tally, since end: UInt64
        ) -> Bool {
            path(lane, of: keys) == keys.limited && tally.refusedByLimit == 0
                && now < end + UInt64(patienceSeconds) * 1_000_000_000
        }

        private static func sign(
            _ desk: UseDesk, _ keys: Keys, _ lane: Int, _ number: Int, _ history: UseHistory, _ tally: Tally
        ) async {
            let path = path(lane, of: keys)
            let body = path == keys.numbered ? UseDesk.balance : UseDesk.account
            let begun = now
            // A killed node answers nothing, and what it was asked may have been done or not.
            guard let answer = try? await desk.node(number).call("POST", path + "/sign", body) else { return }
            let use = UseHistory.Use(path, begun, now, served: answer.status == 200)
            switch answer.status {
            case 200:
                tally.served(answer.json["usage_id"]?.asString ?? "", ofLimited: path == keys.limited)
                history.add(use)
                if let nonce = answer.json.nonce {
                    history.add(UseHistory.Number(path, use.begun, use.ended, nonce))
                }
            case 403: answer.json.isDeniedByLimit ? tally.limited() : history.add(use)
            // A busy node, or one that is going or coming, may say "not now".
            default: #expect([429, 503, 504].contains(answer.status), "\(answer.text)")
            }
        }

        // MARK: What is on record

        private static let signed = Statement(
            "test_signed", "select count(*) from usage_event where outcome = 'signed' and subject = $1")
        private static let used = Statement(
            "test_used",
            "select coalesce(sum(used), 0)::bigint from limit_counter where owner = $1 and clause = 1")

        private static func expectRecords(_ desk: UseDesk, _ keys: Keys, _ tally: Tally) async throws {
            let (recorded, counted) = (
                try await desk.count(signed, keys.limited.lastSegment),
                try await desk.count(used, keys.limited.lastSegment)
            )
            #expect(recorded == accountLimit && counted == recorded, "\(recorded) signed, \(counted) counted")
            #expect(tally.servedOfLimited <= recorded && tally.refusedByLimit > 0)
            let known = try await desk.scratch.visit { _, database in
                Set(
                    try await database.query(
                        Statement("test_all_signed", "select id from usage_event where outcome = 'signed'")
                    ).map { $0.id(0, as: UsageKind.self).description })
            }
            #expect(tally.ids.subtracting(known) == [], "signed, and not on record")
            let verified = try await desk.nodes[0].must("GET", "/v1/audit/verification")
            #expect(verified["intact"] == true, "\(verified)")
        }
    }
}

extension UseHistory {
    /// One of each kind: served while stopped, refused while active, and a nonce that is lower than one that
    /// was there before.
    fileprivate func addForgeries(to key: String) {
        let stop = UInt64.max / 2
        add(Switch(key, stop, stop + 1, stops: true))
        add(Use(key, stop + 2, stop + 3, served: true))
        add(Switch(key, stop + 4, stop + 5, stops: false))
        add(Use(key, stop + 6, stop + 7, served: false))
        add(Number(key, stop, stop + 1, 2))
        add(Number(key, stop + 2, stop + 3, 1))
    }
}
