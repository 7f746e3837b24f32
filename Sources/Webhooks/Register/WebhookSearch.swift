import Access
import HTTPServer
import JSON
import Kernel
import Postgres

/// Which webhooks a list shows, in which order, and where its page begins.
struct WebhookSearch {
    enum Order: String, CaseIterable {
        case name
        case nameDown = "-name"
        case createdAt = "created_at"
        case createdAtDown = "-created_at"

        var isDescending: Bool { rawValue.hasPrefix("-") }
        var isByName: Bool { self == .name || self == .nameDown }
        var expression: String { isByName ? "w.name_folded" : "w.created_at" }
    }

    private let order: Order
    private let limit: Int
    private let now: Timestamp
    private var conditions = ["true"]
    private var parameters: [Parameter] = []

    init(_ request: Request, now: Timestamp) throws(Problem) {
        var query = try request.parameters()
        self.now = now
        limit = query.limit()
        order = query.choice("sort", Order.self) ?? .createdAtDown
        if let text = query.text("q", 1...100)?.lowercased() {
            add("strpos(w.name_folded, normalize(", .text(text), ")) > 0")
        }
        if let status = query.choice("status", Webhook.Status.self) {
            add("w.status = ", .text(status.rawValue))
        }
        let owner = query.parsed("owner_id", expected: "the id of a user or a service account") {
            PrincipalID($0)
        }
        if let owner { add("w.owner = ", .text(owner.description)) }
        if let cursor = query.cursor() { addPlace(cursor, &query) }
        try query.finish()
    }

    private mutating func addPlace(_ cursor: Cursor, _ query: inout Parameters) {
        guard cursor.parts.count == 3, cursor.parts[0] == order.rawValue, let id = WebhookID(cursor.parts[2]),
            let key = key(cursor.parts[1])
        else {
            query.fail("cursor", code: FieldCode.malformed, "does not belong to a list of this order")
            return
        }
        parameters += [key, .id(id)]
        let sign = order.isDescending ? "<" : ">"
        conditions.append(
            "(\(order.expression), w.id) \(sign) ($\(parameters.count - 1), $\(parameters.count))")
    }

    private func key(_ text: String) -> Parameter? {
        if order.isByName { return text.utf8.contains(0) ? nil : .text(text) }
        return Int64(text).map { .timestamp(Timestamp(microseconds: $0)) }
    }

    private mutating func add(_ before: String, _ parameter: Parameter, _ after: String = "") {
        parameters.append(parameter)
        conditions.append("\(before)$\(parameters.count)\(after)")
    }

    /// Put together from our own constants; whatever came from outside is a parameter.
    var statement: Statement {
        let direction = order.isDescending ? "desc" : "asc"
        let parts = [
            "select", WebhookRecord.columns, ", w.name_folded", "from", WebhookRecord.tables, "where",
            conditions.joined(separator: " and "), "order by", order.expression, direction, ", w.id",
            direction,
            "limit", "$\(parameters.count + 1)",
        ]
        return Statement("webhook_list", derived: parts.joined(separator: " "))
    }

    nonisolated(nonsending) func page(in database: Database) async throws -> Response {
        let rows = try await database.query(statement, parameters: parameters + [.int(limit + 1)])
        let shown = rows.prefix(limit).map { WebhookRecord($0) }
        let records = try await WebhookStore.addSecrets(to: shown, at: now, in: database)
        let last = rows.count > limit ? rows[limit - 1] : nil
        return Response.object { w in
            w.array("data", records) { w, record in record.write(to: &w, at: now) }
            w.field("next_cursor", last.map { cursor($0) })
        }
    }

    private func cursor(_ row: Row) -> String {
        let webhook = Webhook(row)
        let key =
            order.isByName ? row.text(WebhookRecord.columnCount) : String(webhook.createdAt.microseconds)
        return Cursor([order.rawValue, key, webhook.id.description]).text
    }
}
