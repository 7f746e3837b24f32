package import Access
package import EventLoop
package import HTTPServer
import JSON
package import Kernel

/// `POST /v1/candles`: rows in bulk.
package struct UploadEndpoints {
    /// Rows of a strict upload: they are held until all are known to be good (100 bytes each), and stored in
    /// one transaction of about half a second.
    package static let mostStrictRows = 100_000
    /// Rows that changed up to which the answer waits for grades and signals, and how long at most, so that
    /// whoever pushed a few sees what came of them.
    static let mostAwaitedRows = 50_000
    static let longestAwait: Period = .seconds(2)

    private let writer: CandleWriter
    private let analyst: Analyst
    private let reactor: Reactor
    private let clock: Clock

    package init(writer: CandleWriter, analyst: Analyst, reactor: Reactor, clock: Clock) {
        (self.writer, self.analyst, self.reactor, self.clock) = (writer, analyst, reactor, clock)
        writer.onChange = { [weak analyst] series, isBulk in
            analyst?.note(series, isUrgent: !isBulk)
            // In a bulk load the upload's end says when: series would be analysed once a chunk otherwise.
            if !isBulk { analyst?.wake() }
        }
    }

    package var operations: [Operation] {
        [
            Operation(
                .post, "/v1/candles", id: "uploadCandles", requires: .permission(.candlesWrite),
                errors: [.rowsRefused], bodyLimit: 0, repeats: .nothing
            ) { request, context in try await upload(request, context) }
        ]
    }

    private nonisolated(nonsending) func upload(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        let (demand, isStrict) = try Self.demand(request)
        let format = try Self.format(request, demand)
        var context = context
        // Idempotent by row: a claim would have to hold the answer of an upload of any size.
        context.idempotency = nil
        let upload = CandleUpload(
            format, demand, context: context, clock: clock, reactor: reactor,
            submit: { [writer] in writer.submit($0) })
        do {
            if isStrict {
                try await storeAll(request.body, upload, demand, context)
            } else {
                try await store(request.body, upload)
            }
        } catch let error as CandleFormatError {
            throw Self.problem(.malformedBody, error.message + ";", upload)
        } catch BodyError.encoding(let error) {
            let code = error.status == .contentTooLarge ? ProblemCode.payloadTooLarge : .malformedBody
            throw Self.problem(code, error.sentence, upload)
        }
        analyst.wake()
        if upload.changedRows <= Self.mostAwaitedRows {
            await analyst.settle(upload.changed, within: Self.longestAwait)
        }
        return Self.response(upload)
    }

    private nonisolated(nonsending) func store(_ body: RequestBody, _ upload: CandleUpload) async throws {
        do {
            while let part = try await body.next() { try await upload.take(part) }
            try await upload.finish()
        } catch {
            // What was read whole is stored, whatever became of the rest.
            try? await upload.drain()
            analyst.wake()
            throw error
        }
    }

    private nonisolated(nonsending) func storeAll(
        _ body: RequestBody, _ upload: CandleUpload, _ demand: CandleUpload.Demand, _ context: Context
    ) async throws {
        while let part = try await body.next() {
            try await upload.parse(part)
            guard upload.received <= Self.mostStrictRows else {
                throw Problem(
                    .payloadTooLarge, "With strict=true an upload has at most \(Self.mostStrictRows) rows.")
            }
        }
        try upload.parseEnd()
        guard upload.refused == 0 else { throw Self.rowsRefused(upload) }
        let work = CandleWriter.Work(
            upload.takeAll(), source: demand.source, context: context, isStrict: true)
        writer.submit(work)
        do {
            upload.count(try await work.outcome().get())
        } catch let error as CandleWriter.Refused {
            for error in error.errors { upload.refuse(error) }
            throw Self.rowsRefused(upload)
        }
    }
}

// MARK: What the request says

extension UploadEndpoints {
    private static func demand(_ request: Request) throws -> (CandleUpload.Demand, isStrict: Bool) {
        var parameters = try request.parameters()
        let source = parameters.required("source") { $0.source() }
        let interval = parameters.choice("interval", Interval.self)
        let token = parameters.parsed("token", expected: "a ticker") { Token.isSymbol($0) ? $0 : nil }
        let isStrict = parameters.bool("strict", default: false)
        try parameters.finish()
        return (CandleUpload.Demand(source: source ?? "", interval: interval, token: token), isStrict)
    }

    private static func format(
        _ request: Request, _ demand: CandleUpload.Demand
    ) throws(Problem) -> CandleReader.Format {
        let said = request.head.headers[.contentType]
        let type = said.flatMap(MediaType.init)
        guard let type, type.isUTF8 else { throw unsupported(said) }
        switch type.essence {
        case "text/csv": return .csv
        case "application/x-ndjson": return .ndjson
        case "application/json":
            var mistakes: [FieldError] = []
            for (name, isThere) in [("token", demand.token != nil), ("interval", demand.interval != nil)]
            where !isThere {
                mistakes.append(
                    FieldError(
                        pointer: "query:\(name)", code: FieldCode.missing, message: "is required with arrays")
                )
            }
            guard mistakes.isEmpty else {
                throw Problem(.invalidParameter, "Some query parameters are wrong.", errors: mistakes)
            }
            return .klines
        default: throw unsupported(said)
        }
    }

    private static func unsupported(_ said: String?) -> Problem {
        Problem(
            .unsupportedMediaType,
            "Content-Type must be text/csv, application/x-ndjson or application/json; it is "
                + "\(said ?? "missing").")
    }
}

// MARK: What the answer says

extension UploadEndpoints {
    private static func response(_ upload: CandleUpload) -> Response {
        .object { w in
            w.field("received", upload.received)
            w.field("inserted", upload.counts.inserted)
            w.field("unchanged", upload.counts.unchanged)
            w.field("revised", upload.counts.revised)
            w.field("refused", upload.refused)
            w.array("errors", upload.errors) { w, error in
                w.object { w in
                    w.field("line", error.line)
                    w.field("code", error.code)
                    w.field("message", error.message)
                }
            }
            w.field("series", upload.series.count)
        }
    }

    private static func rowsRefused(_ upload: CandleUpload) -> Problem {
        Problem(
            .rowsRefused, "Nothing was stored: \(upload.refused) of \(upload.received) rows were refused.",
            errors: upload.errors.map {
                FieldError(pointer: "line:\($0.line)", code: $0.code, message: $0.message)
            },
            members: [
                ("received", .number(JSONNumber(upload.received))),
                ("refused", .number(JSONNumber(upload.refused))),
            ])
    }

    private static func problem(_ code: ProblemCode, _ what: String, _ upload: CandleUpload) -> Problem {
        Problem(
            code,
            "\(what) of the rows before, \(upload.counts.inserted) were inserted and "
                + "\(upload.counts.revised) revised.")
    }
}

extension Parameters {
    package mutating func source() -> String? {
        parsed("source", expected: "a source, as binance") { SourceName.isName($0) ? $0 : nil }
    }
}
