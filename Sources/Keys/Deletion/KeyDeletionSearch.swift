import Access
import Exchanges
import HTTPServer
import JSON
import Kernel
import Postgres

/// Which deletions a list shows, those of the newest keys first, and where its page begins.
struct KeyDeletionSearch {
    private let limit: Int
    private var conditions = ["true"]
    private var parameters: [Parameter] = []

    init(_ request: Request, _ context: Context) throws(Problem) {
        var query = try request.parameters()
        limit = query.limit()
        let state = query.choice("state", KeyDeletion.State.self)
        if let state { add("d.state = ", .text(state.rawValue)) }
        if let way = query.choice("way", KeyDeletion.Way.self) { add("d.way = ", .text(way.rawValue)) }
        let exchange = query.choice("exchange", ExchangeName.self)
        if let exchange { add("k.exchange = ", .text(exchange.rawValue)) }
        let key = query.parsed("key_id", expected: "the id of a key") { ExchangeKeyID($0) }
        if let key { add("d.key = ", .id(key)) }
        if let cursor = query.cursor() { addPlace(cursor, &query) }
        try query.finish()
        let sight = context.rights.sight(.keysRead)
        if !sight.isEverything {
            parameters.append(sight.parameter)
            conditions.append(Sight.ofKeys(parameters.count, "k"))
        }
    }

    private mutating func addPlace(_ cursor: Cursor, _ query: inout Parameters) {
        guard cursor.parts.count == 2, let key = ExchangeKeyID(cursor.parts[0]),
            let version = Int32(cursor.parts[1])
        else {
            query.fail("cursor", code: "invalid_cursor", "does not belong to a list of deletions")
            return
        }
        parameters += [.id(key), .int32(version)]
        conditions.append("(d.key, d.version) < ($\(parameters.count - 1), $\(parameters.count))")
    }

    private mutating func add(_ before: String, _ parameter: Parameter) {
        parameters.append(parameter)
        conditions.append("\(before)$\(parameters.count)")
    }

    /// Put together from our own constants; whatever came from outside is a parameter.
    var statement: Statement {
        let parts = [
            "select", KeyDeletionStore.columns, "from", KeyDeletionStore.tables, "where",
            conditions.joined(separator: " and "), "order by d.key desc, d.version desc",
            "limit", "$\(parameters.count + 1)",
        ]
        return Statement("key_deletion_list", derived: parts.joined(separator: " "))
    }

    /// `KeyDeletionPage` of openapi.yaml.
    nonisolated(nonsending) func page(in database: Database) async throws -> Response {
        let rows = try await database.query(statement, parameters: parameters + [.int(limit + 1)])
        let shown = rows.prefix(limit).map { KeyDeletion($0) }
        let next = rows.count > limit ? shown.last.map { Self.cursor($0).text } : nil
        return Response.object { w in
            w.array("data", shown) { w, deletion in w.value(deletion) }
            w.field("next_cursor", next)
        }
    }

    private static func cursor(_ deletion: KeyDeletion) -> Cursor {
        Cursor([deletion.key.description, String(deletion.version)])
    }
}
