import EventLoop
import Glibc
import JSON
import Postgres
import Synchronization
import TestSupport
import Testing

extension IntegrationTests {
    /// T7: what was committed before a revocation may leave within a second, and not when a node wakes later.
    @Suite struct PausedBatchTests {
        /// Fewer than the threads on which the test's calls wait.
        private static let asked = 14
        private static let rounds = 2

        /// Commits of uses wait at a gate, which the test keeps closed.
        private static let gate = [
            Statement(
                "test_gate_function",
                """
                create function test_gate() returns trigger language plpgsql as $$
                begin perform pg_advisory_xact_lock_shared(4711); return null; end $$
                """),
            Statement(
                "test_gate_trigger",
                """
                create constraint trigger test_gate after update on limit_counter
                deferrable initially deferred for each row execute function test_gate()
                """),
        ]
        private static let close = "select pg_advisory_xact_lock(4711)"
        private static let waiting = Statement(
            "test_gate_waiting",
            """
            select count(*) from pg_locks where locktype = 'advisory' and not granted and objid = 4711
                and $1 <> ''
            """)
        private static let admitted = Statement(
            "test_admitted", "select count(*) from usage_event where verdict = 'allowed' and subject = $1")
        private static let open = Statement(
            "test_open_uses",
            "select count(*) from usage_event where outcome = 'authorised' and subject = $1")

        private final class Answers: Sendable {
            private let state = Mutex<[Int]>([])
            var served: Int { state.withLock { $0.count { $0 == 200 } } }
            func add(_ status: Int) { state.withLock { $0.append(status) } }
        }

        @Test
        func `T7: a node that was paused behind its commit signs and sends nothing of it when it wakes`()
            async throws
        {
            try await UseDesk.run(nodes: 2, ["KEYBELL_LOOPS": "1"]) { desk in
                let key = try await desk.key("binance")
                try await desk.publish(UseDesk.policy(["read", "trade"], limit: 100_000), at: key)
                // Counters are there, and what is traded is known.
                for number in 0..<2 { #expect(try await Self.ask(desk, key, number) == 200) }
                try await desk.execute(Self.gate)
                var caught = 0
                for _ in 0..<Self.rounds { caught += try await Self.round(desk, key) }
                #expect(caught >= Self.rounds)
                try await wait(until: "what was not sent is known") {
                    try await desk.count(Self.open, key.lastSegment) == 0
                }
            }
        }

        /// Signs, or sends an order, on the second node.
        private static func ask(_ desk: UseDesk, _ key: String, _ number: Int) async throws -> Int {
            if number % 2 == 0 {
                return try await desk.nodes[1].call("POST", key + "/sign", UseDesk.account).status
            }
            return try await desk.nodes[1].call(
                "POST", key + "/proxy/spot/api/v3/order?" + UseDesk.order
            ).status
        }

        /// How many uses were committed that must not leave any more.
        private static func round(_ desk: UseDesk, _ key: String) async throws -> Int {
            let (node, answers, id) = (desk.nodes[1], Answers(), key.lastSegment)
            let before = try await desk.count(admitted, id)
            let tasks = try await whileOpen(close, at: desk.scratch.url) {
                let tasks = (0..<asked).map { number in
                    Task { answers.add((try? await ask(desk, key, number)) ?? 0) }
                }
                try await wait(until: "a batch waits for its commit") {
                    try await desk.count(waiting, id) > 0
                }
                try await node.pause()
                return tasks
            }
            try await wait(until: "the batch is committed") { try await desk.count(admitted, id) > before }
            // What the paused node holds in the database besides is taken from it within seconds.
            try await wait(until: "the stop is acknowledged") {
                try await desk.nodes[0].call(
                    "POST", key + "/mode", ["mode": "suspended", "reason": "a leak"]
                ).status == 200
            }
            let committed = try await desk.count(admitted, id) - before
            // Longer than what was committed may take to leave.
            try await blockingThreads.run { _ = usleep(1_200_000) }
            let (served, sent) = (answers.served, try await orders(desk))
            node.resume()
            for task in tasks { await task.value }
            #expect(answers.served == served, "signed or sent behind its time")
            #expect(try await orders(desk) == sent, "sent behind its time")
            try await desk.nodes[0].must("POST", key + "/mode", ["mode": "active", "reason": "a test"])
            return committed - served
        }

        private static func orders(_ desk: UseDesk) async throws -> Int {
            try await desk.standIn.orders(.binance).count
        }
    }
}
