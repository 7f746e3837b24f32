import Access
import HTTPServer
import JSON
import Kernel
import Postgres

/// Which sources a list shows, the newest first, and where its page begins.
struct PriceSourceSearch {
    private let limit: Int
    private var conditions = ["true"]
    private var parameters: [Parameter] = []

    init(_ request: Request) throws(Problem) {
        var query = try request.parameters()
        limit = query.limit()
        if let kind = query.choice("kind", PriceSource.Kind.self) {
            parameters.append(.text(kind.rawValue))
            conditions.append("p.kind = $\(parameters.count)")
        }
        switch query.choice("state", PriceSource.State.self) {
        case .active: conditions.append("p.suspended_at is null")
        case .suspended: conditions.append("p.suspended_at is not null")
        case nil: break
        }
        let before = query.cursor { PriceSourceID($0) }
        if let before {
            parameters.append(.id(before))
            conditions.append("p.id < $\(parameters.count)")
        }
        try query.finish()
    }

    /// Put together from our own constants; whatever came from outside is a parameter.
    var statement: Statement {
        let parts = [
            "select", PriceSource.columns, "from", PriceSource.tables, "where",
            conditions.joined(separator: " and "), "order by p.id desc limit", "$\(parameters.count + 1)",
        ]
        return Statement("price_source_list", derived: parts.joined(separator: " "))
    }

    /// `PriceSourcePage` of openapi.yaml.
    nonisolated(nonsending) func page(in database: Database) async throws -> Response {
        let rows = try await database.query(statement, parameters: parameters + [.int(limit + 1)])
        let shown = rows.prefix(limit).compactMap(PriceSource.init)
        let next = rows.count > limit ? shown.last.map { Cursor([$0.id.description]).text } : nil
        return Response.object { w in
            w.array("data", shown) { w, source in w.value(source) }
            w.field("next_cursor", next)
        }
    }
}
