package import Access
package import Events
import HTTPServer
import JSON
import Kernel
import Postgres

/// `/v1/tokens`.
package struct TokenEndpoints {
    private let ledger: Ledger

    package init(ledger: Ledger) { self.ledger = ledger }

    package var operations: [Operation] {
        [
            Operation(
                .get, "/v1/tokens", id: "listTokens", requires: .permission(.tokensRead),
                errors: [.notFound], bodyLimit: 0
            ) { request, context in try await list(request, context) },
            Operation(
                .get, "/v1/tokens/{token_id}", id: "getToken", requires: .permission(.tokensRead),
                errors: [.notFound], bodyLimit: 0
            ) { request, context in try await get(request, context) },
            Operation(
                .patch, "/v1/tokens/{token_id}", id: "updateToken", requires: .permission(.tokensWrite),
                errors: [.notFound, .conflict], bodyLimit: 4_096
            ) { request, context in try await update(request, context) },
        ]
    }

    private nonisolated(nonsending) func list(_ request: Request, _ context: Context) async throws -> Response
    {
        var parameters = try request.parameters()
        let limit = parameters.limit()
        let mark = parameters.mark
        let cursor = parameters.cursor(parts: 2, of: mark)
        let symbol = parameters.parsed("symbol", expected: "a ticker") { Token.isSymbol($0) ? $0 : nil }
        let category = parameters.text("category", 1...TokenPatch.longestCategory)
        let at = parameters.time("at")
        let asOf = parameters.asOf(context.now)
        let watchlist = parameters.watchlist()
        let sort = parameters.choice("sort", TokenStore.Sort.self) ?? .symbol
        try parameters.finish()
        let tokens = try await WatchedTokens.of(
            watchlist, for: context, asOf: asOf, in: ledger.database)
        let found = try await TokenStore.list(
            symbol: symbol, category: category, at: at, among: tokens, asOf: asOf, sort: sort,
            after: cursor?.parts, limit: limit + 1, in: ledger.database)
        let page = Page(found, limit: limit, of: mark) { token in
            [sort.isBySymbol ? token.symbol : String(token.createdAt.microseconds), token.id.description]
        }
        return .object { w in
            w.array("data", page.items) { w, token in w.value(token) }
            w.field("next_cursor", page.next)
        }
    }

    private nonisolated(nonsending) func get(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        let id = try Self.id(request)
        var parameters = try request.parameters()
        let asOf = parameters.asOf(context.now)
        try parameters.finish()
        guard let token = try await TokenStore.get(id, asOf: asOf, in: ledger.database) else {
            throw Problem.notFound("token")
        }
        return Self.response(token)
    }

    private nonisolated(nonsending) func update(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        let id = try Self.id(request)
        _ = try request.parameters().finish()
        var fields = try await request.fields(limit: 4_096)
        let patch = TokenPatch(&fields)
        try fields.finish()
        let token = try await ledger.change(context) { change in
            try await apply(patch, id, request, change)
        }
        return Self.response(token)
    }

    private nonisolated(nonsending) func apply(
        _ patch: TokenPatch, _ id: TokenID, _ request: Request, _ change: Change
    ) async throws -> Token {
        let transaction = change.transaction
        guard let token = try await TokenStore.lock(id, andSymbol: patch.rename?.symbol, in: transaction)
        else { throw Problem.notFound("token") }
        try request.match(revision: token.revision, required: true)
        var changed = try patch.applied(to: token, now: change.context.now)
        if changed == token { return token }
        if let obstacle = try await TokenStore.obstacle(token, changed, in: transaction) {
            throw Problem(.conflict, obstacle)
        }
        if let source = changed.primarySource, source != token.primarySource,
            try await !TokenStore.hasSeries(id, of: source, in: transaction)
        {
            throw TokenPatch.mistake("/primary_source", "must be a source that the token has candles of")
        }
        changed.updatedAt = change.context.now
        changed.revision += 1
        try await TokenStore.write(changed, was: token, in: transaction)
        if changed.symbol != token.symbol, [changed.symbol, token.symbol].contains(SeriesRecord.market) {
            try await SeriesQueue.regate(id, in: transaction)
        }
        change.audit("tokens.update", id, detail: .object(Self.detail(changed, was: token)))
        return changed
    }

    /// What has changed, as it is now.
    private static func detail(_ token: Token, was old: Token) -> JSONObject {
        var detail = JSONObject()
        func note(_ name: String, _ value: String?, _ before: String?) {
            if value != before { _ = detail.append(name, value.map { .string($0) } ?? .null) }
        }
        note("symbol", token.symbol, old.symbol)
        note("valid_from", token.validFrom?.description, old.validFrom?.description)
        note("valid_to", token.validTo?.description, old.validTo?.description)
        note("name", token.name, old.name)
        note("primary_source", token.primarySource, old.primarySource)
        if token.categories != old.categories {
            _ = detail.append("categories", .array(token.categories.map { .string($0) }))
        }
        return detail
    }

    private static func id(_ request: Request) throws(Problem) -> TokenID {
        guard let id = TokenID(request.pathParameter("token_id")) else { throw .notFound("token") }
        return id
    }

    private static func response(_ token: Token) -> Response {
        Response.json { w in w.value(token) }.etag(token.revision)
    }
}
