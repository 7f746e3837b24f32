import Access
import EventLoop
import Events
import Exchanges
import HTTPServer
import JSON
import Kernel
import Keys
import Postgres
import Synchronization
import TestSupport
import Testing

@testable import Signing

/// A clock that a test moves, both sides of it.
final class AwayClock: Sendable {
    private let passed = Mutex<Period>(.seconds(0))

    var now: Timestamp { passed.withLock { .testStart + $0 } }
    var clock: Clock {
        Clock(
            now: { self.now },
            monotonicNanoseconds: { UInt64(self.passed.withLock { $0 }.nanoseconds) + 1_000_000_000 })
    }

    func move(_ period: Period) { passed.withLock { $0 = $0 + period } }
}

/// Whether the node of a desk holds its keys.
final class SealOfDesk {
    var isOpen = true
}

/// A desk whose node may be cut off from its database: the connection of its keeper ends, and another keeper
/// with a new one brings it back.
final class AwayDesk {
    let reactor: Reactor
    let desk: SigningDesk
    let time = AwayClock()
    let mode: AwayMode
    let door: AwayDoor
    let folder: TestFolder
    let away: AwayFolder
    let seal = SealOfDesk()
    private let makeDatabase: () -> Database
    private let connect: (AwayKeeper) -> Void
    let spawn: (@escaping () async -> Void) -> Void
    private var database: Database
    private(set) var keeper: AwayKeeper

    private init(_ desk: SigningDesk, _ url: DatabaseURL, on worker: isolated Worker) throws {
        self.desk = desk
        folder = try TestFolder()
        away = AwayFolder(in: folder.path)
        mode = AwayMode(clock: time.clock, metrics: Metrics())
        let line = ExchangeLine(
            send: { [exchange = desk.exchange, time = desk.time] in exchange.take($0, at: time.now) },
            pause: { _ in })
        let proxy = ProxyEndpoints(
            batcher: desk.batcher, hosts: ExchangeHosts { _, _, _ in nil }, clocks: ExchangeClocks(),
            line: line, outcomes: desk.outcomes, weights: WeightBook(), entropy: .system, away: mode)
        door = AwayDoor(
            mode, proxy: proxy, batcher: desk.batcher, offLoop: scratchOffLoop, turns: KeyTurns(),
            reactor: worker.reactor)
        reactor = worker.reactor
        let reactor = reactor
        makeDatabase = {
            Database(
                url, settings: .patient, size: .patient, reactor: reactor, offLoop: scratchOffLoop)
        }
        connect = { keeper in keeper.connect(on: worker) }
        spawn = { body in worker.spawn(body) }
        database = makeDatabase()
        keeper = Self.keeper(mode, desk, database, away, seal, reactor)
        connect(keeper)
    }

    private static func keeper(
        _ mode: AwayMode, _ desk: SigningDesk, _ database: Database, _ folder: AwayFolder,
        _ seal: SealOfDesk, _ reactor: Reactor
    ) -> AwayKeeper {
        AwayKeeper(
            mode, database: database, ledger: desk.ledger, book: desk.book,
            node: NodeID(UUID(high: 1, low: 2)), folder: folder, isUnsealed: { seal.isOpen },
            offLoop: scratchOffLoop, reactor: reactor, log: .silent)
    }

    static func run(_ body: @Sendable @escaping (AwayDesk) async throws -> Void) async throws {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { worker, database in
            let desk = try await SigningDesk.open(on: worker, database)
            let away = try AwayDesk(desk, scratch.url, on: worker)
            defer {
                away.folder.remove()
                away.keeper.stop()
                desk.stop()
            }
            try await away.database.ready(within: .seconds(60))
            try await body(away)
        }
    }
}

// MARK: Coming and going

extension AwayDesk {
    /// The snapshot is what the database says.
    func look() async throws {
        try await database.ready(within: .seconds(60))
        await keeper.turn()
    }

    /// The database is gone, and the node has noticed.
    func cutOff() async {
        database.stop()
        await keeper.turn()
        time.move(.seconds(2))
        await keeper.turn()
    }

    /// The database answers, and takes no writes; the node has noticed.
    func refuseWrites() async throws {
        try await desk.database.transaction { transaction in
            for statement in Self.fullDisk { _ = try await transaction.query(statement) }
        }
        database.use.refused(.diskFull)
        await keeper.turn()
        time.move(.seconds(2))
        await keeper.turn()
    }

    func takeWrites() async throws {
        _ = try await desk.database.query(Self.room)
        time.move(.seconds(2))
        await keeper.turn()
        await keeper.turn()
    }

    private static let fullDisk = [
        Statement(
            "test_full_disk",
            """
            create function test_full_disk() returns trigger language plpgsql as
            $$ begin raise 'could not extend file' using errcode = '53100'; end $$
            """),
        Statement(
            "test_full",
            """
            create trigger test_full_disk before insert on write_probe
                for each statement execute function test_full_disk()
            """),
    ]
    private static let room = Statement("test_room", "drop trigger test_full_disk on write_probe")

    /// It is back, and the node has noticed; journals are in the trail.
    func comeBack() async throws {
        database = makeDatabase()
        keeper = Self.keeper(mode, desk, database, away, seal, database.connector.reactor)
        connect(keeper)
        try await look()
        await keeper.turn()
    }
}

// MARK: Asking

extension AwayDesk {
    /// A confirmed key with away mode on.
    func key(_ label: String, policy: String = AwayDesk.policy) async throws -> String {
        let key = try await desk.key(label, policy: policy)
        try await setAwayMode(of: key, true)
        return key
    }

    static let policy = #"{"operations": ["read", "trade", "cancel"]}"#

    func setAwayMode(of key: String, _ isOn: Bool) async throws {
        let set = try await desk.call(
            "PUT", "/v1/keys/\(key)/away-mode", #"{"enabled": \#(isOn), "reason": "exits"}"#)
        try #require(set.status == 200 && set.json["away_mode"]?.asBool == isOn, "\(set.text)")
    }

    /// By the door, as the pipeline would.
    func send(
        _ key: String, _ method: String, _ host: String, _ path: String, _ query: String = "",
        as context: Context? = nil, once: String? = nil
    ) async throws -> TestAnswer {
        let query = query.isEmpty ? "" : "?\(query)"
        let request = try testRequest(
            method, "/v1/keys/\(key)/proxy/\(host)\(path)\(query)",
            headers: once.map { [(name: "idempotency-key", value: $0)] } ?? [])
        request.pathParameters = ["key_id": key, "host": host]
        do {
            return TestAnswer(try await door.answer(request, context ?? desk.context()))
        } catch let problem as Problem {
            return TestAnswer(problem.response(requestID: request.id))
        }
    }

    static let anOrder = "symbol=BTCUSDT&orderId=1"

    func cancel(_ key: String, as context: Context? = nil) async throws -> TestAnswer {
        try await send(key, "DELETE", "spot", "/api/v3/order", Self.anOrder, as: context)
    }

    /// Of orders; what else was asked for left for another reason.
    var orders: [String] {
        desk.exchange.requests.map(\.url).filter { $0.contains("/order") }
    }

    func uses() async throws -> [JSONValue] {
        try await desk.call("GET", "/v1/usage-events?limit=200").json["data"]?.asArray ?? []
    }
}
