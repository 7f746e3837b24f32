import Access
import Events
import HTTPServer
import JSON
import Kernel
import Postgres
import Synchronization
import TestSupport
import Testing

@testable import Keys

/// T7 in one process, where the order of things is ours: a use that has read the key's state meets a stop
/// before it is committed. `RevocationHistoryTests` has real nodes, and chance.
@Suite(.serialized) struct RevocationRaceTests {
    private typealias Admit = @Sendable (KeyDesk, ExchangeKeyID) async throws -> Void

    /// Where both sides of a race are.
    private final class Meeting: Sendable {
        private struct State {
            var hasRead = false
            var isAcknowledged = false
        }

        private let state = Mutex(State())
        var hasRead: Bool { state.withLock { $0.hasRead } }
        var isAcknowledged: Bool { state.withLock { $0.isAcknowledged } }
        func read() { state.withLock { $0.hasRead = true } }
        func acknowledge() { state.withLock { $0.isAcknowledged = true } }
    }

    private static let waiting = Statement(
        "test_waiting_locks", "select count(*) from pg_locks where locktype = 'advisory' and not granted")

    /// As the service does it.
    private static let locked: Admit = { desk, id in
        _ = try await desk.book.admit(.reveal, id, desk.context) { key, _, change in
            change.emit(key.event(.keyRevealed, ["reason": "a race"]))
            return [:]
        }
    }

    /// The same without the lock of authority.
    private static let unlocked: Admit = { desk, id in
        try await desk.book.change(desk.context) { change in
            guard let row = try await KeyStore.find(id, in: change.transaction) else { return }
            let key = try desk.book.checked(row)
            if let refusal = KeyPurpose.reveal.refusal(key.status) { throw Problem(.conflict, refusal) }
            change.audit("keys.reveal", id)
            change.emit(key.event(.keyRevealed, ["reason": "a race"]))
        }
    }

    @Test func `T7: no use is committed behind a stop that was acknowledged`() async throws {
        #expect(try await Self.race(Self.locked) == [])
    }

    @Test func `T7: without the lock of authority the checker finds one`() async throws {
        let found = try await Self.race(Self.unlocked)
        #expect(found.count == 1, "\(found)")
    }

    /// The use is held between reading and committing until the stop was acknowledged, or waits for the use.
    private static func race(_ admit: @escaping Admit) async throws -> [String] {
        let (history, meeting) = (UseHistory(), Meeting())
        let scratch = try await ScratchDatabase.make()
        let (parts, path) = try await scratch.visit { _, database in
            let rotation = try await RotationDesk(try await KeyDesk(database), #""readable": true, "#)
            return (rotation.desk.parts, rotation.path)
        }
        let id = try #require(ExchangeKeyID(String(path.split(separator: "/").last ?? "")))
        async let used: Void = scratch.visit { _, database in
            let desk = KeyDesk(database, parts)
            desk.ledger.react { _, _ in
                meeting.read()
                try await wait(until: "the stop is acknowledged, or waits") {
                    if meeting.isAcknowledged { return true }
                    return try await desk.database.query(Self.waiting).first?.int(0) ?? 0 > 0
                }
                // The last moment before its commit: who looks at the clock behind that may be late.
                history.add(UseHistory.Effect("k", Clock.system.monotonicNanoseconds()))
                return nil
            }
            try await admit(desk, id)
        }
        async let stopped: Void = scratch.visit { _, database in
            let desk = KeyDesk(database, parts)
            try await wait(until: "the use has read") { meeting.hasRead }
            let begun = Clock.system.monotonicNanoseconds()
            let answer = try await desk.call("POST", path + "/suspend", #"{"reason": "a leak"}"#)
            #expect(answer.status == 200, "\(answer.text)")
            history.add(
                UseHistory.Switch("k", begun, Clock.system.monotonicNanoseconds(), stops: true))
            meeting.acknowledge()
        }
        _ = try await (used, stopped)
        try await scratch.drop()
        return history.violations(grace: 0)
    }

    @Test func `a use is good for a second by the monotonic clock, whatever the wall clock says`()
        async throws
    {
        let elapsed = Mutex<UInt64>(0)
        let time = MovedClock()
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { _, database in
            let clock = Clock(now: { time.now }, monotonicNanoseconds: { elapsed.withLock { $0 } })
            let desk = try await RotationDesk(try await KeyDesk(database, time: time, clock: clock)).desk
            let id = try #require(
                try await desk.call("GET", "/v1/keys").json["data"]?[0]?["id"]?.asString
                    .flatMap { ExchangeKeyID($0) })
            let use = try await desk.book.admit(.verify, id, desk.context) { _, _, _ in [:] }
            time.move(.days(400))
            elapsed.withLock { $0 += Leave.validNanoseconds }
            try use.leave.check()
            elapsed.withLock { $0 += 1 }
            #expect(throws: Problem.self) { try use.leave.check() }
        }
    }
}
