import Access
import HTTPServer
import JSON
import Kernel
import Postgres
import Webhooks

/// Routes as rows.
enum AlertRouteStore {
    private static let readAll = Statement(
        "alert_route_all",
        """
        select id, name, matchers, webhooks, escalation, digest_above, updated_at, updated_by, created_at,
            revision
        from alert_route order by lower(name), id
        """)
    private static let find = Statement(
        "alert_route_find",
        """
        select id, name, matchers, webhooks, escalation, digest_above, updated_at, updated_by, created_at,
            revision
        from alert_route where id = $1
        """)
    private static let lock = Statement(
        "alert_route_lock", "select from alert_route where id = $1 for no key update")
    private static let insert = Statement(
        "alert_route_insert",
        """
        insert into alert_route (id, name, matchers, webhooks, escalation, digest_above, updated_at,
            updated_by, created_at, revision)
        select $1, normalize($2::text, NFC), $3, $4, $5, $6, $7, $8, $9, $10
        where (select count(*) from alert_route) < $11
        """)
    private static let update = Statement(
        "alert_route_update",
        """
        update alert_route set name = normalize($2::text, NFC), matchers = $3, webhooks = $4,
            escalation = $5, digest_above = $6, updated_at = $7, updated_by = $8, created_at = $9,
            revision = $10
        where id = $1
        """)
    private static let delete = Statement("alert_route_delete", "delete from alert_route where id = $1")

    nonisolated(nonsending) static func all(in source: any Queryable) async throws -> [AlertRoute] {
        try await source.query(readAll).compactMap { AlertRoute($0) }
    }

    nonisolated(nonsending) static func find(
        _ id: AlertRouteID, in source: any Queryable
    ) async throws -> AlertRoute? {
        try await source.query(find, .id(id)).first.flatMap { AlertRoute($0) }
    }

    nonisolated(nonsending) static func lock(
        _ id: AlertRouteID, in transaction: Transaction
    ) async throws -> AlertRoute? {
        _ = try await transaction.query(lock, .id(id))
        return try await find(id, in: transaction)
    }

    nonisolated(nonsending) static func insert(
        _ route: AlertRoute, in transaction: Transaction
    ) async throws {
        let done = try await named {
            try await transaction.query(
                insert, parameters: route.parameters + [.int(AlertRoute.atMost)])
        }
        if done.affected == 0 {
            throw Problem(.conflict, "There are \(AlertRoute.atMost) routes already.")
        }
    }

    nonisolated(nonsending) static func update(
        _ route: AlertRoute, in transaction: Transaction
    ) async throws {
        _ = try await named { try await transaction.query(update, parameters: route.parameters) }
    }

    nonisolated(nonsending) static func delete(
        _ id: AlertRouteID, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(delete, .id(id))
    }

    private nonisolated(nonsending) static func named(
        _ write: nonisolated(nonsending) () async throws -> Rows
    ) async throws -> Rows {
        do {
            return try await write()
        } catch let error as PostgresError where error.isUniqueViolation("alert_route_name") {
            throw Problem(
                .alreadyExists, "Another route has this name.",
                errors: [FieldError(pointer: "/name", code: "already_exists", message: "is taken")])
        }
    }
}

extension AlertRoute {
    fileprivate init?(_ row: Row) {
        guard let matchers = LabelMatcher.stored(row.json(2)) else { return nil }
        let steps = (try? JSONValue.parse(row.json(4)))?.asArray ?? []
        self.init(
            id: row.id(0), name: row.text(1), matchers: matchers, webhooks: row.idArray(3),
            steps: steps.compactMap { Step(stored: $0) }, digestAbove: row.optionalInt(5),
            updatedAt: row.timestamp(6), updatedBy: row.text(7), createdAt: row.timestamp(8),
            revision: row.int64(9))
    }

    fileprivate var parameters: [Parameter] {
        var w = JSONWriter(capacity: 128)
        w.array { w in for step in steps { w.value(step) } }
        return [
            .id(id), .text(name), .json(matchers.json), .idArray(webhooks), .json(w.bytes),
            .int32(digestAbove.map { Int32($0) }), .timestamp(updatedAt), .text(updatedBy),
            .timestamp(createdAt), .int64(revision),
        ]
    }
}
