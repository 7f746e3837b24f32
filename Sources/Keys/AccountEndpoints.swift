import Access
import Exchanges
import HTTPServer
import JSON
import Kernel
import Postgres

/// Accounts over HTTP.
struct AccountEndpoints {
    let database: Database

    var operations: [Operation] {
        [
            Operation(
                .get, "/v1/accounts", id: "listAccounts", requires: .permission(.accountsRead), bodyLimit: 0,
                handle: list),
            Operation(
                .get, "/v1/accounts/{account_id}", id: "getAccount", requires: .permission(.accountsRead),
                errors: [.notFound], bodyLimit: 0, handle: read),
        ]
    }

    private nonisolated(nonsending) func list(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        let query = try AccountQuery(request)
        let orders = try await StandingOrders.read(in: database)
        let found = try await AccountStore.list(query, in: database)
        let page = found.prefix(query.limit)
        let next = found.count > query.limit ? page.last.map { AccountQuery.cursor(behind: $0).text } : nil
        return Response.object { w in
            w.array("data", page) { w, account in account.write(to: &w, under: orders) }
            w.field("next_cursor", next)
        }
    }

    private nonisolated(nonsending) func read(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        guard let id = AccountID(request.pathParameter("account_id")),
            let account = try await AccountStore.find(id, in: database)
        else { throw Problem.notFound("account") }
        let orders = try await StandingOrders.read(in: database)
        return Response.json { w in account.write(to: &w, under: orders) }.etag(account.revision)
    }
}

/// A page of accounts, the newest first: filters, and where it begins.
struct AccountQuery {
    let text: String?
    let exchange: ExchangeName?
    let environment: Environment?
    let limit: Int
    private(set) var after: (time: Timestamp, id: AccountID)?

    init(_ request: Request) throws(Problem) {
        var query = try request.parameters()
        limit = query.limit()
        text = query.text("q", 1...100)
        exchange = query.choice("exchange", ExchangeName.self)
        environment = query.choice("environment", Environment.self)
        if let cursor = query.cursor() {
            after = Self.place(cursor)
            if after == nil {
                query.fail("cursor", code: "invalid_cursor", "does not belong to this list")
            }
        }
        try query.finish()
    }

    private static func place(_ cursor: Cursor) -> (time: Timestamp, id: AccountID)? {
        guard cursor.parts.count == 3, cursor.parts[0] == "accounts", let time = Int64(cursor.parts[1]),
            let id = AccountID(cursor.parts[2])
        else { return nil }
        return (Timestamp(microseconds: time), id)
    }

    static func cursor(behind account: Account) -> Cursor {
        Cursor(["accounts", String(account.createdAt.microseconds), account.id.description])
    }
}
