import Access
import JSON
import Kernel
import Postgres
import Synchronization
import TestSupport
import Testing

@testable import Keys

/// Two loops that do what must not be done both, at the same moment.
@Suite(.serialized) struct MeetingTests {
    private static let waiting = Statement(
        "test_waiting",
        """
        select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
        """)

    /// A rotation at Bybit, which deletes keys by request: past its overlap, and nothing sent yet.
    private static func retiring(_ desk: KeyDesk) async throws -> (key: String, rotation: String) {
        desk.exchange.says(200, KeyDesk.taken, to: KeyDesk.probePath)
        desk.exchange.isAway(from: KeyDesk.deletionPath)
        let path = try await desk.withCredential("bybit", "old")
        _ = try await desk.call("POST", path + "/verify")
        let made = try await desk.call(
            "POST", path + "/rotations",
            #"{"credential": {"api_key": "api-key-new", "secret": "the-secret-new"}}"#)
        let rotation = path + "/rotations/\(made.json["id"]?.asString ?? "")"
        _ = try await desk.call("POST", rotation + "/advance")
        let told = try await desk.call("POST", rotation + "/advance", #"{"end_overlap": true}"#)
        try #require(told.json["state"] == "retiring", "\(told.text)")
        try await desk.run("update key_deletion set sends = 0, sent_at = null, due_at = '2000-01-01'")
        return (path, rotation)
    }

    @Test func `T16: a version is not brought back while its deletion is claimed`() async throws {
        let scratch = try await ScratchDatabase.make()
        let (parts, path) = try await scratch.visit { _, database in
            let desk = try await KeyDesk(database)
            return (desk.parts, try await Self.retiring(desk))
        }
        let id = try #require(ExchangeKeyID(String(path.key.split(separator: "/").last ?? "")))
        let isClaimed = Mutex(false)
        async let claimed: Void = scratch.visit { _, database in
            try await database.transaction { transaction in
                var deletion = try #require(try await KeyDeletionStore.lock(id, 1, in: transaction))
                deletion.willSend(at: parts.time.now)
                try await KeyDeletionStore.update(deletion, in: transaction)
                isClaimed.withLock { $0 = true }
                try await wait(until: "the rollback waits for the claim") {
                    try await database.query(Self.waiting).first?.int(0) ?? 0 > 0
                }
            }
        }
        let status = try await scratch.visit { _, database in
            try await wait(until: "the deletion is claimed") { isClaimed.withLock { $0 } }
            return try await KeyDesk(database, parts)
                .call("POST", path.rotation + "/rollback", #"{"reason": "orders fail"}"#).status
        }
        try await claimed
        #expect(status == 409)
        try await scratch.drop()
    }

    @Test func `two imports of the same secrets at once find each other's keys`() async throws {
        let scratch = try await ScratchDatabase.make()
        let parts = try await scratch.visit { _, database in try await KeyDesk(database).parts }
        let count = 40
        let answers = try await withThrowingTaskGroup(of: (status: Int, registered: Int64).self) { group in
            for side in ["left", "right"] {
                group.addTask {
                    try await scratch.visit { _, database in
                        let told = try await KeyDesk(database, parts)
                            .call("POST", "/v1/keys/import", Self.entries(count, side))
                        return (told.status, told.json["registered"]?.asInt ?? 0)
                    }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.map(\.status) == [200, 200])
        #expect(answers.map(\.registered).reduce(0, +) == Int64(count))
        try await scratch.drop()
    }

    private static func entries(_ count: Int, _ side: String) -> String {
        let all = (0..<count).map { number in
            """
            {"exchange": "binance", "account": "main", "label": "\(side)-\(number)", "environment": "live",
            "credential": {"api_key": "api-key-\(number)", "secret": "the-secret-\(number)"}}
            """
        }
        return #"{"entries": [\#(all.joined(separator: ","))]}"#
    }
}
