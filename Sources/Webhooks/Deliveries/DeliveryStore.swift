import Access
import Events
import HTTPServer
import JSON
import Kernel
import Postgres

/// Deliveries as people read them: whoever may not read one does not find it.
enum DeliveryStore {
    static let find = Statement(
        "delivery_find",
        derived: [Delivery.columns, "where id = $1"].joined(separator: " "))
    static let lock = Statement(
        "delivery_lock",
        derived: [Delivery.columns, "where id = $1 for no key update"]
            .joined(separator: " "))
    private static let body = Statement("delivery_body", "select body from delivery where id = $1")
    private static let attempts = Statement(
        "delivery_attempts",
        """
        select number, at, status, milliseconds, error, response from delivery_attempt where delivery = $1
        order by number limit 200
        """)
    private static let retryPending = Statement(
        "delivery_retry",
        // Whoever holds its lease is at it. Leases are told by the database's clock.
        """
        update delivery set due_at = $2, next_attempt_at = $2, leased_by = null
        where id = $1 and state = 'pending' and due_at < 'infinity'
            and (leased_by is null or due_at <= clock_timestamp())
        """)
    private static let revive = Statement(
        "delivery_revive",
        """
        update delivery set state = 'pending', due_at = $2, next_attempt_at = $2, schedule_at = $2,
            counted = 0,
            -- It is out of its order already.
            order_key = null,
            dead_reason = null, dead_at = null, leased_by = null
        where id = $1 and state = 'dead'
        """)

    nonisolated(nonsending) static func find(
        _ id: DeliveryID, _ sight: DeliverySight, in source: any Queryable
    ) async throws -> Delivery? {
        try await seen(find, id, sight, in: source)
    }

    nonisolated(nonsending) static func lock(
        _ id: DeliveryID, _ sight: DeliverySight, in transaction: Transaction
    ) async throws -> Delivery? {
        try await seen(lock, id, sight, in: transaction)
    }

    private nonisolated(nonsending) static func seen(
        _ statement: Statement, _ id: DeliveryID, _ sight: DeliverySight, in source: any Queryable
    ) async throws -> Delivery? {
        guard let row = try await source.query(statement, .id(id)).first else { return nil }
        let delivery = Delivery(row: row, now: sight.context.now)
        return try await sight.sees(delivery, in: source) ? delivery : nil
    }

    /// The message's bytes, and the attempts, in one round trip.
    nonisolated(nonsending) static func details(
        of id: DeliveryID, in database: Database
    ) async throws -> (body: [UInt8], attempts: Rows) {
        let body = database.send(body, .id(id))
        let attempts = database.send(attempts, .id(id))
        return (try await body.rows().first?.bytes(0) ?? [], try await attempts.rows())
    }

    nonisolated(nonsending) static func retry(
        _ delivery: Delivery, at now: Timestamp, in transaction: Transaction
    ) async throws {
        let statement = delivery.state == .dead ? revive : retryPending
        _ = try await transaction.query(statement, .id(delivery.id), .timestamp(now))
    }
}

// MARK: Lists

/// A list of deliveries, newest first, or of dead letters, the latest death first.
struct DeliverySearch {
    /// Ids carry the clock of their making, which may differ a little from `created_at`.
    private static let slack = Period.minutes(1)

    private let isDead: Bool
    private let limit: Int
    private let context: Context
    private var conditions: [String] = ["true"]
    private var parameters: [Parameter] = []

    init(_ request: Request, _ context: Context, deadOnly: Bool) throws(Problem) {
        var query = try request.parameters()
        self.context = context
        isDead = deadOnly
        limit = query.limit()
        if let webhook = query.id("webhook_id", WebhookKind.self) { add("webhook = ", .id(webhook)) }
        if deadOnly {
            conditions.append("state = 'dead'")
            if let reason = query.choice("reason", DeadReason.self) {
                add("dead_reason = ", .text(reason.rawValue))
            }
        } else {
            addFilters(&query)
        }
        addTimes(&query)
        if let cursor = query.cursor() { addPlace(cursor, &query) }
        try query.finish()
    }

    private mutating func addFilters(_ query: inout Parameters) {
        switch query.choice("state", DeliveryState.self) {
        case nil: break
        case .pending:
            add("state = 'pending' and (leased_by is null or due_at <= ", .timestamp(context.now), ")")
        case .sending:
            add("state = 'pending' and leased_by is not null and due_at > ", .timestamp(context.now))
        case .delivered: conditions.append("state = 'delivered'")
        case .dead: conditions.append("state = 'dead'")
        }
        // Not only the listed types: a test's message has one of its own.
        let type = query.parsed("event_type", expected: "a dotted name such as key.revoked") {
            EventType.isDotted($0) ? $0 : nil
        }
        if let type { add("event_type = ", .text(type)) }
        if let event = query.id("event_id", EventKind.self) { add("event = ", .id(event)) }
        if let alert = query.id("alert_id", AlertKind.self) {
            parameters.append(.id(alert))
            let n = "$\(parameters.count)"
            conditions.append("(alert = \(n) or alerts @> array[\(n)])")
        }
    }

    private mutating func addTimes(_ query: inout Parameters) {
        let column = isDead ? "dead_at" : "created_at"
        let (from, to) = query.fromTo()
        if let from {
            add("\(column) >= ", .timestamp(from))
            if !isDead { add("id >= ", .uuid(Self.bound(from - Self.slack))) }
        }
        if let to {
            add("\(column) < ", .timestamp(to))
            if !isDead { add("id <= ", .uuid(Self.bound(to + Self.slack))) }
        }
    }

    /// The smallest id of a moment.
    private static func bound(_ time: Timestamp) -> UUID {
        UUID(high: UInt64(max(time.milliseconds, 0)) << 16, low: 0)
    }

    private mutating func addPlace(_ cursor: Cursor, _ query: inout Parameters) {
        let id = cursor.parts.last.flatMap { DeliveryID($0) }
        if isDead, cursor.parts.count == 2, let id, let time = Int64(cursor.parts[0]) {
            parameters += [.timestamp(Timestamp(microseconds: time)), .id(id)]
            conditions.append("(dead_at, id) < ($\(parameters.count - 1), $\(parameters.count))")
        } else if !isDead, cursor.parts.count == 1, let id {
            add("id < ", .id(id))
        } else {
            query.fail("cursor", code: FieldCode.malformed, "does not belong to this list")
        }
    }

    /// Of those, what a reader sees.
    func seen(by list: DeliverySight.Listing) -> DeliverySearch {
        var search = self
        search.conditions.append(list.condition(after: parameters.count))
        search.parameters += list.parameters
        return search
    }

    private mutating func add(_ before: String, _ parameter: Parameter, _ after: String = "") {
        parameters.append(parameter)
        conditions.append("\(before)$\(parameters.count)\(after)")
    }

    /// Put together from our own constants; whatever came from outside is a parameter.
    var statement: Statement {
        let order = isDead ? "dead_at desc, id desc" : "id desc"
        let parts = [
            Delivery.columns, "where", conditions.joined(separator: " and "), "order by", order, "limit",
            "$\(parameters.count + 1)",
        ]
        return Statement("delivery_list", derived: parts.joined(separator: " "))
    }

    nonisolated(nonsending) func page(in database: Database) async throws -> Response {
        let rows = try await database.report(statement, parameters: parameters + [.int(limit + 1)])
        let count = min(rows.count, limit)
        return Response.object { w in
            w.array("data", 0..<count) { w, index in
                Delivery(row: rows[index], now: context.now).write(to: &w)
            }
            w.field(
                "next_cursor",
                rows.count > limit ? cursor(Delivery(row: rows[count - 1], now: context.now)) : nil)
        }
    }

    private func cursor(_ last: Delivery) -> String {
        guard isDead, let deadAt = last.deadAt else { return Cursor([last.id.description]).text }
        return Cursor([String(deadAt.microseconds), last.id.description]).text
    }
}
