package import Access
package import Events
import HTTPServer
import JSON
import Kernel
import Postgres
import Signals

/// `/v1/watchlists`.
package struct WatchlistEndpoints {
    /// 500 ids, and some room.
    private static let bodyBytes = 64 * 1_024

    private let ledger: Ledger

    package init(ledger: Ledger) { self.ledger = ledger }

    package var operations: [Operation] {
        let (all, one) = ("/v1/watchlists", "/v1/watchlists/{watchlist_id}")
        return [
            Operation(
                .get, all, id: "listWatchlists", requires: .permission(.watchlistsRead), bodyLimit: 0,
                handle: list),
            Operation(
                .post, all, id: "createWatchlist", requires: .permission(.watchlistsWrite),
                errors: [.alreadyExists, .conflict], bodyLimit: Self.bodyBytes, handle: create),
            Operation(
                .get, one, id: "getWatchlist", requires: .permission(.watchlistsRead), errors: [.notFound],
                bodyLimit: 0, handle: get),
            Operation(
                .patch, one, id: "updateWatchlist", requires: .permission(.watchlistsWrite),
                errors: [.notFound, .alreadyExists], bodyLimit: Self.bodyBytes, handle: update),
            Operation(
                .delete, one, id: "deleteWatchlist", requires: .permission(.watchlistsWrite),
                errors: [.notFound, .preconditionFailed, .preconditionRequired], bodyLimit: 0,
                handle: delete),
        ]
    }

    // MARK: Reading

    private nonisolated(nonsending) func list(_ request: Request, _ context: Context) async throws -> Response
    {
        var parameters = try request.parameters()
        let asOf = parameters.asOf(context.now)
        let limit = parameters.limit()
        let after = parameters.cursor { WatchlistID($0) }
        try parameters.finish()
        let principal = try Self.principal(context, .watchlistsRead)
        let found = try await WatchlistStore.list(
            for: principal, asOf: asOf, after: after, limit: limit + 1, in: ledger.database)
        let page = Page(found, limit: limit) { [$0.id.description] }
        return .object { w in
            w.array("data", page.items) { w, list in w.value(list) }
            w.field("next_cursor", page.next)
        }
    }

    private nonisolated(nonsending) func get(_ request: Request, _ context: Context) async throws -> Response
    {
        var parameters = try request.parameters()
        let asOf = parameters.asOf(context.now)
        try parameters.finish()
        let principal = try Self.principal(context, .watchlistsRead)
        let found = try await WatchlistStore.find(
            Self.id(request), for: principal, asOf: asOf, in: ledger.database)
        guard let found else { throw Problem.notFound("watchlist") }
        return Self.answer(found.list)
    }

    // MARK: Changing

    private nonisolated(nonsending) func create(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        let owner = try Self.principal(context, .watchlistsWrite)
        let draft = try WatchlistDraft(making: try await request.fields(limit: Self.bodyBytes))
        let id: WatchlistID = ledger.newID()
        let stored = try await ledger.change(context) { change in
            let transaction = change.transaction
            guard try await WatchlistStore.count(of: owner, in: transaction) < Watchlist.mostOfOwner else {
                throw Problem(
                    .conflict, "You have \(Watchlist.mostOfOwner) watchlists already: delete some.")
            }
            let list = Watchlist(
                id: id, owner: owner, name: draft.name ?? "", description: draft.description,
                tokens: try await Self.tokens(draft, transaction) ?? [],
                shares: try await Self.shares(draft, of: owner, transaction) ?? [], createdAt: context.now,
                updatedAt: context.now, revision: 1)
            try await WatchlistStore.insert(list, in: transaction)
            change.audit("watchlists.create", id, detail: list.detail)
            return try await WatchlistStore.find(id, for: owner, in: transaction)?.list ?? list
        }
        var response = Response.json(.created) { w in w.value(stored) }.etag(stored.revision)
        response.head.add(.location, "/v1/watchlists/\(id)")
        return response
    }

    private nonisolated(nonsending) func update(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        let draft = try WatchlistDraft(changing: try await request.fields(limit: Self.bodyBytes))
        let principal = try Self.principal(context, .watchlistsWrite)
        let changed = try await ledger.change(context) { change in
            let transaction = change.transaction
            let (before, access) = try await locked(request, principal, transaction)
            // Who else may do what is the owner's to say.
            if draft.shares != nil && access < .owner { throw Self.ownersOnly }
            try request.match(revision: before.revision, required: true)
            var list = before
            if let name = draft.name { list.name = name }
            if draft.clearsDescription || draft.description != nil { list.description = draft.description }
            if let tokens = try await Self.tokens(draft, transaction) { list.tokens = tokens }
            if let shares = try await Self.shares(draft, of: list.owner, transaction) {
                list.shares = shares
            }
            list.revision += 1
            list.updatedAt = context.now
            try await WatchlistStore.update(list, in: transaction)
            change.audit("watchlists.update", list.id, detail: list.detail)
            return try await WatchlistStore.find(list.id, for: principal, in: transaction)?.list ?? list
        }
        return Self.answer(changed)
    }

    private nonisolated(nonsending) func delete(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        let principal = try Self.principal(context, .watchlistsWrite)
        try await ledger.change(context) { change in
            let (list, access) = try await locked(request, principal, change.transaction)
            guard access == .owner else { throw Self.ownersOnly }
            try request.match(revision: list.revision, required: true)
            try await WatchlistStore.end(list.id, at: context.now, in: change.transaction)
            change.audit("watchlists.delete", list.id, detail: list.detail)
        }
        return Response(.noContent)
    }

    /// To be changed. What is not seen is not there.
    private nonisolated(nonsending) func locked(
        _ request: Request, _ principal: PrincipalID, _ transaction: Transaction
    ) async throws -> (Watchlist, Watchlist.Access) {
        let id = try Self.id(request)
        try await WatchlistStore.lock(id, in: transaction)
        guard let found = try await WatchlistStore.find(id, for: principal, in: transaction) else {
            throw Problem.notFound("watchlist")
        }
        guard found.access >= .write else {
            throw Problem(.forbidden, "The watchlist is shared with you to be read.")
        }
        return found
    }

    private static let ownersOnly = Problem(
        .forbidden, "Only the owner of a watchlist shares it, or deletes it.")

    private nonisolated(nonsending) static func tokens(
        _ draft: WatchlistDraft, _ transaction: Transaction
    ) async throws -> [Watchlist.Entry]? {
        guard let tokens = draft.tokens else { return nil }
        return try await TokenNames.find(tokens, at: "/tokens", in: transaction)
    }

    private nonisolated(nonsending) static func shares(
        _ draft: WatchlistDraft, of owner: PrincipalID, _ transaction: Transaction
    ) async throws -> [WatchlistShare]? {
        guard let shares = draft.shares else { return nil }
        if let index = shares.firstIndex(where: { $0.holder == .principal(owner) }) {
            throw FieldErrors(
                FieldError(
                    pointer: "/shared_with/\(index)/with", code: FieldCode.notAChoice,
                    message: "is the owner's own id: the list is theirs already"))
        }
        guard let index = try await WatchlistStore.unknown(shares, in: transaction) else { return shares }
        throw FieldErrors(
            FieldError(
                pointer: "/shared_with/\(index)/with", code: "unknown",
                message: "is no known user, service account or group"))
    }

    // MARK: Inside

    /// The installation itself owns none, and sees none.
    private static func principal(
        _ context: Context, _ permission: Permission
    ) throws(Problem) -> PrincipalID {
        guard let principal = context.actor.principal else { throw .forbidden(missing: permission) }
        return principal
    }

    private static func id(_ request: Request) throws(Problem) -> WatchlistID {
        guard let id = WatchlistID(request.pathParameter("watchlist_id")) else {
            throw Problem.notFound("watchlist")
        }
        return id
    }

    private static func answer(_ list: Watchlist) -> Response {
        Response.json { w in w.value(list) }.etag(list.revision)
    }
}
