import Events
import JSON
import Kernel
import TestSupport
import Testing

@testable import Keys

/// T16: a rotation that is cut anywhere leaves a working key, and never two current ones. Every transaction
/// that writes a fact is cut, before its commit and behind it; `RotationKillTests` kills a real node.
@Suite(.serialized) struct RotationCrashTests {
    private struct Crash: Error {}

    /// Dies at one transaction with a fact, and stays dead.
    private final class Fate {
        private var left: Int
        private let isBeforeCommit: Bool
        private(set) var isDead = false

        init(after count: Int, beforeCommit: Bool) { (left, isBeforeCommit) = (count, beforeCommit) }

        func enter() throws {
            guard !isDead else { throw Crash() }
            left -= 1
            if left <= 0 {
                isDead = true
                if isBeforeCommit { throw Crash() }
            }
        }
    }

    /// staged → testing → promoting → overlap → retiring → done, each with its facts.
    private static let transactions = 6

    @Test(arguments: [true, false]) func `T16: a rotation cut at any of its edges goes on and ends well`(
        beforeCommit: Bool
    ) async throws {
        for count in 1...Self.transactions {
            try await RotationDesk.run { r in
                try await Self.cut(r, Fate(after: count, beforeCommit: beforeCommit), at: count)
            }
        }
    }

    private static func cut(_ r: RotationDesk, _ fate: Fate, at count: Int) async throws {
        let mortal = KeyDesk(r.desk, dyingBy: fate.enter)
        await live(mortal, r.path)
        #expect(fate.isDead, "\(count)")
        try await expectOneWorking(r, count)
        // Whoever comes after it finds the same database, and nothing else.
        let path = try await opened(r)
        for _ in 0..<6 {
            try await r.tick(.minutes(40))
            try await expectOneWorking(r, count)
        }
        #expect(try await r.state(path) == "done", "\(count)")
        #expect(try await r.versions() == "1 previous, 2 current", "\(count)")
        #expect(try await r.desk.call("GET", r.path).json["status"]?.asString == "active")
    }

    /// A whole rotation, as far as the desk lives; the old key is deleted once it is not used any more.
    private static func live(_ desk: KeyDesk, _ path: String) async {
        let body = #"{"overlap": "30m", \#(RotationDesk.credential("new"))}"#
        guard let made = try? await desk.call("POST", path + "/rotations", body), made.status == 201 else {
            return
        }
        desk.exchange.says(400, RotationDesk.refused, toKey: "old-api-key")
        for _ in 0..<3 {
            for job in ["key-rotation", "key-deletion"] {
                _ = try? await desk.runJob(job, counting: "failed")
            }
            desk.time.move(.minutes(31))
        }
    }

    private static func opened(_ r: RotationDesk) async throws -> String {
        r.desk.exchange.says(400, RotationDesk.refused, toKey: "old-api-key")
        let all = try await r.desk.call("GET", r.path + "/rotations").json["data"]?.asArray ?? []
        if let id = all.first?["id"]?.asString { return r.path + "/rotations/\(id)" }
        return try await r.open(#"{"overlap": "30m", \#(RotationDesk.credential("new"))}"#)
    }

    private static func expectOneWorking(_ r: RotationDesk, _ count: Int) async throws {
        let key = try await r.desk.call("GET", r.path).json
        let versions = try await r.desk.call("GET", r.path + "/versions").json["data"]?.asArray ?? []
        let current = versions.filter { $0["state"]?.asString == "current" }
        #expect(current.count == 1, "\(count)")
        #expect(key["current_version"] == current.first?["version"], "\(count)")
        #expect(current.first?["verified_at"]?.asString != nil, "\(count)")
        #expect(key["status"]?.asString == "active", "\(count)")
    }
}
