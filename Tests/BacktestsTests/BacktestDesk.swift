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
@testable import TestSupport

@testable import Backtests

/// The room on a database of its own, with candles in it, as a service would wire it on one worker.
final class BacktestDesk {
    let database: Database
    let ledger: Ledger
    let runner: BacktestRunner
    let time = DeskTime()
    /// What authors may do.
    let authority = Authority()
    private(set) var events: [Event] = []
    private let operations: [Operation]
    private let writer: CandleWriter
    private let analyst: Analyst
    private let offLoop: OffLoop

    init(_ database: Database, on worker: isolated Worker) throws {
        self.database = database
        ledger = Ledger(
            database: database, clock: Clock(now: { [time] in time.now }, monotonicNanoseconds: { 0 }),
            entropy: .system)
        offLoop = try OffLoop(threads: 1, limit: 16, name: "kb-backtests")
        var draws = BacktestDraws()
        (draws.bootstrap, draws.timing, draws.perStep) = (40, 20, 20)
        let rights = RightsReader(now: { .testStart }) { [authority] principals, _, _ in
            authority.onAsk()
            return authority.mayRun ? principals.reduce(into: [:]) { $0[$1] = testContext().rights } : [:]
        }
        runner = BacktestRunner(ledger: ledger, offLoop: offLoop, rights: rights, draws: draws)
        writer = CandleWriter(ledger: ledger)
        analyst = Analyst(ledger: ledger, reactor: worker.reactor)
        operations =
            BacktestEndpoints(ledger: ledger).operations + TokenEndpoints(ledger: ledger).operations
            + UploadEndpoints(writer: writer, analyst: analyst, reactor: worker.reactor, clock: ledger.clock)
            .operations
        writer.start(on: worker)
        ledger.react { [weak self] events, _ in
            self?.events += events
            return nil
        }
    }

    func stop() {
        writer.stop()
        analyst.stop()
        offLoop.stop()
    }

    static func with(_ body: @Sendable (isolated Worker, BacktestDesk) async throws -> Void) async throws {
        try await ScratchDatabase.make().withDatabase { worker, database in
            let desk = try BacktestDesk(database, on: worker)
            defer { desk.stop() }
            try await body(worker, desk)
        }
    }

    nonisolated(nonsending) func call(
        _ method: String, _ target: String, body: String = ""
    ) async throws -> TestAnswer {
        try await TestCaller(operations).call(
            method, target, testContext(at: time.now), headers: [(name: "if-match", value: "*")], body: body)
    }

    nonisolated(nonsending) func upload(_ symbol: String, _ candles: [Candle]) async throws -> TestAnswer {
        let header = "token,interval,open_time_iso8601,open,high,low,close,volume\n"
        let rows = candles.map { candle in
            "\(symbol),1d,\(candle.openTime),\(candle.open),\(candle.high),\(candle.low),\(candle.close),"
                + "\(candle.volume)"
        }
        let bytes = Array((header + rows.joined(separator: "\n")).utf8)
        let made = try testRequest(
            "POST", "/v1/candles?source=demo", headers: [(name: "content-type", value: "text/csv")])
        let request = Request(
            head: made.head, peer: made.peer, isTLS: false, receivedAt: 0, id: "req_test",
            body: RequestBody(bytes: bytes, contentEncoding: nil))
        guard let operation = operations.first(where: { $0.id == "uploadCandles" }) else {
            throw TestRequestFailure(text: "uploadCandles")
        }
        return TestAnswer(try await operation.handle(request, testContext(at: time.now)))
    }

    func forgetEvents() { events = [] }

    /// One run of the job.
    nonisolated(nonsending) func work() async throws { _ = try await runner.jobs[0].run(makeRun()) }

    func makeRun() -> JobRun {
        JobRun(id: ledger.newID(), context: .installation(now: time.now, requestID: "backtests"))
    }

    final class Authority {
        var mayRun = true
        var onAsk: () -> Void = {}
    }
}

final class DeskTime: Sendable {
    private let time = Mutex(Timestamp.testStart)

    var now: Timestamp { time.withLock { $0 } }

    func advance(_ period: Period) { time.withLock { $0 = $0 + period } }
}
