package import Access
package import Events
import HTTPServer
import JSON
import Kernel
import Postgres
import Signals

/// `/v1/backtests`.
package struct BacktestEndpoints {
    private static let bodyBytes = 32 * 1_024

    private let ledger: Ledger
    private let archive: CandleArchive

    package init(ledger: Ledger) {
        self.ledger = ledger
        archive = CandleArchive(database: ledger.database)
    }

    package var operations: [Operation] {
        let (all, one) = ("/v1/backtests", "/v1/backtests/{backtest_id}")
        return [
            Operation(
                .get, all, id: "listBacktests", requires: .permission(.backtestsRead), bodyLimit: 0
            ) { request, _ in try await list(request) },
            Operation(
                .post, all, id: "createBacktest", requires: .permission(.backtestsWrite),
                errors: [.conflict], bodyLimit: Self.bodyBytes
            ) { try await create($0, $1) },
            Operation(
                .get, one, id: "getBacktest", requires: .permission(.backtestsRead), errors: [.notFound],
                bodyLimit: 0
            ) { request, _ in try await get(request) },
            Operation(
                .get, one + "/chart.svg", id: "getBacktestChart", requires: .permission(.backtestsRead),
                errors: [.notFound], bodyLimit: 0
            ) { request, _ in try await chart(request) },
            Operation(
                .post, one + "/cancel", id: "cancelBacktest", requires: .permission(.backtestsWrite),
                errors: [.notFound, .conflict], bodyLimit: 0
            ) { try await cancel($0, $1) },
            Operation(
                .delete, one, id: "deleteBacktest", requires: .permission(.backtestsWrite),
                errors: [.notFound], bodyLimit: 0
            ) { try await delete($0, $1) },
        ]
    }

    private nonisolated(nonsending) func list(_ request: Request) async throws -> Response {
        var parameters = try request.parameters()
        let state = parameters.choice("state", Backtest.State.self)
        let limit = parameters.limit()
        let cursor = parameters.cursor()
        let before = cursor.flatMap { $0.parts.count == 1 ? BacktestID($0.parts[0]) : nil }
        if cursor != nil, before == nil {
            parameters.fail("cursor", code: FieldCode.malformed, "belongs to another list")
        }
        try parameters.finish()
        let found = try await BacktestStore.list(
            state, before: before, limit: limit + 1, in: ledger.database)
        let page = found.prefix(limit)
        let next = found.count > limit ? page.last.map { Cursor([$0.id.description]).text } : nil
        return Response.object { w in
            w.array("data", page) { w, backtest in w.value(backtest) }
            w.field("next_cursor", next)
        }
    }

    private nonisolated(nonsending) func get(_ request: Request) async throws -> Response {
        try request.parameters().finish()
        guard let (backtest, report) = try await BacktestStore.find(try id(of: request), in: ledger.database)
        else { throw Problem.notFound("backtest") }
        return Response.object { w in
            backtest.members(to: &w)
            w.raw("report", report ?? Array("null".utf8))
        }
    }

    private nonisolated(nonsending) func chart(_ request: Request) async throws -> Response {
        try request.parameters().finish()
        guard let chart = try await BacktestStore.chart(try id(of: request), in: ledger.database) else {
            throw Problem.notFound("chart")
        }
        return Response.text(String(decoding: chart, as: UTF8.self), type: "image/svg+xml")
    }

    private nonisolated(nonsending) func create(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        // A report tells of candles and grades what a rule asks of them.
        try context.require(.candlesRead)
        try context.require(.signalsRead)
        try request.parameters().finish()
        var fields = try await request.fields(limit: Self.bodyBytes)
        let wanted = try BacktestRequest(&fields, now: context.now)
        let knownAt = wanted.asOf ?? context.now
        let series = try await series(wanted, knownAt)
        var w = JSONWriter()
        w.value(wanted)
        let backtest = Backtest(
            id: ledger.newID(), name: wanted.name, request: w.bytes, state: .queued,
            author: author(of: context),
            createdAt: context.now, knownAt: knownAt, stepsDone: 0,
            steps: 0, digest: wanted.rule.digest)
        try await ledger.change(context) { change in
            guard
                try await BacktestStore.insert(
                    backtest, variant: wanted.variant(series.map(\.token)), in: change.transaction)
            else {
                throw Problem(
                    .conflict,
                    "\(Backtest.mostWaiting) backtests wait already, or \(Backtest.mostKept) are kept.")
            }
            change.audit("backtests.create", backtest.id, detail: ["name": .string(backtest.name)])
        }
        var response = Response.json(.created) { w in w.value(backtest) }
        response.head.add(.location, "/v1/backtests/\(backtest.id)")
        return response
    }

    /// What is to be run; what could not be, or would be too much, is refused.
    private nonisolated(nonsending) func series(
        _ wanted: BacktestRequest, _ knownAt: Timestamp
    ) async throws -> [CandleArchive.Series] {
        let found = try await archive.series(
            wanted.source, wanted.interval, tokens: wanted.tokens, asOf: knownAt,
            limit: BacktestRequest.mostTokens + 1)
        func mistake(_ name: String, _ code: String, _ message: String) -> FieldErrors {
            FieldErrors(FieldError(pointer: "/\(name)", code: code, message: message))
        }
        let any = try await archive.series(
            wanted.source, wanted.interval, tokens: nil, asOf: knownAt, limit: 1)
        guard !any.isEmpty else { throw mistake("source", "unknown", "has no series of this interval") }
        let known = Set(found.flatMap { [$0.symbol, $0.token.description] })
        if let place = wanted.tokens?.firstIndex(where: { !known.contains($0) }) {
            throw mistake("tokens/\(place)", "unknown", "has no series of this source and interval")
        }
        let candles = found.reduce(0) { $0 + $1.candles }
        guard found.count <= BacktestRequest.mostTokens, candles <= BacktestRequest.mostCandles else {
            throw mistake(
                "tokens", "too_many",
                "are \(found.count) with \(candles) candles; at most \(BacktestRequest.mostTokens) "
                    + "with \(BacktestRequest.mostCandles)")
        }
        return found
    }

    private nonisolated(nonsending) func cancel(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        let id = try id(of: request)
        let cancelled = try await ledger.change(context) { change in
            let transaction = change.transaction
            guard let found = try await BacktestStore.find(id, in: transaction) else {
                throw Problem.notFound("backtest")
            }
            let variants = try await BacktestStore.end(
                id, .cancelled, at: context.now, error: "cancelled by \(author(of: context))", in: transaction
            )
            guard variants != nil, let after = try await BacktestStore.find(id, in: transaction) else {
                throw Problem(.conflict, "The backtest is over: \(found.backtest.state.rawValue).")
            }
            change.audit("backtests.cancel", id, detail: [:])
            change.emit(after.backtest.told(.backtestCancelled))
            return after.backtest
        }
        return Response.json { w in w.value(cancelled) }
    }

    private nonisolated(nonsending) func delete(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        let id = try id(of: request)
        try await ledger.change(context) { change in
            guard let found = try await BacktestStore.find(id, in: change.transaction) else {
                throw Problem.notFound("backtest")
            }
            try await BacktestStore.delete(id, in: change.transaction)
            change.audit("backtests.delete", id, detail: ["name": .string(found.backtest.name)])
        }
        return Response(.noContent)
    }

    private func author(of context: Context) -> String { context.actor.principal?.description ?? "" }

    private func id(of request: Request) throws(Problem) -> BacktestID {
        guard let id = BacktestID(request.pathParameter("backtest_id")) else {
            throw Problem.notFound("backtest")
        }
        return id
    }
}
