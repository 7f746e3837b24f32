import Access
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Keys

@Suite(.serialized) struct KeyJobTests {
    private func stages(_ desk: KeyDesk, _ type: String) async throws -> [String] {
        try await desk.events().filter { $0.type == type }.compactMap { $0.data["stage"]?.asString }
    }

    @Test func `a rotation is told once a reminder, then once a day`() async throws {
        try await KeyDesk.run { desk in
            _ = try await desk.register("a", #""rotation": {"every": "20d", "remind_before": ["14d", "3d"]}"#)
            for _ in 0..<(23 * 8) {
                _ = try await desk.runJob("rotation-due")
                desk.time.move(.hours(3))
            }
            let stages = try await stages(desk, "key.rotation.due")
            #expect(stages == ["14d", "3d", "overdue", "overdue", "overdue"])
            let last = try #require(try await desk.events().last?.data)
            #expect(last["overdue"] == .bool(true))
            #expect(last["days_left"]?.asDouble == -2)
            #expect(last["due_at"]?.asString == "2026-01-25T08:00:00.000Z")
        }
    }

    @Test func `two nodes at once tell every key once`() async throws {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { worker, database in
            let desk = try await KeyDesk(database)
            for number in 0..<250 {
                _ = try await desk.register("k\(number)", #""expires_at": "2026-01-01T00:00:00Z""#)
            }
            let other = scratch.open(on: worker)
            defer { other.stop() }
            try await other.ready()
            let twin = try await KeyDesk(other)
            let second = Task {
                _ = worker
                return try await twin.runJob("key-expiry") ?? 0
            }
            var told = try await desk.runJob("key-expiry") ?? 0
            told += try await second.value
            told += try await desk.runJob("key-expiry") ?? 0
            #expect(told == 250)
            #expect(try await stages(desk, "key.expiring").count == 250)
        }
    }

    @Test func `an expiry that passed while the service was away is told once, as expired`() async throws {
        try await KeyDesk.run { desk in
            _ = try await desk.register("a", #""expires_at": "2026-01-15T08:00:00Z""#)
            #expect(try await desk.runJob("key-expiry") == 1)
            desk.time.move(.days(30))
            #expect(try await desk.runJob("key-expiry") == 1)
            desk.time.move(.days(30))
            #expect(try await desk.runJob("key-expiry") == 0)
            #expect(try await stages(desk, "key.expiring") == ["14d", "expired"])
        }
    }

    @Test func `a renewed secret begins a new countdown, and a revoked key has none`() async throws {
        try await KeyDesk.run { desk in
            let path = try await desk.register("a", #""rotation": {"every": "10d"}"#)
            desk.time.move(.days(11))
            #expect(try await desk.runJob("rotation-due") == 1)
            _ = try await desk.call(
                "PATCH", path, #"{"secret_created_at": "2026-01-16T00:00:00Z"}"#, match: "\"1\"")
            desk.time.move(.days(2))
            #expect(try await desk.runJob("rotation-due") == 0)
            _ = try await desk.call("POST", "\(path)/revoke", #"{"reason": "x"}"#)
            desk.time.move(.days(100))
            #expect(try await desk.runJob("rotation-due") == 0)
        }
    }
}
