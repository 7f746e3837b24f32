import Access
import Events
import HTTPServer
import JSON
import Kernel
import Postgres
import Signals

/// `/v1/narratives`.
struct NarrativeEndpoints {
    /// 500 members with their times.
    private static let bodyBytes = 128 * 1_024

    let ledger: Ledger

    var operations: [Operation] {
        let (all, one) = ("/v1/narratives", "/v1/narratives/{narrative_id}")
        return [
            Operation(
                .get, all, id: "listNarratives", requires: .permission(.signalsRead), bodyLimit: 0,
                handle: list),
            Operation(
                .post, all, id: "createNarrative", requires: .permission(.marketWrite),
                errors: [.alreadyExists, .conflict], bodyLimit: Self.bodyBytes, handle: create),
            Operation(
                .get, one, id: "getNarrative", requires: .permission(.signalsRead), errors: [.notFound],
                bodyLimit: 0, handle: get),
            Operation(
                .patch, one, id: "updateNarrative", requires: .permission(.marketWrite),
                errors: [.notFound, .alreadyExists], bodyLimit: Self.bodyBytes, handle: update),
            Operation(
                .delete, one, id: "deleteNarrative", requires: .permission(.marketWrite),
                errors: [.notFound, .preconditionFailed, .preconditionRequired], bodyLimit: 0,
                handle: delete),
            Operation(
                .get, one + "/scores", id: "listNarrativeScores", requires: .permission(.signalsRead),
                errors: [.notFound], bodyLimit: 0, handle: scores),
        ]
    }

    // MARK: Reading

    private nonisolated(nonsending) func list(_ request: Request, _ context: Context) async throws -> Response
    {
        var parameters = try request.parameters()
        let (source, interval) = (parameters.source(), parameters.interval())
        let asOf = parameters.asOf(context.now)
        let limit = parameters.limit()
        let after = parameters.cursor { NarrativeID($0) }
        try parameters.finish()
        let found = try await NarrativeStore.list(
            source, interval, asOf: asOf, after: after, limit: limit + 1, in: ledger.database)
        let page = Page(found, limit: limit) { [$0.id.description] }
        let latest = try await NarrativeScoreStore.latest(
            of: page.items.map(\.id), known: asOf ?? .farFuture, in: ledger.database)
        return .object { w in
            w.array("data", page.items) { w, narrative in
                narrative.write(nil, latest[narrative.id], to: &w)
            }
            w.field("next_cursor", page.next)
        }
    }

    private nonisolated(nonsending) func get(_ request: Request, _ context: Context) async throws -> Response
    {
        var parameters = try request.parameters()
        let asOf = parameters.asOf(context.now)
        try parameters.finish()
        let found = try await NarrativeStore.find(Self.id(request), asOf: asOf, in: ledger.database)
        guard let narrative = found else { throw Problem.notFound("narrative") }
        return try await answer(narrative, known: asOf ?? .farFuture, in: ledger.database)
    }

    private nonisolated(nonsending) func scores(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        var parameters = try request.parameters()
        let asOf = parameters.asOf(context.now)
        let limit = parameters.limit()
        let mark = parameters.mark
        let cursor = parameters.cursor(parts: 1, of: mark)
        try parameters.finish()
        let id = try Self.id(request)
        guard try await NarrativeStore.find(id, asOf: asOf, in: ledger.database) != nil else {
            throw Problem.notFound("narrative")
        }
        let before = cursor.flatMap { Int64($0.parts[0]) }.map { Timestamp(microseconds: $0) }
        let found = try await NarrativeScoreStore.history(
            of: id, known: asOf ?? .farFuture, before: before, limit: limit + 1, in: ledger.database)
        let page = Page(found, limit: limit, of: mark) { [String($0.time.microseconds)] }
        return .object { w in
            w.array("data", page.items) { w, score in w.value(score) }
            w.field("next_cursor", page.next)
        }
    }

    // MARK: Changing

    private nonisolated(nonsending) func create(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        guard let owner = context.actor.principal else { throw Problem.forbidden(missing: .marketWrite) }
        let draft = try NarrativeDraft(making: try await request.fields(limit: Self.bodyBytes))
        let narrative = Narrative(
            id: ledger.newID(), owner: owner, name: draft.name ?? "", description: draft.description,
            source: draft.source, interval: draft.interval, measuredAt: nil, createdAt: context.now,
            updatedAt: context.now, revision: 1)
        var response = try await ledger.change(context) { change in
            let transaction = change.transaction
            guard try await NarrativeStore.count(in: transaction) < Narrative.atMost else {
                throw Problem(.conflict, "There are \(Narrative.atMost) narratives already: delete some.")
            }
            try await NarrativeStore.insert(narrative, in: transaction)
            let members = try await draft.found(in: transaction) ?? []
            try await NarrativeStore.set(members, of: narrative.id, at: context.now, in: transaction)
            change.audit("narratives.create", narrative.id, detail: narrative.detail)
            let stored = try await NarrativeStore.find(narrative.id, in: transaction) ?? narrative
            return try await answer(stored, .created, known: .farFuture, in: transaction)
        }
        response.head.add(.location, "/v1/narratives/\(narrative.id)")
        return response
    }

    private nonisolated(nonsending) func update(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        let draft = try NarrativeDraft(changing: try await request.fields(limit: Self.bodyBytes))
        return try await ledger.change(context) { change in
            let transaction = change.transaction
            var narrative = try await locked(request, transaction)
            if let name = draft.name { narrative.name = name }
            if draft.clearsDescription || draft.description != nil {
                narrative.description = draft.description
            }
            narrative.revision += 1
            narrative.updatedAt = context.now
            try await NarrativeStore.update(narrative, in: transaction)
            if let members = try await draft.found(in: transaction) {
                let old = try await NarrativeStore.members(
                    of: narrative.id, known: .farFuture, in: transaction)
                try await NarrativeStore.set(members, of: narrative.id, at: context.now, in: transaction)
                try await SuppliedSeries.note(
                    moved: old.changed(to: members), of: narrative, in: transaction)
            }
            change.audit("narratives.update", narrative.id, detail: narrative.detail)
            let stored = try await NarrativeStore.find(narrative.id, in: transaction) ?? narrative
            return try await answer(stored, known: .farFuture, in: transaction)
        }
    }

    private nonisolated(nonsending) func delete(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        try await ledger.change(context) { change in
            let narrative = try await locked(request, change.transaction)
            let members = try await NarrativeStore.members(
                of: narrative.id, known: .farFuture, in: change.transaction)
            try await SuppliedSeries.note(moved: members, of: narrative, in: change.transaction)
            try await NarrativeStore.end(narrative.id, at: context.now, in: change.transaction)
            change.audit("narratives.delete", narrative.id, detail: narrative.detail)
        }
        return Response(.noContent)
    }

    private nonisolated(nonsending) func locked(
        _ request: Request, _ transaction: Transaction
    ) async throws -> Narrative {
        guard let narrative = try await NarrativeStore.lock(Self.id(request), in: transaction) else {
            throw Problem.notFound("narrative")
        }
        try request.match(revision: narrative.revision, required: true)
        return narrative
    }

    private static func id(_ request: Request) throws(Problem) -> NarrativeID {
        guard let id = NarrativeID(request.pathParameter("narrative_id")) else {
            throw Problem.notFound("narrative")
        }
        return id
    }

    private nonisolated(nonsending) func answer(
        _ narrative: Narrative, _ status: HTTPStatus = .ok, known: Timestamp, in source: any Queryable
    ) async throws -> Response {
        let members = try await NarrativeStore.members(of: narrative.id, known: known, in: source)
        let latest = try await NarrativeScoreStore.latest(of: [narrative.id], known: known, in: source)
        return Response.json(status) { w in narrative.write(members, latest[narrative.id], to: &w) }
            .etag(narrative.revision)
    }
}
