import Access
import HTTPServer
import JSON
import Kernel
import Postgres

/// Which rotations a list shows, the newest first, and where its page begins.
struct RotationSearch {
    private let limit: Int
    private let now: Timestamp
    private var conditions = ["true"]
    private var parameters: [Parameter] = []

    /// - Parameter key: nil for those of all keys.
    init(_ request: Request, of key: ExchangeKeyID?, _ context: Context) throws(Problem) {
        var query = try request.parameters()
        now = context.now
        limit = query.limit()
        if let key { add("key = ", .id(key)) }
        if let state = query.choice("state", Rotation.State.self) { add("state = ", .text(state.rawValue)) }
        let isOpen = query.parsed("open", expected: "true or false") { Bool($0) }
        if let isOpen {
            conditions.append(
                isOpen ? "state not in ('done', 'rolled_back')" : "state in ('done', 'rolled_back')")
        }
        if query.parsed("stuck", expected: "true", { $0 == "true" ? true : nil }) == true {
            conditions.append("state not in ('done', 'rolled_back')")
            add("deadline <= ", .timestamp(now))
        }
        if let cursor = query.cursor() { addPlace(cursor, &query) }
        try query.finish()
        let sight = context.rights.sight(.keysRead)
        if !sight.isEverything {
            parameters.append(sight.parameter)
            conditions.append(
                """
                exists (select from exchange_key where exchange_key.id = key_rotation.key
                    and \(Sight.ofKeys(parameters.count)))
                """)
        }
    }

    private mutating func addPlace(_ cursor: Cursor, _ query: inout Parameters) {
        guard cursor.parts.count == 3, cursor.parts[0] == "rotations", let time = Int64(cursor.parts[1]),
            let id = RotationID(cursor.parts[2])
        else {
            query.fail("cursor", code: "invalid_cursor", "does not belong to this list")
            return
        }
        parameters += [.timestamp(Timestamp(microseconds: time)), .id(id)]
        conditions.append("(created_at, id) < ($\(parameters.count - 1), $\(parameters.count))")
    }

    private mutating func add(_ before: String, _ parameter: Parameter) {
        parameters.append(parameter)
        conditions.append("\(before)$\(parameters.count)")
    }

    /// Put together from our own constants; whatever came from outside is a parameter.
    var statement: Statement {
        let parts = [
            "select", RotationStore.columns, "from key_rotation where",
            conditions.joined(separator: " and "), "order by created_at desc, id desc limit",
            "$\(parameters.count + 1)",
        ]
        return Statement("key_rotation_list", derived: parts.joined(separator: " "))
    }

    nonisolated(nonsending) func page(in database: Database) async throws -> Response {
        let rows = try await database.query(statement, parameters: parameters + [.int(limit + 1)])
        let shown = try rows.prefix(limit).map { try Rotation($0) }
        let next = rows.count > limit ? shown.last : nil
        return Response.object { w in
            w.array("data", shown) { w, rotation in rotation.write(to: &w, now: now) }
            w.field(
                "next_cursor",
                next.map {
                    Cursor(["rotations", String($0.createdAt.microseconds), $0.id.description]).text
                })
        }
    }
}
