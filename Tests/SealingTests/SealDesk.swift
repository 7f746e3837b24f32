import Access
import Crypto
import EventLoop
import Events
import JSON
import Jobs
import Kernel
import Postgres
import Synchronization
import TestSupport

@testable import Sealing

/// An installation with a database and a root key, on one worker. A node more is another desk on its
/// database.
struct SealDesk {
    /// A wall clock that tests move.
    final class MovedClock: Sendable {
        private let time = Mutex(Timestamp.testStart)
        var now: Timestamp { time.withLock { $0 } }
        var clock: Clock { Clock(now: { self.now }, monotonicNanoseconds: { 0 }) }
        func move(_ period: Period) { time.withLock { $0 = $0 + period } }
    }

    let database: Database
    let ledger: Ledger
    let custodian: Custodian
    let watch: SealWatch
    let rewrap: Rewrap
    let caller: TestCaller
    let time: MovedClock
    let node: NodeID
    let runsAsked: Counter

    /// - Parameter root: nil: a node that comes up sealed.
    nonisolated(nonsending) init(
        _ database: Database, root: RootKey?, source: RootKeySource = .file("/nowhere/root.key"),
        states: KeyStates = .untouched, time: MovedClock = MovedClock()
    ) async throws {
        let (clock, opening) = (time.clock, Opening(states: states, clock: time.clock))
        let seal = Seal()
        if let root {
            seal.open(with: try await database.transaction { try await opening.open(under: root, in: $0) })
        }
        node = NodeID(UUID(at: time.now, entropy: .system))
        custodian = Custodian(
            seal: seal, source: source, opening: opening, node: node, offLoop: scratchOffLoop,
            metrics: Metrics())
        ledger = Ledger(database: database, clock: clock, entropy: .system)
        watch = SealWatch(custodian, database, clock: clock, log: .silent)
        rewrap = Rewrap(
            ledger: ledger, custodian: custodian, states: states, reactor: database.connector.reactor)
        let asked = Counter()
        runsAsked = asked
        caller = TestCaller(
            SealEndpoints(ledger: ledger, custodian: custodian).operations
                + UnsealEndpoints(ledger: ledger, custodian: custodian, onUnsealed: {}).operations
                + ShareEndpoints(ledger: ledger, custodian: custodian).operations
                + RootKeyEndpoints(ledger: ledger, custodian: custodian).operations
                + KeyRotationEndpoints(
                    ledger: ledger, custodian: custodian, requestRun: { _ in asked.add() }
                ).operations)
        (self.database, self.time) = (database, time)
    }

    static func run(_ body: @Sendable @escaping (SealDesk, RootKey) async throws -> Void) async throws {
        try await withDatabase { database in
            let root = try RootKey()
            try await body(try await SealDesk(database, root: root), root)
        }
    }

    /// One more node of this installation.
    nonisolated(nonsending) func another(
        root: RootKey?, source: RootKeySource = .file("/nowhere/root.key")
    ) async throws -> SealDesk {
        try await SealDesk(database, root: root, source: source, time: time)
    }

    var isOpen: Bool { custodian.seal.isOpen }

    func call(
        _ method: String, _ target: String, _ body: String = "",
        headers: [(name: String, value: String)] = []
    ) async throws -> TestAnswer {
        try await caller.call(method, target, testContext(at: time.now), headers: headers, body: body)
    }

    // MARK: What is in the database

    private static let events = Statement(
        "test_events", "select type, data::text from event order by xid, id")
    private static let audit = Statement(
        "test_audit", "select action from audit_item order by at, lane, sequence, item")

    func events() async throws -> [String] { try await database.query(Self.events).map { $0.text(0) } }

    func actions() async throws -> [String] { try await database.query(Self.audit).map { $0.text(0) } }

    /// What a node's heartbeat writes.
    func beat(_ generation: Int? = nil) async throws {
        _ = try await database.transaction { transaction in
            try await transaction.query(
                Self.note, .id(node), .timestamp(time.now), .int(generation ?? custodian.generation))
        }
    }

    private static let note = Statement(
        "test_node_note",
        derived: """
            insert into node (id, version, loops, started_at, last_seen_at, key_generation)
            values ($1, '1', 1, $2, $2, $3::integer)
            on conflict (id) do update
            set last_seen_at = excluded.last_seen_at, key_generation = excluded.key_generation
            """)
}

/// Counts calls from anywhere.
final class Counter: Sendable {
    private let count = Mutex(0)
    var value: Int { count.withLock { $0 } }
    func add() { count.withLock { $0 += 1 } }
}

extension KeyShare {
    var text: String {
        get throws { try withTextLine { String(decoding: $0.dropLast(), as: UTF8.self) } }
    }
}

extension RootKey {
    var text: String {
        get throws {
            let folder = try TestFolder()
            defer { folder.remove() }
            try store(atFile: folder.file("root.key"))
            return String((folder.read("root.key") ?? "").prefix { $0 != "\n" })
        }
    }
}
