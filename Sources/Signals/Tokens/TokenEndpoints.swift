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
                .get, "/v1/tokens", id: "listTokens", requires: .permission(.tokensRead), bodyLimit: 0
            ) { request, _ in try await list(request) },
            Operation(
                .get, "/v1/tokens/{token_id}", id: "getToken", requires: .permission(.tokensRead),
                errors: [.notFound], bodyLimit: 0
            ) { request, _ in try await get(request) },
            Operation(
                .patch, "/v1/tokens/{token_id}", id: "updateToken", requires: .permission(.tokensWrite),
                errors: [.notFound, .conflict], bodyLimit: 4_096
            ) { request, context in try await update(request, context) },
        ]
    }

    private nonisolated(nonsending) func list(_ request: Request) async throws -> Response {
        var parameters = try request.parameters()
        let limit = parameters.limit()
        let cursor = parameters.cursor(parts: 2)
        let symbol = parameters.parsed("symbol", expected: "a ticker") { Token.isSymbol($0) ? $0 : nil }
        let at = parameters.time("at")
        let sort = parameters.choice("sort", TokenStore.Sort.self) ?? .symbol
        try parameters.finish()
        let found = try await TokenStore.list(
            symbol: symbol, at: at, sort: sort, after: cursor?.parts, limit: limit + 1, in: ledger.database)
        let page = Page(found, limit: limit) { token in
            [sort.isBySymbol ? token.symbol : String(token.createdAt.microseconds), token.id.description]
        }
        return .object { w in
            w.array("data", page.items) { w, token in w.value(token) }
            w.field("next_cursor", page.next)
        }
    }

    private nonisolated(nonsending) func get(_ request: Request) async throws -> Response {
        let id = try Self.id(request)
        _ = try request.parameters().finish()
        guard let token = try await TokenStore.get(id, in: ledger.database) else {
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
        let validTo = Self.validTo(&fields)
        try fields.finish()
        let token = try await ledger.change(context) { change in
            try await end(id, validTo, request, change)
        }
        return Self.response(token)
    }

    private nonisolated(nonsending) func end(
        _ id: TokenID, _ validTo: Timestamp?, _ request: Request, _ change: Change
    ) async throws -> Token {
        let transaction = change.transaction
        guard let token = try await TokenStore.lock(id, in: transaction) else {
            throw Problem.notFound("token")
        }
        try request.match(revision: token.revision, required: true)
        if let validTo, let from = token.validFrom, validTo <= from {
            let mistake = FieldError(
                pointer: "/valid_to", code: FieldCode.outOfRange, message: "must be after valid_from")
            throw Problem(.validationFailed, "The ticker's time would be empty.", errors: [mistake])
        }
        if let obstacle = try await TokenStore.obstacle(token, validTo, in: transaction) {
            throw Problem(.conflict, obstacle)
        }
        if token.validTo == validTo { return token }
        try await TokenStore.end(token, validTo, now: change.context.now, in: transaction)
        change.audit(
            "tokens.update", id, detail: ["valid_to": validTo.map { .string($0.description) } ?? .null])
        var ended = token
        ended.validTo = validTo
        ended.updatedAt = change.context.now
        ended.revision += 1
        return ended
    }

    private static func validTo(_ fields: inout Fields) -> Timestamp? {
        switch fields.take("valid_to") {
        case nil: fields.fail("valid_to", code: FieldCode.missing, "is required")
        case .null: break
        case .string(let text):
            if let time = Timestamp(text) { return time }
            fields.fail("valid_to", code: FieldCode.malformed, "must be an RFC 3339 time")
        default: fields.fail("valid_to", code: FieldCode.wrongType, "must be a time or null")
        }
        return nil
    }

    private static func id(_ request: Request) throws(Problem) -> TokenID {
        guard let id = TokenID(request.pathParameter("token_id")) else { throw .notFound("token") }
        return id
    }

    private static func response(_ token: Token) -> Response {
        Response.json { w in w.value(token) }.etag(token.revision)
    }
}
