package import Access
package import Events
import HTTPServer
import JSON
import Kernel
import Postgres

/// `/v1/me/quiet-hours`: when one's own webhooks wait. What is critical and about security never does.
package struct QuietHoursEndpoints {
    private static let bodyBytes = 16 * 1_024
    private static let path = "/v1/me/quiet-hours"

    private static let find = Statement(
        "quiet_hours_find",
        "select time_zone, windows, webhooks, updated_at, revision from quiet_hours where principal = $1")
    private static let put = Statement(
        "quiet_hours_put",
        """
        insert into quiet_hours as q (principal, time_zone, windows, webhooks, updated_at, revision)
        values ($1, $2, $3, $4, $5, 1)
        on conflict (principal) do update set time_zone = excluded.time_zone, windows = excluded.windows,
            webhooks = excluded.webhooks, updated_at = excluded.updated_at, revision = q.revision + 1
        """)
    private static let delete = Statement(
        "quiet_hours_delete", "delete from quiet_hours where principal = $1")
    private static let own = Statement(
        "quiet_hours_webhooks", "select id from webhook where owner = $1 and id = any ($2::uuid[])")

    private let ledger: Ledger

    package init(ledger: Ledger) { self.ledger = ledger }

    package var operations: [Operation] {
        [
            Operation(
                .get, Self.path, id: "getMyQuietHours", requires: .`self`, errors: [.notFound], bodyLimit: 0
            ) { request, context in
                try request.parameters().finish()
                guard let hours = try await read(context, in: ledger.database) else {
                    throw Problem.notFound("quiet hours")
                }
                return answer(hours)
            },
            Operation(
                .put, Self.path, id: "putMyQuietHours", requires: .`self`, bodyLimit: Self.bodyBytes
            ) { try await put($0, $1) },
            Operation(
                .delete, Self.path, id: "deleteMyQuietHours", requires: .`self`, errors: [.notFound],
                bodyLimit: 0
            ) { try await delete($0, $1) },
        ]
    }

    struct Hours {
        var timeZone: String
        var windows: [WeeklyWindow]
        var webhooks: [WebhookID]
        var updatedAt: Timestamp
        var revision: Int64
    }

    private nonisolated(nonsending) func put(_ request: Request, _ context: Context) async throws -> Response
    {
        try request.parameters().finish()
        var f = try await request.fields(limit: Self.bodyBytes)
        let zone = f.timeZone("time_zone")
        let windows = f.weeklyWindows("windows", longest: 16 * 60)
        let webhooks = f.parsedList(
            "webhook_ids", count: 1...20, expected: "the id of a webhook", { WebhookID($0) })
        f.refuseRepeats("webhook_ids", webhooks)
        try f.finish()
        try await TimeZones.refuseUnknown(zone, in: ledger.database)
        let hours = try await ledger.change(context) { change in
            let rows = try await change.transaction.query(
                Self.own, .text(context.author), .idArray(webhooks))
            let own = Set(rows.map { $0.id(0, as: WebhookKind.self) })
            let errors = webhooks.enumerated().filter { !own.contains($1) }.map {
                FieldError(
                    pointer: "/webhook_ids/\($0.offset)", code: "unknown", message: "is no webhook of yours")
            }
            if !errors.isEmpty {
                throw Problem(.validationFailed, "Quiet hours are of one's own webhooks.", errors: errors)
            }
            if let before = try await read(context, in: change.transaction) {
                try await TellingStore.lookAgain(
                    for: before.webhooks, at: context.now, in: change.transaction)
            }
            _ = try await change.transaction.query(
                Self.put, .text(context.author), .text(zone), .json(WeeklyWindow.stored(windows)),
                .idArray(webhooks), .timestamp(context.now))
            note("changed", zone, webhooks, in: change)
            return try await read(context, in: change.transaction)
        }
        guard let hours else { throw Problem.notFound("quiet hours") }
        return answer(hours)
    }

    private nonisolated(nonsending) func delete(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        try await ledger.change(context) { change in
            guard let hours = try await read(context, in: change.transaction) else {
                throw Problem.notFound("quiet hours")
            }
            _ = try await change.transaction.query(Self.delete, .text(context.author))
            try await TellingStore.lookAgain(for: hours.webhooks, at: context.now, in: change.transaction)
            note("deleted", nil, hours.webhooks, in: change)
        }
        return Response(.noContent)
    }

    private nonisolated(nonsending) func read(
        _ context: Context, in source: any Queryable
    ) async throws -> Hours? {
        try await source.query(Self.find, .text(context.author)).first.map { row in
            Hours(
                timeZone: row.text(0), windows: WeeklyWindow.stored(row.json(1)), webhooks: row.idArray(2),
                updatedAt: row.timestamp(3), revision: row.int64(4))
        }
    }

    private func note(_ what: String, _ zone: String?, _ webhooks: [WebhookID], in change: Change) {
        let author = change.context.author
        change.touchesConfiguration = true
        change.audit("quiet_hours.\(what == "deleted" ? "delete" : "put")", author)
        change.emit(
            NewEvent(
                .quietHoursChanged, subject: author,
                [
                    "principal_id": .string(author), "change": .string(what), "time_zone": .of(zone),
                    "webhook_ids": .array(webhooks.map { .string($0.description) }),
                ]))
    }

    private func answer(_ hours: Hours) -> Response {
        Response.json { w in
            w.object { w in
                w.field("time_zone", hours.timeZone)
                w.array("windows", hours.windows) { w, window in window.write(to: &w) }
                w.field("webhook_ids", hours.webhooks.map(\.description))
                w.field("updated_at", hours.updatedAt.description)
                w.field("revision", hours.revision)
            }
        }.etag(hours.revision)
    }
}
