import Access
import Exchanges
import HTTPServer
import Kernel

/// A page of accounts, the newest first: filters, and where it begins.
struct AccountQuery {
    let text: String?
    let exchange: ExchangeName?
    let environment: Environment?
    let parent: AccountID?
    let limit: Int
    private(set) var after: (time: Timestamp, id: AccountID)?

    init(_ request: Request) throws(Problem) {
        var query = try request.parameters()
        limit = query.limit()
        text = query.text("q", 1...100)
        exchange = query.choice("exchange", ExchangeName.self)
        environment = query.choice("environment", Environment.self)
        parent = query.parsed("parent_id", expected: "the id of an account") { AccountID($0) }
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
