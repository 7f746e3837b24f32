package import Access
import Channels
package import Events
package import HTTPClient
import HTTPServer
import JSON
import Kernel
import Postgres

/// Webhooks over HTTP.
package struct WebhookEndpoints {
    static let bodyBytes = 64 * 1_024
    let ledger: Ledger
    let outbox: WebhookOutbox
    let keys: WebhookKeys
    private let allowance: Allowance
    private let uses: WebhookUses.Reader
    let wake: () -> Void

    /// - Parameter uses: what names a webhook.
    package init(
        ledger: Ledger, outbox: WebhookOutbox, keys: WebhookKeys, allowance: Allowance,
        uses: @escaping WebhookUses.Reader, wake: @escaping () -> Void
    ) {
        (self.ledger, self.outbox, self.keys, self.uses) = (ledger, outbox, keys, uses)
        (self.allowance, self.wake) = (allowance, wake)
    }

    package var operations: [Operation] {
        let base = "/v1/webhooks"
        let one = "/v1/webhooks/{webhook_id}"
        return [
            Operation(.get, base, id: "listWebhooks", requires: .permission(.webhooksRead), bodyLimit: 0) {
                try await WebhookSearch($0, now: $1.now).page(in: ledger.database)
            },
            Operation(
                .post, base, id: "createWebhook", requires: .permission(.webhooksWrite),
                errors: [.alreadyExists, .alreadyDone], bodyLimit: Self.bodyBytes, repeats: .refusal,
                handle: create),
            Operation(
                .get, one, id: "getWebhook", requires: .permission(.webhooksRead), errors: [.notFound],
                bodyLimit: 0,
                handle: read),
            Operation(
                .patch, one, id: "updateWebhook", requires: .permission(.webhooksWrite),
                errors: [.notFound, .alreadyExists], bodyLimit: Self.bodyBytes, handle: update),
            Operation(
                .delete, one, id: "deleteWebhook", requires: .permission(.webhooksWrite),
                errors: [.notFound, .conflict, .preconditionFailed], bodyLimit: 0, handle: delete),
            Operation(
                .post, "/v1/webhooks/{webhook_id}/test", id: "testWebhook",
                requires: .permission(.webhooksWrite),
                errors: [.notFound, .conflict], bodyLimit: 0, handle: test),
            Operation(
                .post, "/v1/webhooks/{webhook_id}/enable", id: "enableWebhook",
                requires: .permission(.webhooksWrite), errors: [.notFound, .conflict, .preconditionFailed],
                bodyLimit: 0, handle: enable),
            Operation(
                .post, "/v1/webhooks/{webhook_id}/disable", id: "disableWebhook",
                requires: .permission(.webhooksWrite), errors: [.notFound, .preconditionFailed],
                bodyLimit: Self.bodyBytes, handle: disable),
            Operation(
                .post, "/v1/webhooks/{webhook_id}/secrets", id: "rotateWebhookSecret",
                requires: .permission(.webhooksWrite), errors: [.notFound, .conflict, .alreadyDone],
                bodyLimit: Self.bodyBytes, repeats: .refusal, handle: rotate),
        ]
    }

    private nonisolated(nonsending) func read(_ request: Request, _ context: Context) async throws -> Response
    {
        try request.parameters().finish()
        let id = try Self.id(request)
        guard let record = try await WebhookStore.find(id, at: context.now, in: ledger.database) else {
            throw Problem.notFound("webhook")
        }
        return record.response(at: context.now)
    }

    static func id(_ request: Request) throws(Problem) -> WebhookID {
        guard let id = WebhookID(request.pathParameter("webhook_id")) else { throw .notFound("webhook") }
        return id
    }
}

extension WebhookRecord {
    func response(_ status: HTTPStatus = .ok, at now: Timestamp, secret: String? = nil) -> Response {
        Response.object(status) { w in writeFields(to: &w, at: now, secret: secret) }.etag(webhook.revision)
    }
}

// MARK: Making and changing

extension WebhookEndpoints {
    private enum Format: String, CaseIterable { case standard }

    private nonisolated(nonsending) func create(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.parameters().finish()
        var fields = try await request.fields(limit: Self.bodyBytes)
        let name = fields.webhookName("name")
        let kind = fields.choice("kind", ChannelKind.self, default: .standard)
        let url = fields.webhookAddress(kind, allowance)
        let channel = fields.channel(kind, isNew: true)
        let eventTypes = fields.eventPatterns("event_types") ?? [EventPattern.alerts.text]
        _ = fields.choice("format", Format.self, default: .standard)
        fields.refuseTerms(of: kind)
        let draft = TermsDraft(&fields, patterns: eventTypes)
        try fields.finish()
        guard let owner = context.actor.principal else {
            throw Problem(.forbidden, "A webhook needs an owner.")
        }
        let id = ledger.newID(WebhookKind.self)
        let signing = try keys.makeSigningKey(id)
        let secretID = ledger.newID(WebhookSecretKind.self)
        let secret = try keys.makeSecret(secretID, entropy: ledger.entropy)
        var webhook = Webhook(
            id: id, name: name, url: ChannelChange.shown(url ?? "", of: kind), eventTypes: eventTypes,
            owner: owner, status: .active,
            statusReason: nil, downSince: nil, publicKey: signing.publicKey, createdAt: context.now,
            updatedAt: context.now, revision: 1)
        draft.apply(to: &webhook.terms)
        let privates = try privates(of: draft, at: context.now)
        let made = webhook
        let record = try await ledger.change(context) { change in
            try await WebhookStore.insert(made, signingKey: signing.sealed, in: change.transaction)
            try await WebhookStore.insertSecret(
                secretID, of: id, sealed: secret.sealed, at: context.now, in: change.transaction)
            try await privates.store(for: id, in: change.transaction)
            try await ChannelChange(keys: keys)
                .make(kind, channel, url: url ?? "", of: id, in: change.transaction)
            change.audit("webhooks.create", id, detail: made.detail)
            change.touchesConfiguration = true
            return try await found(id, change)
        }
        return record.response(.created, at: context.now, secret: secret.text).header(
            .location, "/v1/webhooks/\(id)")
    }

    private nonisolated(nonsending) func update(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.parameters().finish()
        let id = try Self.id(request)
        let kind = try await ChannelStore.kind(of: id, in: ledger.database)
        let stored = try await WebhookStore.find(id, at: context.now, in: ledger.database)?.webhook
        var fields = try await request.fields(limit: Self.bodyBytes)
        let name = fields.webhookName(optional: "name")
        let url = fields.webhookURL(optional: "url", of: kind, allowance)
        let channel = fields.channel(kind, isNew: false)
        let eventTypes = fields.eventPatterns("event_types")
        fields.refuseTerms(of: kind)
        let draft = TermsDraft(
            &fields, patterns: eventTypes ?? stored?.eventTypes ?? [],
            stored: stored?.terms ?? DeliveryTerms())
        let isEmpty = name == nil && url == nil && eventTypes == nil && channel == nil && draft.isEmpty
        if isEmpty, !fields.hasMistakes {
            fields.fail(code: FieldCode.tooFew, "must change something")
        }
        try fields.finish()
        let privates = try privates(of: draft, at: context.now)
        let record = try await ledger.change(context) { change in
            let before = try await locked(id, change)
            var webhook = before.webhook
            try request.match(revision: webhook.revision, required: true)
            let redirection = Redirection(before, url: url, channel: channel)
            try await redirection?.check(draft, outbox, change)
            try await ChannelChange(keys: keys).change(channel, url: url, of: webhook, in: change.transaction)
            if let name { webhook.name = name }
            if let url { webhook.url = ChannelChange.shown(url, of: kind) }
            if let eventTypes { webhook.eventTypes = eventTypes }
            try Self.change(&webhook, by: draft)
            webhook.updatedAt = context.now
            try await WebhookStore.update(webhook, in: change.transaction)
            try await privates.store(for: id, in: change.transaction)
            if redirection != nil || !draft.isEmpty {
                try await WebhookStanding.forgetFailures(
                    of: id, change, overrules: redirection != nil)
                change.afterCommit(wake)
            }
            change.audit("webhooks.change", id, detail: webhook.detail)
            let narrowing = WebhookNarrowing(before.webhook, webhook, elsewhereBy: redirection?.field)
            if let narrowing { change.emit(narrowing.event(of: webhook)) }
            change.touchesConfiguration = true
            return try await found(id, change)
        }
        return record.response(at: context.now)
    }

    private nonisolated(nonsending) func delete(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.parameters().finish()
        let id = try Self.id(request)
        try await ledger.change(context) { change in
            // Whoever names it waits, and finds none then.
            try await WebhookStore.hold(id, in: change.transaction)
            let webhook = try await locked(id, change).webhook
            try request.match(revision: webhook.revision, required: false)
            try await uses(id, context, change.transaction).refuseAny()
            try await WebhookStore.delete(id, in: change.transaction)
            try await DeliveryQueue.abandon(id, .webhookDeleted, at: context.now, in: change.transaction)
            change.audit("webhooks.delete", id, detail: webhook.detail)
            change.emit(webhook.event(.endpointDeleted, [:]))
            change.touchesConfiguration = true
        }
        return Response(.noContent)
    }

    /// What is sealed is made before the transaction, so that a sealed node says so at once.
    private func privates(of draft: TermsDraft, at now: Timestamp) throws -> NewPrivates {
        var new = NewPrivates()
        if let headers = draft.headers {
            new.values[.headers] = .some(try keys.seal(headers, entropy: ledger.entropy, at: now))
        }
        if let certificate = draft.certificate {
            new.values[.clientKey] = .some(
                try certificate.map { try keys.seal($0.key, entropy: ledger.entropy, at: now) })
        }
        return new
    }

    private static func change(_ webhook: inout Webhook, by draft: TermsDraft) throws(Problem) {
        draft.apply(to: &webhook.terms)
        guard webhook.terms.isOrdered, webhook.terms.isBatched else { return }
        throw Problem(
            .validationFailed, "The body does not fit.",
            errors: [
                FieldError(
                    pointer: "/batch", code: "not_with_ordered",
                    message: "cannot be had together with ordered")
            ])
    }

    nonisolated(nonsending) func locked(_ id: WebhookID, _ change: Change) async throws
        -> WebhookRecord
    {
        guard let record = try await WebhookStore.lock(id, at: change.context.now, in: change.transaction)
        else {
            throw Problem.notFound("webhook")
        }
        return record
    }

    nonisolated(nonsending) func found(_ id: WebhookID, _ change: Change) async throws
        -> WebhookRecord
    {
        guard let record = try await WebhookStore.find(id, at: change.context.now, in: change.transaction)
        else {
            throw Problem.notFound("webhook")
        }
        return record
    }
}

extension Webhook {
    /// What the audit trail keeps: nothing secret. The address's path may be a capability, so only its host.
    fileprivate var detail: JSONValue {
        [
            "name": .string(name), "host": .string(host),
            "event_types": .array(eventTypes.map { .string($0) }),
            "header_names": .array(terms.headerNames.map { .string($0) }),
            "has_client_certificate": .bool(terms.certificate != nil),
            "has_authority": .bool(terms.authority != nil),
        ]
    }
}
