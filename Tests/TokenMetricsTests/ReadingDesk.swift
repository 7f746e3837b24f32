import Access
import EventLoop
import Events
import Foundation
import HTTPServer
import JSON
import Kernel
import Postgres
import TestSupport

@testable import Signals
@testable import TokenMetrics

/// A desk that pushes candles, and asks for what became of them as a client of Token Metrics.
final class ReadingDesk {
    let database: Database
    private let writer: CandleWriter
    private let analyst: Analyst
    private let operations: [Access.Operation]

    private init(_ database: Database, on worker: isolated Worker) {
        self.database = database
        let clock = Clock(now: { .testStart }, monotonicNanoseconds: Clock.system.monotonicNanoseconds)
        let ledger = Ledger(database: database, clock: clock, entropy: .system)
        writer = CandleWriter(ledger: ledger)
        analyst = Analyst(ledger: ledger, reactor: worker.reactor)
        operations =
            UploadEndpoints(writer: writer, analyst: analyst, reactor: worker.reactor, clock: clock)
            .operations
            + TokenMetricsEndpoints(database: database).operations
            + TokenEndpoints(ledger: ledger).operations + SignalEndpoints(database: database).operations
            + GradeEndpoints(database: database).operations + LevelEndpoints(database: database).operations
        writer.start(on: worker)
        analyst.start(on: worker)
    }

    static func with(_ body: @Sendable (isolated Worker, ReadingDesk) async throws -> Void) async throws {
        try await ScratchDatabase.make().withDatabase { worker, database in
            let desk = ReadingDesk(database, on: worker)
            defer {
                desk.writer.stop()
                desk.analyst.stop()
            }
            try await body(worker, desk)
        }
    }

    /// Rows of CSV: token, interval, open time, open, high, low, close, volume.
    nonisolated(nonsending) func push(_ rows: [String], source: String = "binance") async throws {
        let header = "token,interval,open_time,open,high,low,close,volume"
        let text = ([header] + rows).joined(separator: "\n")
        let answer = try await TestCaller(operations).call(
            "POST", "/v1/candles?source=\(source)", testContext(), body: text, type: "text/csv")
        guard answer.status == 200, answer.json["refused"] == 0 else {
            throw TestRequestProblem(text: answer.text)
        }
        _ = try await analyst.sweepAndSettle(within: .seconds(60))
    }

    /// The first days of a token of the fixtures.
    nonisolated(nonsending) func push(_ token: String, days: Int) async throws {
        try await push(Array(try Self.rows(token).prefix(days)))
    }

    static func rows(_ token: String) throws -> [String] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let file = folder.appending(path: "Fixtures/candles/\(token).csv")
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").dropFirst()
        return lines.map(String.init)
    }

    nonisolated(nonsending) func get(
        _ target: String, _ permissions: Set<Permission> = Set(Permission.allCases)
    ) async throws -> TestAnswer {
        try await TestCaller(operations).call("GET", target, testContext(permissions))
    }

    /// The rows of an answer that is good.
    nonisolated(nonsending) func rows(_ target: String) async throws -> [JSONValue] {
        let answer = try await get(target)
        guard answer.status == 200, answer.json["success"] == true, let data = answer.json["data"]?.asArray,
            answer.json.whole("length") == data.count
        else { throw TestRequestProblem(text: answer.text) }
        return data
    }
}

struct TestRequestProblem: Error { let text: String }

extension JSONValue {
    func text(_ name: String) -> String? { self[name]?.asString }
    func number(_ name: String) -> Double? { self[name]?.asDouble }
    func whole(_ name: String) -> Int? { self[name]?.asInt.map { Int($0) } }
    var names: [String] { asObject?.members.map(\.name) ?? [] }
}
