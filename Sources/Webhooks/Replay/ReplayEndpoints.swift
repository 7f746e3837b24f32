package import Access
package import Events
import HTTPServer
import JSON
import Kernel
package import Postgres

/// Sending again what an endpoint missed, over HTTP.
package struct ReplayEndpoints {
    private static let bodyBytes = 4_096
    /// A replay is a burst: the next one waits that long.
    private static let pause = Period.seconds(10)

    private static let note = Statement(
        "webhook_replayed", "update webhook set replayed_at = $2 where id = $1")
    private static let last = Statement(
        "webhook_last_replay", "select replayed_at from webhook where id = $1")

    private let ledger: Ledger
    private let outbox: WebhookOutbox
    private let things: TargetSource
    private let alerts: Alerts
    private let limits: WebhookReplay.Limits
    private let wake: () -> Void

    /// What the room above knows of alerts.
    package struct Alerts {
        package typealias Tell = nonisolated(nonsending) ([Event], Transaction) async throws -> [Message]
        package typealias Note =
            nonisolated(nonsending) ([Message], WebhookID, Transaction) async throws -> Void

        /// Those that events tell of, as messages for whoever they are for.
        let messages: Tell
        /// Told of messages that a webhook is sent.
        let sent: Note

        package init(messages: @escaping Tell, sent: @escaping Note) {
            (self.messages, self.sent) = (messages, sent)
        }
    }

    package init(
        ledger: Ledger, outbox: WebhookOutbox, things: TargetSource = .none,
        limits: WebhookReplay.Limits = WebhookReplay.Limits(), alerts: Alerts,
        wake: @escaping () -> Void
    ) {
        (self.ledger, self.outbox, self.things) = (ledger, outbox, things)
        (self.limits, self.alerts, self.wake) = (limits, alerts, wake)
    }

    package var operations: [Operation] {
        [
            Operation(
                .post, "/v1/webhooks/{webhook_id}/replay", id: "replayWebhook",
                requires: .scoped(.deliveriesWrite), errors: [.notFound, .conflict],
                bodyLimit: Self.bodyBytes, handle: replay)
        ]
    }

    private struct Wish {
        let span: Range<Timestamp>
        let isMissing: Bool
        let isDry: Bool
        /// Of the answer to a call before.
        let after: EventID?
    }

    private nonisolated(nonsending) func replay(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.parameters().finish()
        guard let id = WebhookID(request.pathParameter("webhook_id")) else {
            throw Problem.notFound("webhook")
        }
        let wish = try await Self.wish(request, at: context.now)
        let found = try await ledger.change(context) { change in
            let replay = try await begin(wish, id, change)
            let found = try await run(replay, wish, change)
            guard !wish.isDry else { return found }
            _ = try await change.transaction.query(Self.note, .id(id), .timestamp(context.now))
            change.audit(
                "webhooks.replay", id,
                detail: [
                    "since": .string(wish.span.lowerBound.description), "missing": .bool(wish.isMissing),
                    "count": .number(JSONNumber(found.count)),
                ])
            change.afterCommit(wake)
            return found
        }
        return Self.response(id, wish, found)
    }

    private nonisolated(nonsending) func begin(
        _ wish: Wish, _ id: WebhookID, _ change: Change
    ) async throws -> WebhookReplay {
        let now = change.context.now
        let found = try await WebhookStore.lock(id, at: now, in: change.transaction)?.webhook
        guard let webhook = found else { throw Problem.notFound("webhook") }
        guard webhook.status.takesMessages || wish.isDry else {
            throw Problem(.conflict, "The webhook is \(webhook.status.rawValue).")
        }
        let last = try await change.transaction.query(Self.last, .id(id)).first?.optionalTimestamp(0)
        if let last, !wish.isDry, now - last < Self.pause {
            throw Problem(
                .rateLimited, "This webhook was replayed a moment ago.",
                headers: [(.retryAfter, String(Self.pause.microseconds / 1_000_000))])
        }
        return WebhookReplay(
            webhook: webhook, span: wish.span, after: wish.after, isDry: wish.isDry, limits: limits)
    }

    private nonisolated(nonsending) func run(
        _ replay: WebhookReplay, _ wish: Wish, _ change: Change
    ) async throws -> WebhookReplay.Found {
        let (transaction, now) = (change.transaction, change.context.now)
        if !wish.isMissing {
            let sight = DeliverySight(change.context, .deliveriesWrite, things)
            return try await replay.deadLetters(
                sight.listing(in: transaction), at: now, in: transaction)
        }
        let rights = change.context.rights
        return try await replay.missing(by: outbox, alerts, at: now, in: transaction) { messages in
            let needed = messages.flatMap(\.permissions) + [.deliveriesWrite]
            let targets = try await things.targets(
                of: messages.map(\.thing), for: [rights], needed, in: transaction)
            return messages.filter {
                rights.may($0.permissions + [.deliveriesWrite], to: $0.thing, targets)
            }
        }
    }

    private nonisolated(nonsending) static func wish(
        _ request: Request, at now: Timestamp
    ) async throws -> Wish {
        var fields = try await request.fields(limit: bodyBytes)
        let since = fields.parsed("since", expected: "an RFC 3339 time") { Timestamp($0) } ?? now
        let until = fields.parsed(optional: "until", expected: "an RFC 3339 time") { Timestamp($0) } ?? now
        let isMissing = fields.bool("missing", default: false)
        let isDry = fields.bool("dry_run", default: false)
        if isMissing, since < now - WebhookReplay.reach {
            fields.fail(
                "since", code: FieldCode.outOfRange, "must be within the last 29 days for what is missing")
        }
        let after = fields.parsed(optional: "cursor", expected: "next_cursor of the answer before") { text in
            Cursor(text).flatMap { $0.parts.count == 1 ? EventID($0.parts[0]) : nil }
        }
        if after != nil, !isMissing {
            fields.fail("cursor", code: FieldCode.malformed, "goes with missing alone")
        }
        if until < since { fields.fail("until", code: FieldCode.outOfRange, "must not be before since") }
        try fields.finish()
        return Wish(span: since..<max(until, since), isMissing: isMissing, isDry: isDry, after: after)
    }

    private static func response(
        _ id: WebhookID, _ wish: Wish, _ found: WebhookReplay.Found
    ) -> Response {
        Response.object { w in
            w.field("webhook_id", id.description)
            w.field("since", wish.span.lowerBound.description)
            w.field("until", wish.span.upperBound.description)
            w.field("missing", wish.isMissing)
            w.field("dry_run", wish.isDry)
            w.field("count", found.count)
            w.field("remaining", found.remaining)
            w.field("first_message_at", found.firstAt?.description)
            w.field("last_due_at", found.lastDueAt?.description)
            w.field("complete", found.end == nil && found.remaining == 0)
            w.field("searched_until", (found.end?.at ?? wish.span.upperBound).description)
            w.field("next_cursor", found.end.map { Cursor([$0.event.description]).text })
        }
    }
}
