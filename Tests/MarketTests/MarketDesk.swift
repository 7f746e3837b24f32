import Access
import EventLoop
import Events
import HTTPServer
import JSON
import Jobs
import Kernel
import Postgres
import Signals
import Synchronization
import TestSupport

@testable import Market

/// The rooms of signals and the market on a database of their own, as a service would wire them.
final class MarketDesk {
    let database: Database
    let ledger: Ledger
    let operations: [Operation]
    let time = MovableTime()
    private let writer: CandleWriter
    let analyst: Analyst
    private(set) var events: [Event] = []

    init(_ database: Database, on worker: isolated Worker) {
        self.database = database
        ledger = Ledger(database: database, clock: time.clock, entropy: .system)
        writer = CandleWriter(ledger: ledger)
        analyst = Analyst(ledger: ledger, reactor: worker.reactor, supplied: MarketRooms.supplied)
        operations =
            UploadEndpoints(writer: writer, analyst: analyst, reactor: worker.reactor, clock: time.clock)
            .operations + TokenEndpoints(ledger: ledger).operations
            + CandleEndpoints(database: database).operations
            + SignalEndpoints(database: database).operations + GradeEndpoints(database: database).operations
            + MarketRooms.operations(ledger: ledger, told: .traderV0)
        writer.start(on: worker)
        analyst.start(on: worker)
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
    static func with(_ body: @Sendable (isolated Worker, MarketDesk) async throws -> Void) async throws {
        try await ScratchDatabase.make().withDatabase { worker, database in
            let desk = MarketDesk(database, on: worker)
            defer { desk.stop() }
            try await body(worker, desk)
        }
    }

    /// Somebody; the same one each time.
    let owner = PrincipalID(.user, UUID(high: 1, low: 1))

    nonisolated(nonsending) func call(
        _ method: String, _ path: String, _ body: String = "", as principal: PrincipalID? = nil,
        type: String = "application/json", match: String? = "*"
    ) async throws -> TestAnswer {
        let headers = match.map { [(name: "if-match", value: $0)] } ?? []
        return try await TestCaller(operations).call(
            method, "/v1/\(path)", testContext(at: time.now, principal: principal ?? owner), headers: headers,
            body: body, type: type)
    }

    nonisolated(nonsending) func get(_ path: String) async throws -> TestAnswer {
        try await call("GET", path)
    }

    /// Candles of one token: days from 2024-01-01 on, closes as told.
    nonisolated(nonsending) func push(
        _ symbol: String, closes: [Double], volume: Double = 10, source: String = "x", fromDay: Int = 0
    ) async throws {
        var text = ""
        for (index, close) in closes.enumerated() {
            let time = Self.day(fromDay + index)
            text += """
                {"token":"\(symbol)","interval":"1d","open_time":"\(time)","open":\(close),\
                "high":\(close * 1.01),"low":\(close * 0.99),"close":\(close),"volume":\(volume),\
                "closed":\(time + .days(1) <= self.time.now)}\n
                """
        }
        let answer = try await call(
            "POST", "candles?source=\(source)", text, type: "application/x-ndjson")
        guard answer.status == 200, answer.json["refused"] == 0 else { throw Refused(text: answer.text) }
    }

    /// When a day of the desk begins.
    static func day(_ number: Int) -> Timestamp {
        Timestamp(seconds: 1_704_067_200) + .days(Int64(number))
    }

    struct Refused: Error { let text: String }

    /// Settles closes, and runs what is measured at them.
    nonisolated(nonsending) func measure(_ name: String) async throws {
        try await run("market-closes")
        try await run(name)
    }

    nonisolated(nonsending) func run(_ name: String) async throws {
        let jobs = MarketRooms.jobs(ledger: ledger, told: .traderV0)
        guard let job = jobs.first(where: { $0.name == name }) else { throw Refused(text: name) }
        _ = try await job.run(
            .init(id: ledger.newID(), context: .installation(now: time.now, requestID: "job")))
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
