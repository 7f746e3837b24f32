package import Access
import HTTPServer
import JSON
package import Jobs
package import Kernel
package import Postgres

/// The trail over HTTP.
package struct AuditEndpoints {
    /// What one verification over HTTP looks at: about a second's work, in pages.
    private static let verifiedEntries = 100_000
    private static let verifiedCheckpoints = 2_000
    /// A checkpoint takes 8 KiB.
    private static let checkpointLimit = 100

    private let records: RecordStore
    private let reading: TrailReading
    private let verification: DatabaseVerification
    private let checkpointer: Checkpointer
    private let books: any Books
    private let key: () throws -> CheckpointKey
    private let clock: Clock

    package init(
        _ database: Database, books: any Books, checkpointer: Checkpointer,
        key: @escaping () throws -> CheckpointKey, clock: Clock
    ) {
        records = RecordStore(database)
        reading = TrailReading(database)
        verification = DatabaseVerification(database)
        self.checkpointer = checkpointer
        self.books = books
        self.key = key
        self.clock = clock
    }

    package var operations: [Operation] {
        [
            operation("/v1/audit-records", "listAuditRecords", list),
            operation("/v1/audit/checkpoints", "listAuditCheckpoints", listCheckpoints),
            operation("/v1/audit/verification", "verifyAudit", verify),
            operation("/v1/audit/export", "exportAudit", export),
        ]
    }

    private func operation(
        _ path: String, _ id: String, _ handle: @escaping (Request, Context) async throws -> Response
    ) -> Operation {
        Operation(.get, path, id: id, requires: .permission(.auditRead), bodyLimit: 0, handle: handle)
    }

    private nonisolated(nonsending) func list(_ request: Request, _ context: Context) async throws -> Response
    {
        var parameters = try request.parameters()
        let limit = parameters.limit()
        let last = parameters.position("cursor", RecordStore.Position.init)
        let actor = parameters.parsed("actor", expected: "a principal's id") { PrincipalID($0) }
        let (from, to) = parameters.fromTo()
        let filter = RecordStore.Filter(
            actor: actor?.description, action: parameters.action("action"),
            resource: parameters.text("resource"),
            outcome: parameters.choice("outcome", AuditItem.Outcome.self)?.rawValue,
            lane: parameters.int("lane", 0...AuditTrail.lanes - 1), from: from, to: to)
        try parameters.finish()
        let found = try await records.list(filter, after: last, limit: limit + 1)
        let page = found.prefix(limit)
        return .object { w in
            w.array("data", page) { w, record in record.write(to: &w) }
            w.field("next_cursor", found.count > limit ? page.last?.position.cursor.text : nil)
        }
    }

    private nonisolated(nonsending) func listCheckpoints(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        var parameters = try request.parameters()
        let limit = min(parameters.limit(), Self.checkpointLimit)
        let last = parameters.position("cursor") { $0.parts.count == 1 ? Int64($0.parts[0]) : nil }
        let (from, to) = parameters.fromTo()
        try parameters.finish()
        let found = try await checkpointer.store.list(from: from, to: to, below: last, limit: limit + 1)
        let page = found.prefix(limit)
        return .object { w in
            w.array("data", page) { w, checkpoint in checkpoint.write(to: &w) }
            w.field(
                "next_cursor",
                found.count > limit ? page.last.map { Cursor(["\($0.content.number)"]).text } : nil)
        }
    }

    private nonisolated(nonsending) func verify(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.parameters().finish()
        let hasCheckpoint = try await checkpointer.store.numbers().last > 0
        let verdict = try await verification.run(
            entries: Self.verifiedEntries, checkpoints: Self.verifiedCheckpoints,
            pin: hasCheckpoint ? CheckpointPin(key()) : nil)
        return .json { w in verdict.write(to: &w, verifiedAt: clock.now()) }
    }

    /// The export is recorded first, and a checkpoint taken, so that it covers everything up to itself.
    private nonisolated(nonsending) func export(_ request: Request, _ context: Context) async throws
        -> Response
    {
        var parameters = try request.parameters()
        let (from, to) = parameters.fromTo()
        try parameters.finish()
        try await books.enter(context) { notes in
            let detail: JSONValue = ["from": .time(from), "to": .time(to)]
            notes.record("audit.export", resource: nil, detail: detail)
        }
        _ = try await checkpointer.take()
        let part = try await reading.part(from: from, to: to)
        let export = AuditExport(reading: reading, clock: clock)
        let manifest = ExportLine.Manifest(
            exportedAt: context.now, exportedBy: context.actor.principal?.description, from: from, to: to)
        let stream = Response(
            .ok, type: "application/gzip",
            body: .stream { writer in try await export.write(manifest, part, to: writer) })
        return stream.header(.contentDisposition, "attachment; filename=\"trail.ndjson.gz\"")
    }
}

extension Parameters {
    /// A cursor of this list.
    fileprivate mutating func position<Position>(
        _ name: String, _ read: (Cursor) -> Position?
    ) -> Position? {
        guard let cursor = cursor() else { return nil }
        guard let position = read(cursor) else {
            fail(name, code: FieldCode.malformed, "must be the next_cursor of a previous answer")
            return nil
        }
        return position
    }

    /// `keys.revoke`, or `keys.*`.
    fileprivate mutating func action(_ name: String) -> String? {
        guard let text = text(name, 1...100) else { return nil }
        let parts = (text.hasSuffix(".*") ? text.dropLast(2) : text[...])
            .split(separator: ".", omittingEmptySubsequences: false)
        let isPlain = parts.allSatisfy { part in
            !part.isEmpty
                && part.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 95 }
        }
        guard isPlain, let first = parts.first?.utf8.first, (97...122).contains(first) else {
            fail(name, code: FieldCode.malformed, "must be an action, or an area as in keys.*")
            return nil
        }
        return text
    }
}

extension RecordStore.Position {
    fileprivate var cursor: Cursor { Cursor(["\(at.microseconds)", "\(lane)", "\(sequence)", "\(item)"]) }

    fileprivate init?(_ cursor: Cursor) {
        let numbers = cursor.parts.compactMap { Int64($0) }
        guard numbers.count == 4, cursor.parts.count == 4, (0..<64).contains(numbers[1]),
            (0...Int64(Int32.max)).contains(numbers[3])
        else { return nil }
        self.init(
            at: Timestamp(microseconds: numbers[0]), lane: Int(numbers[1]), sequence: numbers[2],
            item: Int(numbers[3]))
    }
}

extension JSONValue {
    fileprivate static func time(_ time: Timestamp?) -> JSONValue {
        time.map { .string($0.description) } ?? .null
    }
}
