import EventLoop
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Signing

/// A database that hangs with the connection standing, as behind a stuck disk.
@Suite struct StalledDatabaseTests {
    private static let policy = """
        {"operations": ["trade"], "ways": ["proxy"],
         "limits": [
            {"count": "notional", "max": {"amount": "1000", "currency": "USD"}, "per": "31d",
             "applies_to": "all"}
         ]}
        """

    /// Whatever writes uses hangs until it is released.
    private static let hang = [
        "create table test_hang (at timestamptz)",
        "create sequence test_hung",
        """
        create function test_hang() returns trigger language plpgsql as $$
        begin
            perform nextval('test_hung');
            while not exists (select from test_hang) loop perform pg_sleep(0.01); end loop;
            return null;
        end $$
        """,
        """
        create trigger test_hang before insert on usage_event for each statement execute function test_hang()
        """,
    ]
    private static let isHung = Statement("test_is_hung", "select is_called from test_hung")
    private static let release = Statement("test_release", "insert into test_hang values (now())")
    private static let now = Statement("test_now", "select clock_timestamp()")
    private static let outcomes = Statement(
        "test_outcomes", "select outcome from usage_event order by outcome")
    private static let used = Statement("test_used", "select used from limit_counter where clause = 1")

    /// A key with an order that was sent already, by a clock that goes with the database's.
    private func key(_ desk: SigningDesk) async throws -> String {
        let now = try await desk.database.query(Self.now)[0].timestamp(0)
        desk.time.move(now - desk.time.now)
        desk.exchange.says(200, #"{"orderId": 1, "status": "NEW"}"#)
        let key = try await desk.key("slow", policy: Self.policy)
        let first = try await order(key, desk)
        try #require(first.status == 200, "\(first.text)")
        return key
    }

    private func order(_ key: String, _ desk: SigningDesk) async throws -> TestAnswer {
        try await desk.proxy(key, "POST", "/api/v3/order", query: SigningDesk.order)
    }

    private final class Asked { var answer: TestAnswer? }

    /// Asks for an order while the database hangs, which it does no more when `body` returns.
    private func hang(
        _ desk: SigningDesk, _ key: String, on worker: isolated Worker, _ body: (Asked) async throws -> Void
    ) async throws -> Asked {
        for statement in Self.hang {
            _ = try await desk.database.query(Statement("test_hang", derived: statement))
        }
        let asked = Asked()
        Task {
            _ = worker
            asked.answer = try await order(key, desk)
        }
        try await wait(until: "the use is being written") {
            try await desk.database.query(Self.isHung).first?.bool(0) == true
        }
        try await body(asked)
        _ = try await desk.database.query(Self.release)
        return asked
    }

    private func expectUnsent(_ desk: SigningDesk) async throws {
        #expect(desk.exchange.requests.count == 1)
        var (outcomes, used): ([String], Int64) = ([], 0)
        for _ in 0..<3_000 where outcomes.count < 2 || outcomes.contains("authorised") {
            outcomes = try await desk.database.query(Self.outcomes).map { $0.text(0) }
            used = try await desk.database.query(Self.used).first?.int64(0) ?? -1
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(outcomes == ["accepted", "not_sent"] && used == 50_000_000, "\(used)")
    }

    @Test func `an order that is admitted late is not sent, and costs nothing`() async throws {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { worker, database in
            let desk = try await SigningDesk.open(on: worker, database)
            defer { desk.stop() }
            let key = try await key(desk)
            let asked = try await hang(desk, key, on: worker) { _ in desk.time.pass(.milliseconds(1_001)) }
            try await wait(until: "the answer") { asked.answer != nil }
            let answer = try #require(asked.answer)
            #expect(answer.status == 503, "\(answer.text)")
            try await expectUnsent(desk)
        }
    }

    @Test func `whoever waits is told while it hangs, and nothing is sent afterwards`() async throws {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { worker, database in
            let desk = try await SigningDesk.open(
                on: worker, database, batchPatience: UseBatcher.batchPatience)
            defer { desk.stop() }
            let key = try await key(desk)
            _ = try await hang(desk, key, on: worker) { asked in
                try await wait(until: "the answer") { asked.answer != nil }
                let answer = try #require(asked.answer)
                #expect(answer.status == 503, "\(answer.text)")
                #expect(answer.json["code"] == "overloaded", "\(answer.text)")
            }
            try await expectUnsent(desk)
        }
    }

    private static let lock = Statement("test_lock", "lock table exchange_key in access exclusive mode")
    private static let isWaited = Statement(
        "test_is_waited",
        "select count(*) from pg_locks where not granted and relation = 'exchange_key'::regclass")

    @Test func `what the reading of a key kept waiting is not done as if it had just come`() async throws {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { worker, database in
            let desk = try await SigningDesk.open(
                on: worker, database, batchPatience: UseBatcher.batchPatience)
            defer { desk.stop() }
            let key = try await key(desk)
            let other = scratch.open(on: worker)
            defer { other.stop() }
            try await other.ready(within: .seconds(60))
            desk.batcher.forgetSecrets()
            let asked = Asked()
            try await other.transaction { transaction in
                _ = try await transaction.query(Self.lock)
                Task {
                    _ = worker
                    asked.answer = try await order(key, desk)
                }
                try await wait(until: "the key is being read") {
                    try await other.query(Self.isWaited).first?.int(0) != 0
                }
                desk.time.pass(.seconds(3))
            }
            try await wait(until: "the answer") { asked.answer != nil }
            let answer = try #require(asked.answer)
            #expect(answer.status == 503 && answer.json["code"] == "overloaded", "\(answer.text)")
            #expect(desk.exchange.requests.count == 1)
            let again = try await order(key, desk)
            #expect(again.status == 200, "\(again.text)")
        }
    }
}
