import Access
import EventLoop
import Events
import HTTPServer
import JSON
import Kernel
import Postgres
import Synchronization
import Testing
@testable import TestSupport

@testable import Signals

/// The room of signals on a database of its own, as a service would wire it on one worker.
final class Desk {
    let database: Database
    let ledger: Ledger
    let writer: CandleWriter
    let analyst: Analyst
    let operations: [Operation]
    let time: MovableTime
    private(set) var events: [Event] = []

    init(
        _ database: Database, on worker: isolated Worker, isAnalysing: Bool = true,
        models: GradeModels = .usual
    ) {
        let time = MovableTime()
        self.time = time
        self.database = database
        ledger = Ledger(database: database, clock: time.clock, entropy: .system)
        writer = CandleWriter(ledger: ledger)
        analyst = Analyst(ledger: ledger, reactor: worker.reactor, models: models)
        operations =
            UploadEndpoints(writer: writer, analyst: analyst, reactor: worker.reactor, clock: time.clock)
            .operations + TokenEndpoints(ledger: ledger).operations
            + CandleEndpoints(database: database).operations
            + GradeEndpoints(database: database, told: models.told).operations
            + LevelEndpoints(database: database).operations
            + SignalEndpoints(database: database, told: models.told).operations
            + IndicatorEndpoints(database: database).operations
        writer.start(on: worker)
        if isAnalysing { analyst.start(on: worker) }
        ledger.react { [weak self] events, _ in
            self?.events += events
            return nil
        }
    }

    func stop() {
        writer.stop()
        analyst.stop()
    }

    /// Runs `body` with a desk on a fresh database.
    static func with(
        isAnalysing: Bool = true, models: GradeModels = .usual,
        _ body: @Sendable (isolated Worker, Desk) async throws -> Void
    ) async throws {
        try await ScratchDatabase.make().withDatabase { worker, database in
            let desk = Desk(database, on: worker, isAnalysing: isAnalysing, models: models)
            defer { desk.stop() }
            try await body(worker, desk)
        }
    }

    nonisolated(nonsending) func upload(
        _ query: String, _ body: [UInt8], type: String = "text/csv", encoding: String? = nil
    ) async throws -> TestAnswer {
        var headers = [(name: "content-type", value: type)]
        if let encoding { headers.append((name: "content-encoding", value: encoding)) }
        let made = try testRequest("POST", "/v1/candles?\(query)", headers: headers)
        let request = Request(
            head: made.head, peer: made.peer, isTLS: false, receivedAt: 0, id: "req_test",
            body: RequestBody(bytes: body, contentEncoding: encoding))
        return try await answer(request, "uploadCandles")
    }

    /// Uploads candles of SOL at the close of the last of them, and analyses them.
    nonisolated(nonsending) func push(_ candles: some BidirectionalCollection<Candle>) async throws {
        let last = try #require(candles.last)
        let close = Interval.day.close(of: last.openTime)
        // A revision comes a minute later.
        let isAgain = time.now >= close && time.now < close + .hours(1)
        time.move(to: isAgain ? time.now + .minutes(1) : close + .seconds(2))
        #expect(try await upload("source=x", candles.csv("SOL")).status == 200)
        while try await analyst.sweepAndSettle(within: .seconds(30)) > 0 {}
    }

    nonisolated(nonsending) func get(_ target: String) async throws -> TestAnswer {
        try await TestCaller(operations).call("GET", target, testContext(at: time.now))
    }

    private nonisolated(nonsending) func answer(_ request: Request, _ id: String) async throws -> TestAnswer {
        let context = testContext(at: time.now)
        do {
            guard let operation = operations.first(where: { $0.id == id }) else {
                throw TestRequestFailure(text: id)
            }
            return TestAnswer(try await operation.handle(request, context))
        } catch let problem as Problem {
            return TestAnswer(problem.response(requestID: request.id))
        }
    }

    nonisolated(nonsending) func rows(_ sql: String) async throws -> Rows {
        try await database.query(Statement("test", derived: sql))
    }
}

final class MovableTime: Sendable {
    private let time = Mutex(Timestamp.testStart)

    var now: Timestamp { time.withLock { $0 } }

    var clock: Clock {
        Clock(now: { self.now }, monotonicNanoseconds: Clock.system.monotonicNanoseconds)
    }

    func advance(_ period: Period) { time.withLock { $0 = $0 + period } }

    func move(to moment: Timestamp) { time.withLock { $0 = moment } }
}
