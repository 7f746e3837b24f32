import Access
import Crypto
import EventLoop
import Events
import Exchanges
import JSON
import Jobs
import Kernel
import Postgres
import Synchronization
import TestSupport
import Testing

@testable import Keys

/// A clock that a test moves.
final class MovedClock: Sendable {
    private let time = Mutex(Timestamp.testStart)

    var now: Timestamp { time.withLock { $0 } }
    var clock: Clock { Clock(now: { self.now }, monotonicNanoseconds: { 0 }) }

    func move(_ period: Period) { time.withLock { $0 = $0 + period } }
}

/// The key-encryption keys of a desk.
final class DeskSafe: Sendable {
    private let root: RootKey
    private let wrapped: Mutex<[WrappedKeyEncryptionKey]>
    private let opened: Mutex<Keyring>

    init() throws {
        root = try RootKey()
        let first = try WrappedKeyEncryptionKey.generate(generation: 1, under: root)
        wrapped = Mutex([first])
        opened = Mutex(try Keyring(opening: [first], under: root))
    }

    var keyring: Keyring { opened.withLock { $0 } }

    func addGeneration() throws {
        let all = try wrapped.withLock { wrapped in
            wrapped.append(try .generate(generation: wrapped.count + 1, under: root))
            return wrapped
        }
        let keyring = try Keyring(opening: all, under: root)
        opened.withLock { $0 = keyring }
    }
}

/// The exchange of a desk: says what a test wants.
final class DeskExchange: Sendable {
    typealias Answer = Result<ProbeAnswer, KeyProber.SendFailure>

    private struct State {
        var usual: Answer = .failure(.init("is not there"))
        var byPath: [String: Answer] = [:]
        /// What it says to one API key of Binance alone.
        var byKey: [String: Answer] = [:]
        var paths: [String] = []
        var askers: [String] = []
        var pauses: [UInt64] = []
    }

    /// Pauses instead of requests, in nanoseconds.
    var pauses: [UInt64] { state.withLock { $0.pauses } }

    func waited(_ nanoseconds: UInt64) { state.withLock { $0.pauses.append(nanoseconds) } }

    private let state = Mutex(State())

    /// Paths of all requests, without queries.
    var paths: [String] { state.withLock { $0.paths } }

    /// API keys of Binance, in the order in which they asked.
    var askers: [String] { state.withLock { $0.askers } }

    func answer(to request: SignedRequest) -> Answer {
        let place = request.url.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false).last
        let path = String((place ?? "").drop { $0 != "/" }.prefix { $0 != "?" })
        let apiKey = request.headers.first { $0.name.lowercased() == "x-mbx-apikey" }?.value ?? ""
        return state.withLock { state in
            state.paths.append(path)
            state.askers.append(apiKey)
            return state.byKey[apiKey] ?? state.byPath[path] ?? state.usual
        }
    }

    /// - Parameter path: nil is all that have no answer of their own.
    func says(_ status: Int, _ body: String, to path: String? = nil) {
        set(.success(ProbeAnswer(status: status, body: Array(body.utf8))), path)
    }

    func says(_ status: Int, _ body: String, toKey apiKey: String) {
        let answer = ProbeAnswer(status: status, body: Array(body.utf8))
        state.withLock { $0.byKey[apiKey] = .success(answer) }
    }

    func isAway(from path: String? = nil) { set(.failure(.init("is not there")), path) }

    private func set(_ answer: Answer, _ path: String?) {
        state.withLock { state in
            if let path { state.byPath[path] = answer } else { state.usual = answer }
        }
    }
}

/// The room with a database of its own, on one worker.
struct KeyDesk {
    /// A principal that exists, beside the caller; all others do not.
    static let colleague = PrincipalID(UserID(UUID(high: 0x0190_0000_0000_7000, low: 0x8000_0000_0000_0001)))

    let database: Database
    let ledger: Ledger
    let book: KeyBook
    let safe: DeskSafe
    let jobs: [Job]
    let prober: KeyProber
    let exchange: DeskExchange
    let caller: TestCaller
    let time: MovedClock
    let me: PrincipalID

    /// What several desks on one database have in common.
    struct Parts: Sendable {
        let time: MovedClock
        let clock: Clock
        let exchange: DeskExchange
        let safe: DeskSafe
        let fingerprintKey: HMACKey
        let me: PrincipalID
    }

    let parts: Parts

    nonisolated(nonsending) init(
        _ database: Database, time: MovedClock = MovedClock(), clock: Clock? = nil
    ) async throws {
        // Sealed bytes hang on their key-encryption key; this desk's is known to no database.
        let me = PrincipalID(.user, UUID(at: time.now, entropy: .system))
        try await database.transaction { transaction in
            try await transaction.query(Self.insertGeneration)
            try await transaction.query(
                Self.insertCaller, .uuid(me.uuid), .text("\(me)@desk.example"), .timestamp(time.now))
            try await transaction.query(Self.grantCaller, .uuid(me.uuid), .timestamp(time.now))
        }
        self.init(
            database,
            Parts(
                time: time, clock: clock ?? time.clock, exchange: DeskExchange(), safe: try DeskSafe(),
                fingerprintKey: try HMACKey(Secret(randomBytes: 32)),
                me: me))
    }

    /// The same desk over again, as another process of it.
    /// - Parameter dyingBy: throws in a transaction that wrote facts when it is not to commit.
    init(_ other: KeyDesk, dyingBy: @escaping () throws -> Void) {
        self.init(other.database, other.parts)
        ledger.react { _, _ in
            try dyingBy()
            return nil
        }
    }

    init(_ database: Database, _ parts: Parts) {
        (self.database, self.parts) = (database, parts)
        (time, exchange, safe, me) = (parts.time, parts.exchange, parts.safe, parts.me)
        ledger = Ledger(database: database, clock: parts.clock, entropy: .system)
        book = KeyBook(
            ledger: ledger,
            custody: KeyCustody(
                keyring: { parts.safe.keyring }, fingerprintKey: { parts.fingerprintKey }))
        let prober = KeyProber(
            clock: parts.clock, entropy: .system, standIn: { _, _, _ in nil },
            pause: { parts.exchange.waited($0) },
            send: { parts.exchange.answer(to: $0.request) })
        self.prober = prober
        jobs = KeyJobs(book: book, prober: prober).jobs
        caller = TestCaller(
            KeyEndpoints(
                book: book, isActive: { principal, _ in principal == Self.colleague },
                makePair: { try PrivateKey.generate($0, rsaBits: $1) },
                prober: prober, publicOrigin: "https://keybell.desk.example",
                uses: { _, now in PermissionUses(since: now - .days(90), operations: []) },
                ordersSeen: { _, _ in [] }
            ).operations)
    }

    static func run(_ body: @Sendable @escaping (KeyDesk) async throws -> Void) async throws {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { _, database in
            try await body(try await KeyDesk(database))
        }
    }

    private static let insertGeneration = Statement(
        "test_generation",
        derived: """
            insert into key_encryption_key (generation, wrapped) values (1, '') on conflict do nothing
            """)

    private static let insertCaller = Statement(
        "test_caller",
        """
        insert into principal (id, kind, name, name_folded, email, email_folded, status, created_at,
            updated_at)
        values ($1, 'user', 'Me', 'me', $2, $2, 'active', $3, $3)
        """)
    private static let grantCaller = Statement(
        "test_caller_grant",
        "insert into access_grant (id, principal, role, created_at) values ($1, $1, 'owner', $2)")

    var context: Context { testContext(at: time.now, principal: me) }

    func call(
        _ method: String, _ target: String, _ body: String = "", match: String? = nil,
        with permissions: Set<Permission>? = nil
    ) async throws -> TestAnswer {
        let headers = match.map { [(name: "if-match", value: $0)] } ?? []
        let context = permissions.map { testContext($0, at: time.now, principal: me) } ?? context
        return try await caller.call(method, target, context, headers: headers, body: body)
    }

    private static let wholeTrail = Statement(
        "test_trail", "select convert_from(body, 'UTF8') from audit_record order by lane, sequence")

    /// All that was recorded, as text.
    func trail() async throws -> String {
        try await database.query(Self.wholeTrail).map { $0.text(0) }.joined()
    }

    /// Registers a key; answers its path.
    func register(_ label: String, _ more: String = "") async throws -> String {
        let answer = try await call("POST", "/v1/keys", Self.draft(label, more))
        try #require(answer.status == 201, "\(answer.text)")
        return "/v1/keys/\(answer.json["id"]?.asString ?? "")"
    }

    static func draft(_ label: String, _ more: String = "") -> String {
        let extra = more.isEmpty ? "" : ", \(more)"
        let place = #""exchange": "binance", "account": "main", "environment": "live""#
        return #"{\#(place), "label": "\#(label)"\#(extra)}"#
    }

    /// Statements of somebody with a console.
    func run(_ statements: String...) async throws {
        for text in statements {
            _ = try await database.transaction { transaction in
                try await transaction.query(Statement("test_console", derived: text))
            }
        }
    }

    private static let allEvents = Statement("test_events", "select type, data from event order by xid, id")

    /// Types of all events so far, and their data.
    func events() async throws -> [(type: String, data: JSONValue)] {
        try await database.query(Self.allEvents).map { ($0.text(0), try JSONValue.parse($0.json(1))) }
    }

    @discardableResult
    func runJob(_ name: String, counting field: String = "events") async throws -> Int64? {
        let job = try #require(jobs.first { $0.name == name })
        let run = JobRun(id: ledger.newID(), context: .installation(now: time.now, requestID: "job"))
        return try await job.run(run)[field]?.asInt
    }
}
