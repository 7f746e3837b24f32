import Access
import Crypto
import EventLoop
import Events
import Glibc
import HTTPClient
import JSON
import Kernel
import Postgres
import Synchronization
import TestSupport

@testable import Webhooks

/// The room on a worker with a scratch database: what Service would wire, with a clock that tests move.
final class WebhookRoom {
    let database: Database
    let clock: TestClock
    let ledger: Ledger
    let directory: WebhookDirectory
    let outbox: WebhookOutbox
    let keys: WebhookKeys
    let node = UUID(at: .testStart, entropy: .system)
    /// What owners may do; missing means disabled.
    let rights: OwnerRights

    final class OwnerRights {
        var byOwner: [PrincipalID: Set<Permission>] = [:]
        /// Who was asked for, one by one.
        var read: [PrincipalID] = []
        /// How often a transaction was asked, and nobody outside of it.
        var readInside = 0
    }

    init(_ database: Database, clock: TestClock = TestClock(), seal: Seal? = nil) throws {
        self.database = database
        self.clock = clock
        let rights = OwnerRights()
        self.rights = rights
        ledger = Ledger(database: database, clock: clock.clock, entropy: .system)
        directory = WebhookDirectory(
            rights: RightsReader(now: clock.clock.now) { owners, _, source in
                rights.read += owners
                if source is Transaction { rights.readInside += 1 }
                return rights.byOwner.filter { owners.contains($0.key) }.mapValues { Rights(everywhere: $0) }
            }, in: database)
        outbox = WebhookOutbox(directory: directory, node: node, clock: clock.clock, entropy: .system)
        keys = WebhookKeys(seal: try seal ?? Self.makeSeal())
        ledger.react(outbox.reaction())
    }

    private static let insertGeneration = Statement(
        "test_generation",
        derived: """
            insert into key_encryption_key (generation, wrapped) values (1, '') on conflict do nothing
            """)

    static func makeSeal() throws -> Seal {
        let root = try RootKey()
        return Seal(
            Seal.Opened(
                root: root,
                keyring: try Keyring(opening: [.generate(generation: 1, under: root)], under: root),
                fingerprintKey: try HMACKey(Secret(randomBytes: 32)),
                checkpointKey: try Ed25519.SigningKey()))
    }

    /// A webhook as a row, and its secret's text.
    @discardableResult
    nonisolated(nonsending) func makeWebhook(
        _ name: String = "ops", url: String = "https://hooks.example/x", takes: [String] = ["alert.*"],
        owner: PrincipalID? = nil, mayRead: Set<Permission> = Set(Permission.allCases)
    ) async throws -> (id: WebhookID, secret: String) {
        let owner = owner ?? PrincipalID(.user, UUID(at: clock.now, entropy: .system))
        rights.byOwner[owner] = mayRead
        let id = ledger.newID(WebhookKind.self)
        let signing = try keys.makeSigningKey(id)
        let secretID = ledger.newID(WebhookSecretKind.self)
        let secret = try keys.makeSecret(secretID, entropy: .system)
        let now = clock.now
        let webhook = Webhook(
            id: id, name: name, url: url, eventTypes: takes, owner: owner, status: .active, statusReason: nil,
            downSince: nil, publicKey: signing.publicKey, createdAt: now, updatedAt: now, revision: 1)
        try await ledger.change(testContext(at: now)) { change in
            // Sealed bytes hang on their key-encryption key; this room's is known to no database.
            _ = try await change.transaction.query(Self.insertGeneration)
            try await WebhookStore.insert(webhook, signingKey: signing.sealed, in: change.transaction)
            try await WebhookStore.insertSecret(
                secretID, of: id, sealed: secret.sealed, at: now, in: change.transaction)
            change.touchesConfiguration = true
        }
        return (id, secret.text)
    }

    /// Writes an own event, or another, as a change would.
    nonisolated(nonsending) func emit(
        _ type: String = "custom.tick", subject: String? = nil, _ data: JSONObject = JSONObject()
    ) async throws {
        guard let type = EventType(type) else { throw UnknownType(name: type) }
        try await ledger.change(.installation(now: clock.now, requestID: "req_test")) { change in
            _ = change.emit(NewEvent(type, subject: subject, data: data))
        }
    }

    struct UnknownType: Error { let name: String }

    nonisolated(nonsending) func count(_ condition: StaticString) async throws -> Int {
        let statement = Statement("test_count", derived: "select count(*) from delivery where \(condition)")
        return try await database.query(statement).first?.int(0) ?? 0
    }
}

/// A wall clock that stands still until it is moved.
final class TestClock: Sendable {
    private let micros = Atomic<Int64>(Timestamp.testStart.microseconds)

    var now: Timestamp { Timestamp(microseconds: micros.load(ordering: .relaxed)) }
    func move(_ period: Period) { micros.wrappingAdd(period.microseconds, ordering: .relaxed) }

    var clock: Clock {
        Clock(now: { [self] in now }, monotonicNanoseconds: Clock.system.monotonicNanoseconds)
    }
}
