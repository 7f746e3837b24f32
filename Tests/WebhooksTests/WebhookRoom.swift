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

    /// Sealed bytes hang on their key-encryption key; this room's is known to no database.
    nonisolated(nonsending) func insertGeneration() async throws {
        _ = try await database.query(Self.insertGeneration)
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
        owner: PrincipalID? = nil, mayRead: Set<Permission> = Set(Permission.allCases),
        _ terms: (inout DeliveryTerms) -> Void = { _ in }
    ) async throws -> (id: WebhookID, secret: String) {
        let owner = owner ?? PrincipalID(.user, UUID(at: clock.now, entropy: .system))
        rights.byOwner[owner] = mayRead
        let id = ledger.newID(WebhookKind.self)
        let signing = try keys.makeSigningKey(id)
        let secretID = ledger.newID(WebhookSecretKind.self)
        let secret = try keys.makeSecret(secretID, entropy: .system)
        let now = clock.now
        var webhook = Webhook(
            id: id, name: name, url: url, eventTypes: takes, owner: owner, status: .active, statusReason: nil,
            downSince: nil, publicKey: signing.publicKey, createdAt: now, updatedAt: now, revision: 1)
        terms(&webhook.terms)
        let made = webhook
        try await ledger.change(testContext(at: now)) { change in
            _ = try await change.transaction.query(Self.insertGeneration)
            try await WebhookStore.insert(made, signingKey: signing.sealed, in: change.transaction)
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

extension WebhookRoom {
    /// Sends what is due, as a node of its own.
    func dispatcher(
        on worker: isolated Worker, log: Int32 = 2, rests: EndpointRests = EndpointRests(),
        limits: Dispatcher.Limits = Dispatcher.Limits()
    ) -> Dispatcher {
        let reactor = worker.reactor
        let resolver = Resolver { _ in [IPAddress(v4: 0x7F00_0001)] }
        let client = HTTPClient(on: reactor, resolver: resolver, addressGuard: AddressGuard())
        let mail = MailClient(on: reactor, resolver: resolver, addressGuard: AddressGuard())
        return Dispatcher(
            node: node, ledger: ledger, outbox: outbox, directory: directory, keys: keys, client: client,
            mail: mail, allowance: .privateReceivers, origin: "https://keybell.example", rests: rests,
            reactor: reactor, log: Log(level: .error, format: .text, clock: clock.clock, descriptor: log),
            metrics: WebhookMetrics(Metrics()), limits: limits)
    }

    /// An alert that fires, or whatever else is said of it.
    nonisolated(nonsending) func alert(
        _ id: AlertID? = nil, _ type: String = "alert.firing", labels: [(String, JSONValue)] = [],
        summary: String = "it fires", about thing: String? = nil, path: Int = 1, told: Bool = true
    ) async throws {
        try await tell([message(id, type, labels: labels, summary: summary, about: thing, path: path)], told)
    }

    /// Several in one transaction.
    /// - Parameter told: false: whoever commits them dies before anybody hears of it.
    nonisolated(nonsending) func alerts(_ count: Int, told: Bool = true) async throws {
        try await tell((0..<count).map { _ in message(nil, "alert.firing") }, told)
    }

    private nonisolated(nonsending) func tell(_ messages: [Message], _ isTold: Bool) async throws {
        let taker = outbox.taker
        if !isTold { outbox.taker = nil }
        defer { outbox.taker = taker }
        let effect = try await database.transaction { try await self.outbox.enqueue(messages, in: $0) }
        if isTold { effect?() }
    }

    private func message(
        _ id: AlertID?, _ type: String, labels: [(String, JSONValue)] = [], summary: String = "it fires",
        about thing: String? = nil, path: Int = 1
    ) -> Message {
        let id = id ?? ledger.newID()
        let data = JSONObject(members: [
            ("event_id", .string(ledger.newID(EventKind.self).description)),
            ("subject", .string(id.description)), ("alert_id", .string(id.description)),
            ("severity", "critical"), ("summary", .string(summary)),
            ("labels", .object(JSONObject(members: labels))),
            ("url", .string("https://keybell.example/#/" + String(repeating: "a", count: path))),
        ])
        return Message(
            type: type, timestamp: clock.now, data: data, event: nil, alert: id,
            permissions: [.alertsRead], about: thing)
    }

    /// As a dispatcher would write it.
    nonisolated(nonsending) func end(_ deliveries: [PendingDelivery], _ fate: Outcome.Fate) async throws {
        let now = clock.now
        let outcomes = deliveries.map { Outcome($0, fate, at: now) }
        _ = try await database.transaction { transaction in
            try await DeliveryQueue.record(
                outcomes, secrets: [], closed: [:], at: now, in: transaction
            ).recovered()
        }
    }

    /// As a worker writes that an attempt failed, and what it knows of the endpoint.
    nonisolated(nonsending) func fail(
        _ deliveries: [PendingDelivery], as error: OutgoingError = .connectFailed("refused"),
        closing closed: [WebhookID: Lane.Closure]
    ) async throws {
        let now = clock.now
        let result = AttemptResult(error, duration: .milliseconds(1))
        let outcomes = deliveries.map { Outcome($0, result, begun: now, at: now, fraction: 0) }
        _ = try await database.transaction { transaction in
            try await DeliveryQueue.record(
                outcomes, secrets: [], closed: closed, at: now, in: transaction
            ).recovered()
        }
    }

    /// Whatever is pending and not behind another.
    nonisolated(nonsending) func pending() async throws -> [PendingDelivery] {
        let statement = Statement(
            "test_pending",
            derived: "select \(DeliveryQueue.pendingColumns) from delivery d where state = 'pending'")
        return try await database.query(statement).map { PendingDelivery($0) }
    }

    nonisolated(nonsending) func setHeaders(
        of id: WebhookID, _ headers: [(String, String)]
    ) async throws {
        let sealed = try keys.seal(
            headers.map { OutgoingHeader($0.0, $0.1) }, entropy: .system, at: clock.now)
        try await ledger.change(testContext(at: clock.now)) { change in
            try await WebhookStore.setPrivate(.headers, of: id, sealed, in: change.transaction)
            change.touchesConfiguration = true
        }
    }

    struct Row: Equatable {
        let type: String
        let state: String
        let sequence: Int
        let attempts: Int
    }

    nonisolated(nonsending) func deliveries() async throws -> [Row] {
        let rows = try await database.query(
            Statement(
                "test_deliveries",
                "select event_type, state, sequence, attempts from delivery order by sequence"))
        return rows.map { Row(type: $0.text(0), state: $0.text(1), sequence: $0.int(2), attempts: $0.int(3)) }
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

extension WebhookRoom {
    nonisolated(nonsending) func status(of id: WebhookID) async throws -> Webhook.Status? {
        try await WebhookStore.find(id, at: clock.now, in: database)?.webhook.status
    }

    /// As a person would, by the endpoints.
    nonisolated(nonsending) func set(_ status: Webhook.Status, _ id: WebhookID) async throws {
        try await ledger.change(testContext(at: clock.now)) { change in
            let found = try await WebhookStore.lock(id, at: clock.now, in: change.transaction)
            guard var webhook = found?.webhook else { return }
            if status == .active {
                _ = try await WebhookStanding.reactivate(&webhook, change, overrules: true)
            } else {
                webhook.become(status, reason: nil, at: clock.now)
            }
            try await WebhookStore.update(webhook, in: change.transaction)
            change.touchesConfiguration = true
        }
    }
}

extension WebhookRoom {
    private static let close = Statement(
        "test_close", "update webhook_health set opens_at = $2 where webhook = $1")

    /// As a worker writes down that a receiver asked to be left alone.
    nonisolated(nonsending) func close(_ id: WebhookID, until time: Timestamp) async throws {
        try await database.transaction { transaction in
            _ = try await transaction.query(Self.close, .id(id), .timestamp(time))
        }
    }
}
