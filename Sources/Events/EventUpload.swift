import Access
import HTTPServer
import JSON
import Kernel
import Postgres

/// Own events, one or many. They go through the ledger, so point rules react in their transaction.
struct EventUpload {
    /// Events of one transaction: it holds readers of events back for as long as it is open.
    static let eventsOfTransaction = 1_000
    /// What a strict upload may hold: all of it is one transaction.
    static let eventsOfStrictUpload = 1_000
    static let verdictsListedAtMost = 1_000
    static let bodyBytes = 1 << 20

    let ledger: Ledger
    let gatherer: EventGatherer
    /// Where this installation is reached, as its webhooks say.
    let origin: String

    private static let originHeader: HeaderName = "keybell-origin"

    nonisolated(nonsending) func receive(_ request: Request, _ context: Context) async throws -> Response {
        try refuseOwn(request)
        var query = try request.parameters()
        let isStrict = query.bool("strict", default: false)
        try query.finish()
        let type = request.head.headers[.contentType].flatMap(MediaType.init)
        if type?.essence == "application/x-ndjson" { return try await lines(request, context, isStrict) }
        try request.requireType("application/json")
        let body = try await JSONValue.parse(request.body.collect(limit: Self.bodyBytes))
        guard body["events"] != nil else { return try await one(body, context) }
        var fields = try Fields(body)
        let events = fields.take("events")?.asArray
        if events.map({ (1...1_000).contains($0.count) }) != true {
            fields.fail("events", code: FieldCode.outOfRange, "must be an array of 1 to 1,000 events")
        }
        try fields.finish()
        var batch = EventBatch()
        for event in events ?? [] { batch.take(event) }
        return try await store(&batch, context, isStrict)
    }

    /// What its own webhook tells would be told by it again, for ever.
    private func refuseOwn(_ request: Request) throws(Problem) {
        guard request.head.headers[Self.originHeader] == origin else { return }
        throw Problem(.forbidden, "A webhook of this installation does not push events into it.")
    }

    private nonisolated(nonsending) func one(_ body: JSONValue, _ context: Context) async throws -> Response {
        let answer = try await gatherer.store(try CustomEvent(body), context)
        return Response.json(answer.status) { w in w.value(answer.event) }
    }

    // MARK: NDJSON

    private nonisolated(nonsending) func lines(
        _ request: Request, _ context: Context, _ isStrict: Bool
    ) async throws -> Response {
        // Several transactions cannot share one claim.
        var context = context
        context.idempotency = nil
        var batch = EventBatch()
        var lines = LineSplitter()
        while let part = try await request.body.next() {
            var cursor = 0
            while let line = lines.next(in: part, at: &cursor) {
                batch.take(line: line.bytes(of: part))
                try await makeRoom(&batch, context, isStrict)
            }
        }
        if let last = lines.finish() { batch.take(line: last.bytes(of: [])) }
        try await makeRoom(&batch, context, isStrict)
        return try await store(&batch, context, isStrict)
    }

    private nonisolated(nonsending) func makeRoom(
        _ batch: inout EventBatch, _ context: Context, _ isStrict: Bool
    ) async throws {
        if isStrict, batch.waiting.count > Self.eventsOfStrictUpload {
            let most = Self.eventsOfStrictUpload
            throw Problem(.payloadTooLarge, "A strict upload is one transaction: at most \(most) events.")
        }
        if !isStrict, batch.waiting.count >= Self.eventsOfTransaction { try await commit(&batch, context) }
    }

    // MARK: Storing

    private nonisolated(nonsending) func store(
        _ batch: inout EventBatch, _ context: Context, _ isStrict: Bool
    ) async throws -> Response {
        if isStrict, batch.hasRefusals { throw batch.problem }
        try await commit(&batch, context, isStrict)
        return batch.response
    }

    private nonisolated(nonsending) func commit(
        _ batch: inout EventBatch, _ context: Context, _ isStrict: Bool = false
    ) async throws {
        let rows = batch.waiting
        guard !rows.isEmpty else { return }
        let judged = try await ledger.change(context) { change in
            let items = rows.map { EventIntake.Item(change: change, event: $0.event) }
            let verdicts = try await EventIntake.store(items, in: change.transaction)
            let judged = zip(rows, verdicts).map { row, verdict in
                EventBatch.Judged(line: row.line, id: row.event.id, verdict: verdict)
            }
            let refused = judged.filter(\.isRefused)
            if isStrict, !refused.isEmpty {
                throw EventBatch.problem(refused, received: rows.count, refused: refused.count)
            }
            let stored = judged.count(where: \.isStored)
            if stored > 0 {
                change.audit(
                    "events.push", nil as EventID?, detail: ["events": .number(JSONNumber(stored))])
            }
            return judged
        }
        batch.committed(judged)
    }
}

extension EventBatch.Judged {
    fileprivate var isStored: Bool {
        if case .stored = verdict { true } else { false }
    }

    fileprivate var isRefused: Bool {
        if case .refused = verdict { true } else { false }
    }
}
