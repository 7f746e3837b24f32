import Access
import HTTPServer
import JSON
import Kernel
import Postgres

/// A page of uses, newest first.
struct UsageSearch {
    private let limit: Int
    private(set) var filter: UsageFilter

    init(_ request: Request, of key: ExchangeKeyID? = nil) throws(Problem) {
        var query = try request.parameters()
        limit = query.limit()
        filter = UsageFilter(&query, of: key)
        filter.add(query.fromTo())
        if let cursor = query.cursor() {
            if let place = Self.place(cursor) {
                filter.add(after: place)
            } else {
                query.fail("cursor", code: "invalid_cursor", "does not belong to this list")
            }
        }
        try query.finish()
    }

    private static func place(_ cursor: Cursor) -> (at: Timestamp, id: UsageID)? {
        guard cursor.parts.count == 3, cursor.parts[0] == "usage", let time = Int64(cursor.parts[1]),
            let id = UsageID(cursor.parts[2])
        else { return nil }
        return (Timestamp(microseconds: time), id)
    }

    static func statement(_ filter: UsageFilter) -> Statement {
        let parts = [
            "select", UsageRow.columns, "from usage_event where", filter.text,
            "order by at desc, id desc limit", "$\(filter.parameters.count + 1)",
        ]
        return Statement("usage_list", derived: parts.joined(separator: " "))
    }

    nonisolated(nonsending) func page(_ context: Context, in database: Database) async throws -> Response {
        let filter = try await filter.narrowed(to: context.rights, in: database)
        let rows = try await database.report(
            Self.statement(filter), parameters: filter.parameters + [.int(limit + 1)])
        let page = rows.prefix(limit).map { UsageRow($0) }
        let next = rows.count > limit ? page.last : nil
        let sight = try await UsageSight(context.rights, of: page, in: database)
        return Response.object { w in
            w.array("data", page) { w, use in use.write(to: &w, for: sight) }
            w.field(
                "next_cursor",
                next.map { Cursor(["usage", String($0.at.microseconds), $0.id.description]).text })
        }
    }
}
