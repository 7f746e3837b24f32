import Access
import EventLoop
import HTTPServer
import JSON
import Kernel
import Postgres
import Synchronization
import TestSupport

@testable import Events

/// The room with a database of its own, on one worker, and a feed that follows.
final class FeedDesk {
    let database: Database
    let ledger: Ledger
    let feed: EventFeed
    let caller: TestCaller
    let posts = EventPosts()
    let me = PrincipalID(UserID(UUID(high: 0x0190_0000_0000_7000, low: 0x8000_0000_0000_0001)))
    /// What a stream is told of its caller's permissions.
    var permissions: Set<Permission>? = Set(Permission.allCases)
    /// Of what its caller came by.
    var end: Timestamp?
    let time = MovableTime()
    /// How often streams asked what their caller may see.
    private(set) var rechecks = 0
    /// What the answer stands on.
    var grounds: [Touched] = []
    var isLetIn: Bool { end.map { $0 > time.now } ?? true }

    init(_ database: Database, on worker: isolated Worker) {
        self.database = database
        ledger = Ledger(database: database, clock: time.clock, entropy: .system)
        feed = EventFeed(database, reactor: worker.reactor)
        let told = Told()
        let endpoints = EventEndpoints(
            database: database, ledger: ledger, feed: feed, origin: "https://keybell.example",
            reactor: worker.reactor,
            streams: StreamLimit(), posts: posts
        ) { _ in
            guard let desk = told.desk, desk.isLetIn else { return nil }
            desk.rechecks += 1
            return desk.permissions.map {
                EventLeave(Rights(everywhere: $0), until: desk.end, standingOn: desk.grounds)
            }
        }
        caller = TestCaller(endpoints.operations)
        told.desk = self
        ledger.onEvents { [feed] in feed.wake() }
        feed.start(on: worker)
    }

    /// As another worker of the node answers.
    func otherCaller(on worker: isolated Worker) -> TestCaller {
        TestCaller(
            EventEndpoints(
                database: database, ledger: ledger, feed: feed, origin: "https://keybell.example",
                reactor: worker.reactor, streams: StreamLimit(), posts: posts
            ) { _ in nil }.operations)
    }

    private final class Told { weak var desk: FeedDesk? }

    static func run(_ body: @Sendable @escaping (isolated Worker, FeedDesk) async throws -> Void) async throws
    {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { worker, database in
            let desk = FeedDesk(database, on: worker)
            defer { desk.feed.stop() }
            try await body(worker, desk)
        }
    }

    func context(_ permissions: Set<Permission> = Set(Permission.allCases)) -> Context {
        testContext(permissions, at: .testStart, principal: me)
    }

    func list(_ query: String = "", _ permissions: Set<Permission> = Set(Permission.allCases)) async throws
        -> TestAnswer
    {
        try await database.settle()
        return try await caller.call("GET", "/v1/events?\(query)", context(permissions))
    }

    func push(
        _ body: String, query: String = "", type: String = "application/json", as other: PrincipalID? = nil,
        from origin: String? = nil
    ) async throws -> TestAnswer {
        let context = testContext(Set(Permission.allCases), at: .testStart, principal: other ?? me)
        return try await caller.call(
            "POST", "/v1/events\(query)", context,
            headers: origin.map { [(name: "keybell-origin", value: $0)] } ?? [], body: body, type: type)
    }

    /// Opens a stream; what it writes lands in the writer.
    func stream(
        on worker: isolated Worker, _ query: String = "", after cursor: String? = nil
    ) async throws -> ListeningWriter {
        let headers = cursor.map { [(name: "last-event-id", value: $0)] } ?? []
        let answer = try await caller.call("GET", "/v1/events/stream\(query)", context(), headers: headers)
        guard case .stream(let produce) = answer.response.body else { throw TestRefusal(text: answer.text) }
        let writer = ListeningWriter()
        Task {
            _ = worker
            try? await produce(writer)
            writer.isOver = true
        }
        return writer
    }
}

/// A wall clock that goes on, and that a test can set ahead.
final class MovableTime: Sendable {
    private let ahead = Atomic<Int64>(0)

    var now: Timestamp { Clock.system.now() + .milliseconds(ahead.load(ordering: .relaxed)) }
    var clock: Clock {
        Clock(now: { self.now }, monotonicNanoseconds: Clock.system.monotonicNanoseconds)
    }

    func move(_ milliseconds: Int64) { ahead.wrappingAdd(milliseconds, ordering: .relaxed) }
}

struct TestRefusal: Error { let text: String }

/// A client of a stream that takes everything.
final class ListeningWriter: BodyWriter {
    private(set) var text = ""
    /// Of the frames that came, read once each: tests that wait ask for them again and again.
    private(set) var ids: [String] = []
    private(set) var types: [String] = []
    /// A line that is not over.
    private var line: [UInt8] = []
    private var end: (() -> Void)?
    var isDraining = false
    var isOver = false

    nonisolated(nonsending) func write(_ bytes: [UInt8]) async throws(BodyError) {
        text += String(decoding: bytes, as: UTF8.self)
        for byte in bytes {
            guard byte == UInt8(ascii: "\n") else {
                line.append(byte)
                continue
            }
            let whole = String(decoding: line, as: UTF8.self)
            if whole.hasPrefix("id: ") { ids.append(String(whole.dropFirst(4))) }
            if whole.hasPrefix("event: ") { types.append(String(whole.dropFirst(7))) }
            line.removeAll(keepingCapacity: true)
        }
    }

    func onEnd(_ action: @escaping () -> Void) { end = action }
    func leave() { end?() }
}

extension Worker {
    /// Waits until `isDone`, for at most ten seconds.
    func wait(until isDone: () -> Bool) async {
        for _ in 0..<2_000 where !isDone() { await reactor.sleep(nanoseconds: 5_000_000) }
    }
}

extension TestAnswer {
    var data: [JSONValue] { json["data"]?.asArray ?? [] }
    var types: [String] { data.compactMap { $0["type"]?.asString } }
    var cursor: String { json["next_cursor"]?.asString ?? "" }
}
