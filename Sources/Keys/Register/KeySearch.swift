import Access
import Exchanges
import HTTPServer
import JSON
import Kernel
import Postgres

/// Which keys a list shows, in which order, and where its page begins.
///
/// Every order has an index that a page is read from, so a page costs the same at 1,000 and at 1,000,000
/// keys; rare values of filters have indexes of their own, and parts of labels are found by their runs of
/// three characters.
struct KeySearch {
    private let order: KeyOrder
    private let limit: Int
    private let context: Context
    /// Conditions, each with its `$n`.
    private var conditions: [String] = []
    private var parameters: [Parameter] = []

    init(_ request: Request, for context: Context) throws(Problem) {
        var query = try request.parameters()
        self.context = context
        limit = query.limit()
        order = query.choice("sort", KeyOrder.self) ?? .createdAtDown
        addText(&query)
        addNames(&query)
        if let before = query.time("expiring_before") { add("expires_at < ", .timestamp(before)) }
        let isDue = query.parsed("rotation_due", expected: "true or false") { Bool($0) }
        if let isDue { addRotation(isDue: isDue) }
        let isDecoy = query.parsed("decoy", expected: "true or false") { Bool($0) }
        if let cursor = query.cursor() { addPlace(cursor, &query) }
        try query.finish()
        if let isDecoy {
            guard context.rights.somewhere.contains(.decoysRead) else {
                throw .forbidden(missing: .decoysRead)
            }
            add("decoy = ", .bool(isDecoy))
            add(context.rights.sight(.decoysRead))
        }
        add(context.rights.sight(.keysRead))
    }

    /// Nothing for who sees all of them.
    private mutating func add(_ sight: Sight) {
        guard !sight.isEverything else { return }
        parameters.append(sight.parameter)
        conditions.append(Sight.ofKeys(parameters.count))
    }

    private mutating func addText(_ query: inout Parameters) {
        guard let text = query.text("q", 1...100)?.lowercased() else { return }
        add("label_runs @> search_grams(normalize(", .text(text), "))")
        add("strpos(label_key, normalize(", .text(text), ")) > 0")
    }

    private mutating func addNames(_ query: inout Parameters) {
        let exchange = query.choice("exchange", ExchangeName.self)
        if let exchange { add("exchange = ", .text(exchange.rawValue)) }
        if let account = query.text("account", 1...100) { add("account = normalize(", .text(account), ")") }
        let owner = query.parsed("owner_id", expected: "the id of a user or a service account") {
            PrincipalID($0)
        }
        if let owner { add("owner = ", .text(owner.description)) }
        let environment = query.choice("environment", Environment.self)
        if let environment { add("environment = ", .text(environment.rawValue)) }
        let tag = query.parsed("tag", expected: "a tag") { Fields.isTag($0) ? $0 : nil }
        if let tag { add("tags @> ", .textArray([tag])) }
        if let status = query.choice("status", KeyStatus.self) { add("status = ", .text(status.rawValue)) }
    }

    private mutating func addRotation(isDue: Bool) {
        if isDue {
            conditions.append("status <> 'revoked'")
            add("rotation_due_at <= ", .timestamp(context.now))
        } else {
            add(
                "(status = 'revoked' or rotation_due_at is null or rotation_due_at > ",
                .timestamp(context.now), ")")
        }
    }

    private mutating func addPlace(_ cursor: Cursor, _ query: inout Parameters) {
        guard cursor.parts.count == 3, cursor.parts[0] == order.rawValue,
            let key = order.parameter(cursor.parts[1]), let id = ExchangeKeyID(cursor.parts[2])
        else {
            query.fail("cursor", code: "invalid_cursor", "does not belong to a list of this order")
            return
        }
        parameters += [key, .id(id)]
        let sign = order.isDescending ? "<" : ">"
        conditions.append(
            "(\(order.expression), id) \(sign) ($\(parameters.count - 1), $\(parameters.count))")
    }

    private mutating func add(_ before: String, _ parameter: Parameter, _ after: String = "") {
        parameters.append(parameter)
        conditions.append("\(before)$\(parameters.count)\(after)")
    }
}

// MARK: The page

extension KeySearch {
    /// Put together from our own constants; whatever came from outside is a parameter.
    var statement: Statement {
        let filter = conditions.isEmpty ? "true" : conditions.joined(separator: " and ")
        let direction = order.isDescending ? "desc" : "asc"
        let parts = [
            "select", KeyColumns.list, "from exchange_key where", filter, "order by", order.expression,
            direction,
            ", id", direction, "limit", "$\(parameters.count + 1)",
        ]
        return Statement("key_list", derived: parts.joined(separator: " "))
    }

    /// `KeyPage` of openapi.yaml. One row more than asked for tells whether there is a next page.
    nonisolated(nonsending) func page(in database: Database) async throws -> Response {
        let rows = try await database.query(statement, parameters: parameters + [.int(limit + 1)])
        let count = min(rows.count, limit)
        return Response.object { w in
            w.array("data", 0..<count) { w, index in KeyRow(rows[index]).write(to: &w, for: context) }
            w.field("next_cursor", rows.count > limit ? order.cursor(KeyRow(rows[count - 1])).text : nil)
        }
    }
}
