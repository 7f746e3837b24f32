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
    static let refusalsListedAtMost = 1_000
    static let bodyBytes = 1 << 20
    static let lineBytes = 64 * 1_024

    private static let place = Statement(
        "event_place", "select installation.era, pg_current_xact_id()::text from installation")

    let ledger: Ledger

    nonisolated(nonsending) func receive(_ request: Request, _ context: Context) async throws -> Response {
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

    private nonisolated(nonsending) func one(_ body: JSONValue, _ context: Context) async throws -> Response {
        let custom = try CustomEvent(body)
        let (event, position) = try await ledger.change(context) { change in
            let place = try await change.transaction.query(Self.place)[0]
            let event = change.emit(NewEvent(custom.type, subject: custom.subject, data: custom.data))
            change.audit("events.push", event.id, detail: ["events": 1])
            let transaction = UInt64(place.text(1)) ?? 0
            return (event, EventPosition(era: Int32(place.int(0)), transaction: transaction, id: event.id))
        }
        return Response.json(.created) { w in
            w.value(
                FeedEvent(
                    position: position, at: event.at, type: event.type, subject: event.subject,
                    actor: event.actor, data: JSONValue.object(event.data).bytes))
        }
    }

    // MARK: NDJSON

    private nonisolated(nonsending) func lines(
        _ request: Request, _ context: Context, _ isStrict: Bool
    ) async throws -> Response {
        // Several transactions cannot share one claim.
        var context = context
        context.idempotency = nil
        var batch = EventBatch()
        var rest: [UInt8] = []
        while let part = try await request.body.next() {
            rest += part
            var start = 0
            while let end = rest[start...].firstIndex(of: UInt8(ascii: "\n")) {
                batch.take(line: rest[start..<end])
                start = end + 1
                try await makeRoom(&batch, context, isStrict)
            }
            rest.removeFirst(start)
            if rest.count > Self.lineBytes {
                throw Problem(.payloadTooLarge, "A line has more than \(Self.lineBytes) bytes.")
            }
        }
        batch.take(line: rest[...])
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
        if isStrict, !batch.refusals.isEmpty { throw batch.problem }
        try await commit(&batch, context)
        return batch.response
    }

    private nonisolated(nonsending) func commit(_ batch: inout EventBatch, _ context: Context) async throws {
        let events = batch.waiting
        guard !events.isEmpty else { return }
        try await ledger.change(context) { change in
            change.audit(
                "events.push", nil as EventID?, detail: ["events": .number(JSONNumber(events.count))])
            for event in events {
                change.emit(NewEvent(event.type, subject: event.subject, data: event.data))
            }
        }
        batch.committed()
    }
}
