import Access
import Events
import HTTPServer
import JSON
import Kernel
import Postgres

/// What is done with a webhook as it is.
extension WebhookEndpoints {
    /// How long an old secret signs along, unless the caller says.
    private static let overlap = Period.hours(24)
    private static let overlapLimit = Period.days(30)

    nonisolated(nonsending) func test(_ request: Request, _ context: Context) async throws -> Response {
        try request.parameters().finish()
        let id = try Self.id(request)
        let delivery = try await ledger.change(context) { change in
            let webhook = try await locked(id, change).webhook
            guard webhook.status.takesMessages else {
                throw Problem(.conflict, "The webhook is \(webhook.status.rawValue).")
            }
            var data = JSONObject()
            _ = data.append("webhook_id", .string(id.description))
            _ = data.append("name", .string(webhook.name))
            let message = Message(
                type: "webhook.test", timestamp: context.now, data: data, event: nil, permissions: [])
            let queued = try await outbox.enqueue(message, forOnly: id, in: change.transaction)
            guard let queued else { throw Problem.notFound("webhook") }
            change.audit("webhooks.test", id)
            change.afterCommit(queued.effect)
            return try await DeliveryStore.find(
                queued.delivery.id, DeliverySight(context, nil, .none), in: change.transaction)
        }
        guard let delivery else { throw Problem.notFound("delivery") }
        return Response.json(.accepted) { w in delivery.write(to: &w) }
            .header(.location, "/v1/deliveries/\(delivery.id)")
    }

    nonisolated(nonsending) func enable(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.parameters().finish()
        let id = try Self.id(request)
        let record = try await ledger.change(context) { change in
            let before = try await locked(id, change)
            var webhook = before.webhook
            try request.match(revision: webhook.revision, required: false)
            change.audit("webhooks.enable", id)
            if webhook.status == .active {
                if before.isLeftAlone(at: context.now) { return try await tryNow(webhook, change) }
                // Its receiver was mended: what failed before need not wait for its time.
                try await DeliveryQueue.hasten(id, overrules: true, at: context.now, in: change.transaction)
                change.afterCommit(wake)
                return before
            }
            guard webhook.status != .suspended else {
                throw Problem(.conflict, "Its owner is disabled; enabling the owner enables it.")
            }
            let event = try await WebhookStanding.reactivate(&webhook, change, overrules: true)
            try await WebhookStore.update(webhook, in: change.transaction)
            _ = change.emit(event)
            change.touchesConfiguration = true
            change.afterCommit(wake)
            return try await found(id, change)
        }
        return record.response(at: context.now)
    }

    /// Whatever its receiver asked for: somebody knows better.
    private nonisolated(nonsending) func tryNow(
        _ webhook: Webhook, _ change: Change
    ) async throws -> WebhookRecord {
        try await WebhookStanding.forgetFailures(of: webhook.id, change, overrules: true)
        try await WebhookStore.update(webhook, in: change.transaction)
        change.touchesConfiguration = true
        change.afterCommit(wake)
        return try await found(webhook.id, change)
    }

    nonisolated(nonsending) func disable(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.parameters().finish()
        let id = try Self.id(request)
        let reason = try await Self.reason(request)
        let record = try await ledger.change(context) { change in
            let before = try await locked(id, change)
            var webhook = before.webhook
            try request.match(revision: webhook.revision, required: false)
            change.audit("webhooks.disable", id, detail: ["reason": reason.map { .string($0) } ?? .null])
            if webhook.status == .disabled { return before }
            webhook.become(.disabled, reason: reason, at: context.now)
            try await WebhookStore.update(webhook, in: change.transaction)
            let why = Webhook.DisableReason.byHand.rawValue
            _ = change.emit(webhook.event(.endpointDisabled, ["reason": .string(why)]))
            change.touchesConfiguration = true
            return try await found(id, change)
        }
        return record.response(at: context.now)
    }

    private nonisolated(nonsending) static func reason(_ request: Request) async throws -> String? {
        if request.body.isEmpty { return nil }
        var fields = try await request.fields(limit: bodyBytes)
        let reason = fields.string("reason", 1...1_000)
        let isClean = reason.unicodeScalars.allSatisfy {
            $0.value >= 0x20 && $0.value != 0x7F || $0 == "\n" || $0 == "\t"
        }
        if !isClean { fields.fail("reason", code: FieldCode.malformed, "must not hold control characters") }
        try fields.finish()
        return reason
    }

    /// Signs with the new and the old one until the overlap ends. Without an overlap the new one alone signs,
    /// whichever did before: so ends what is known to somebody else.
    nonisolated(nonsending) func rotate(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.parameters().finish()
        let id = try Self.id(request)
        let overlap = try await Self.overlap(request)
        let until = context.now + overlap
        let endsAll = overlap.microseconds == 0
        let secretID = ledger.newID(WebhookSecretKind.self)
        let secret = try keys.makeSecret(secretID, entropy: ledger.entropy)
        try await ledger.change(context) { change in
            let record = try await locked(id, change)
            guard endsAll || !record.secrets.contains(where: { $0.expiresAt != nil }) else {
                throw Problem(
                    .conflict,
                    "The previous secret still signs; wait until it has expired, or end both by overlap 0s.")
            }
            let transaction = change.transaction
            if endsAll {
                try await WebhookStore.dropSecrets(of: id, in: transaction)
            } else {
                try await WebhookStore.retireSecret(of: id, until: until, at: context.now, in: transaction)
            }
            try await WebhookStore.insertSecret(
                secretID, of: id, sealed: secret.sealed, at: context.now, in: transaction)
            var webhook = record.webhook
            webhook.updatedAt = context.now
            try await WebhookStore.update(webhook, in: transaction)
            change.audit(
                "webhooks.rotate_secret", id,
                detail: [
                    "secret_id": .string(secretID.description), "overlap": .string(overlap.description),
                ])
            change.touchesConfiguration = true
        }
        return Response.object(.created) { w in
            w.field("id", secretID.description)
            w.field("webhook_id", id.description)
            w.field("secret", secret.text)
            w.field("shown_once", true)
            w.field("created_at", context.now.description)
            w.field("previous_expires_at", until.description)
        }
    }

    private nonisolated(nonsending) static func overlap(_ request: Request) async throws -> Period {
        if request.body.isEmpty { return overlap }
        var fields = try await request.fields(limit: bodyBytes)
        let period = fields.parsed(optional: "overlap", expected: "a period such as 24h, at most 30d") {
            text in
            Period(text).flatMap { $0 <= overlapLimit ? $0 : nil }
        }
        try fields.finish()
        return period ?? overlap
    }
}
