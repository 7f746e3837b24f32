import EventLoop
import HTTPServer
import JSON
import Postgres
import TestSupport
import Testing

@testable import Service

/// What /readyz warns of while it answers 200.
struct ReadinessTests {
    private static let neverExported = "no audit checkpoint has been exported"

    private nonisolated(nonsending) func warnings(_ premises: Premises) async throws -> [String] {
        let answer = try await premises.call("GET", "/readyz")
        #expect(answer.status == 200 && answer.json["status"] == "ready")
        return answer.json["warnings"]?.asArray?.compactMap(\.asString) ?? []
    }

    @Test func `until a checkpoint was exported, readiness warns`() async throws {
        try await Premises.open(isRunning: true) { _, premises async throws in
            await premises.host.rooms.tidy()
            #expect(try await warnings(premises) == [Self.neverExported])
            let owner = try await premises.owner()
            try await wait(until: "a checkpoint") {
                let page = try await premises.call("GET", "/v1/audit/checkpoints", as: owner.token)
                return page.json["data"]?.asArray?.isEmpty == false
            }
            #expect(try await warnings(premises) == [Self.neverExported])
            try await export(premises, as: owner)
            // Looked at about once a minute.
            for _ in 0..<60 { await premises.host.rooms.tidy() }
            #expect(try await warnings(premises) == [])
        }
    }

    @Test func `events that lag for 5 s are a warning that says what to do`() async throws {
        try await Premises.open { _, premises async throws in
            premises.host.shared.state.note(horizonLagSeconds: 4.9)
            #expect(try await warnings(premises) == [])
            premises.host.shared.state.note(horizonLagSeconds: 7.9)
            let warning = try await warnings(premises).first
            #expect(warning?.hasPrefix("readers of events are 7 s behind") == true)
            #expect(warning?.contains("blocking_pid") == true)
        }
    }

    @Test func `a node whose database takes no writes is not ready, and says why`() async throws {
        try await Premises.open { _, premises async throws in
            premises.host.shared.databaseUse.refused(.diskFull)
            let answer = try await premises.call("GET", "/readyz")
            #expect(answer.status == 503 && answer.json["status"] == "not_ready", "\(answer.text)")
            let check = answer.json["checks"]?.asArray?.first { $0["name"] == "database" }
            #expect(check?["ok"] == false && check?["detail"] == "takes no writes: its disk is full")
            #expect(premises.mistakes == [])
        }
    }

    /// Takes the whole of it, as a client that saves it does.
    private nonisolated(nonsending) func export(_ premises: Premises, as owner: Person) async throws {
        let answer = try await premises.call("GET", "/v1/audit/export", as: owner.token)
        guard answer.status == 200, case .stream(let write) = answer.response.body else {
            Issue.record("no export: \(answer.text)")
            return
        }
        try await write(Drain())
    }

    private final class Drain: BodyWriter {
        let isDraining = false
        nonisolated(nonsending) func write(_ bytes: [UInt8]) async throws(BodyError) {}
        func onEnd(_ action: @escaping () -> Void) {}
    }
}
