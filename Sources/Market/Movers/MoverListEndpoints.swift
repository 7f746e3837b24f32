import Access
import Events
import HTTPServer
import JSON
import Kernel
import Postgres
import Signals

/// `/v1/mover-lists`.
struct MoverListEndpoints {
    private static let bodyBytes = 4_096

    let ledger: Ledger

    var operations: [Operation] {
        let (all, one) = ("/v1/mover-lists", "/v1/mover-lists/{mover_list_id}")
        return [
            Operation(
                .get, all, id: "listMoverLists", requires: .permission(.signalsRead), bodyLimit: 0,
                handle: list),
            Operation(
                .post, all, id: "createMoverList", requires: .permission(.marketWrite),
                errors: [.alreadyExists, .conflict], bodyLimit: Self.bodyBytes, handle: create),
            Operation(
                .get, one, id: "getMoverList", requires: .permission(.signalsRead), errors: [.notFound],
                bodyLimit: 0, handle: get),
            Operation(
                .patch, one, id: "updateMoverList", requires: .permission(.marketWrite),
                errors: [.notFound, .alreadyExists], bodyLimit: Self.bodyBytes, handle: update),
            Operation(
                .delete, one, id: "deleteMoverList", requires: .permission(.marketWrite),
                errors: [.notFound, .preconditionFailed, .preconditionRequired], bodyLimit: 0,
                handle: delete),
        ]
    }

    private nonisolated(nonsending) func list(_ request: Request, _ context: Context) async throws -> Response
    {
        var parameters = try request.parameters()
        let limit = parameters.limit()
        let after = parameters.cursor { MoverListID($0) }
        try parameters.finish()
        let found = try await MoverListStore.list(after: after, limit: limit + 1, in: ledger.database)
        let page = Page(found, limit: limit) { [$0.id.description] }
        return .object { w in
            w.array("data", page.items) { w, list in list.write(nil, to: &w) }
            w.field("next_cursor", page.next)
        }
    }

    private nonisolated(nonsending) func get(_ request: Request, _ context: Context) async throws -> Response
    {
        var parameters = try request.parameters()
        let asOf = parameters.asOf(context.now)
        try parameters.finish()
        guard let list = try await MoverListStore.find(Self.id(request), in: ledger.database) else {
            throw Problem.notFound("mover list")
        }
        let stays = try await MoverListStore.stays(
            list.id, at: asOf ?? .farFuture, in: ledger.database)
        return Self.answer(list, stays)
    }

    private nonisolated(nonsending) func create(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        guard let owner = context.actor.principal else { throw Problem.forbidden(missing: .marketWrite) }
        let list = try MoverList(
            ledger.newID(), owner: owner, at: context.now, try await request.fields(limit: Self.bodyBytes))
        try await list.checkSize(at: context.now, in: ledger.database)
        let stored = try await ledger.change(context) { change in
            guard try await MoverListStore.count(in: change.transaction) < MoverList.atMost else {
                throw Problem(.conflict, "There are \(MoverList.atMost) mover lists already: delete some.")
            }
            try await MoverListStore.insert(list, in: change.transaction)
            change.audit("mover_lists.create", list.id, detail: list.detail)
            return try await MoverListStore.find(list.id, in: change.transaction) ?? list
        }
        var response = Response.json(.created) { w in stored.write([], to: &w) }.etag(stored.revision)
        response.head.add(.location, "/v1/mover-lists/\(list.id)")
        return response
    }

    private nonisolated(nonsending) func update(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        let fields = try await request.fields(limit: Self.bodyBytes)
        guard var wanted = try await MoverListStore.find(Self.id(request), in: ledger.database) else {
            throw Problem.notFound("mover list")
        }
        _ = try wanted.change(by: fields)
        try await wanted.checkSize(at: context.now, in: ledger.database)
        let (list, stays) = try await ledger.change(context) { change in
            var list = try await locked(request, change.transaction)
            let restarts = try list.change(by: fields)
            list.revision += 1
            list.updatedAt = context.now
            if restarts { list.measuredAt = nil }
            try await MoverListStore.update(list, restarts: restarts, in: change.transaction)
            change.audit("mover_lists.update", list.id, detail: list.detail)
            let stored = try await MoverListStore.find(list.id, in: change.transaction) ?? list
            let stays = try await MoverListStore.stays(list.id, at: .farFuture, in: change.transaction)
            return (stored, stays)
        }
        return Self.answer(list, stays)
    }

    private nonisolated(nonsending) func delete(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        try await ledger.change(context) { change in
            let list = try await locked(request, change.transaction)
            try await MoverListStore.delete(list.id, in: change.transaction)
            change.audit("mover_lists.delete", list.id, detail: list.detail)
        }
        return Response(.noContent)
    }

    private nonisolated(nonsending) func locked(
        _ request: Request, _ transaction: Transaction
    ) async throws -> MoverList {
        guard let list = try await MoverListStore.lock(Self.id(request), in: transaction) else {
            throw Problem.notFound("mover list")
        }
        try request.match(revision: list.revision, required: true)
        return list
    }

    private static func id(_ request: Request) throws(Problem) -> MoverListID {
        guard let id = MoverListID(request.pathParameter("mover_list_id")) else {
            throw Problem.notFound("mover list")
        }
        return id
    }

    private static func answer(_ list: MoverList, _ stays: [MoverStay]) -> Response {
        Response.json { w in list.write(stays, to: &w) }.etag(list.revision)
    }
}
