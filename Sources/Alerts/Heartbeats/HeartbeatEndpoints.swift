package import Access
package import Events
import HTTPServer
import Identity
import JSON
import Kernel
import Postgres

/// `/v1/heartbeats`, and the addresses at which they are pinged.
package struct HeartbeatEndpoints {
    private static let bodyBytes = 16 * 1_024

    let ledger: Ledger
    let rules: AlertRuleStore
    /// `https://keybell.desk.example`, without a slash.
    let origin: String

    package init(ledger: Ledger, rules: AlertRuleStore, origin: String) {
        (self.ledger, self.rules, self.origin) = (ledger, rules, origin)
    }

    package var operations: [Operation] {
        let (all, one) = ("/v1/heartbeats", "/v1/heartbeats/{heartbeat_id}")
        return [
            Operation(
                .get, all, id: "listHeartbeats", requires: .permission(.rulesRead), bodyLimit: 0, handle: list
            ),
            Operation(
                .post, all, id: "createHeartbeat", requires: .permission(.rulesWrite),
                errors: [.alreadyExists, .alreadyDone, .conflict], bodyLimit: Self.bodyBytes,
                repeats: .refusal, handle: create),
            Operation(
                .get, one, id: "getHeartbeat", requires: .permission(.rulesRead), errors: [.notFound],
                bodyLimit: 0, handle: get),
            Operation(
                .patch, one, id: "updateHeartbeat", requires: .permission(.rulesWrite),
                errors: [.notFound, .alreadyExists], bodyLimit: Self.bodyBytes, handle: update),
            Operation(
                .delete, one, id: "deleteHeartbeat", requires: .permission(.rulesWrite),
                errors: [.notFound, .preconditionFailed, .preconditionRequired], bodyLimit: 0,
                handle: delete),
            Operation(
                .post, one + "/ping-url", id: "renewHeartbeatPingURL", requires: .permission(.rulesWrite),
                errors: [.notFound, .alreadyDone, .preconditionFailed], bodyLimit: 0, repeats: .refusal,
                handle: renew),
            Operation(
                .post, one + "/ping", id: "pingHeartbeat", requires: .permission(.heartbeatsPing),
                errors: [.notFound], bodyLimit: 0, repeats: .nothing, handle: ping),
            Operation(
                .post, "/v1/pings/{secret}", id: "ping", requires: .none, errors: [.notFound], bodyLimit: 0,
                repeats: .nothing, handle: pingBySecret),
        ]
    }

    // MARK: Reading

    private nonisolated(nonsending) func list(_ request: Request, _ context: Context) async throws -> Response
    {
        var parameters = try request.parameters()
        let limit = parameters.limit()
        let after = parameters.cursor { HeartbeatID($0) }
        try parameters.finish()
        let found = try await HeartbeatStore.list(after: after, limit: limit, in: ledger.database)
        let page = found.prefix(limit)
        let next = found.count > limit ? page.last.map { Cursor([$0.id.description]).text } : nil
        return Response.object { w in
            w.array("data", page) { w, heartbeat in heartbeat.write(to: &w, at: context.now) }
            w.field("next_cursor", next)
        }
    }

    private nonisolated(nonsending) func get(_ request: Request, _ context: Context) async throws -> Response
    {
        try request.parameters().finish()
        guard let heartbeat = try await HeartbeatStore.find(try Self.id(request), in: ledger.database) else {
            throw Problem.notFound("heartbeat")
        }
        return answer(heartbeat, context)
    }

    // MARK: Changing

    private nonisolated(nonsending) func create(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        // The installation itself owns none.
        guard let owner = context.actor.principal else { throw Problem.forbidden(missing: .rulesWrite) }
        let draft = try HeartbeatDraft(try await request.fields(limit: Self.bodyBytes))
        let secret = AccessTokenSecret(.heartbeat, ledger.entropy)
        let id: HeartbeatID = ledger.newID()
        let rule = try draft.rule(over: id, ledger.newID(), owner: owner, at: context.now)
        var heartbeat = Heartbeat(
            id: id, owner: owner, name: draft.name, labels: draft.labels, every: draft.every,
            grace: draft.grace, isPaused: false, dueAt: nil, missedAt: nil, lastPingAt: nil, pings: 0,
            hint: secret.hint, rule: rule?.id, createdAt: context.now, updatedAt: context.now, revision: 1)
        heartbeat.wait(from: context.now)
        let made = heartbeat
        let stored = try await ledger.change(context) { change in
            let transaction = change.transaction
            guard try await HeartbeatStore.count(in: transaction) < Heartbeat.atMost else {
                throw Problem(.conflict, "There are \(Heartbeat.atMost) heartbeats already: delete some.")
            }
            try await HeartbeatStore.insert(made, hash: secret.hash, in: transaction)
            change.audit("heartbeats.create", id, detail: made.detail)
            if let rule { try await insert(rule, change) }
            return try await HeartbeatStore.find(id, in: transaction) ?? made
        }
        var response = Response.json(.created) { w in
            stored.write(to: &w, at: context.now, url: url(secret))
        }.etag(stored.revision)
        response.head.add(.location, "/v1/heartbeats/\(id)")
        return response
    }

    /// The rule that was asked for along with it, which runs at once.
    private nonisolated(nonsending) func insert(_ rule: AlertRule, _ change: Change) async throws {
        let unknown = try await AlertDeliveries.unknown(rule.content.sendTo, in: change.transaction)
        if let index = rule.content.sendTo.firstIndex(where: unknown.contains) {
            throw FieldErrors(
                FieldError(
                    pointer: "/alert/send_to/\(index)", code: "unknown", message: "there is no such webhook"))
        }
        try await rules.insert(rule, in: change.transaction)
        try await rules.begin(rule.id, in: change.transaction)
        change.touchesConfiguration = true
        change.audit("rules.create", rule.id, detail: ["name": .string(rule.content.name), "version": 1])
    }

    private nonisolated(nonsending) func update(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        let fields = try await request.fields(limit: Self.bodyBytes)
        return try await change(request, context, "heartbeats.update", requiresMatch: true) { heartbeat, _ in
            let before = heartbeat
            try heartbeat.change(by: fields)
            heartbeat.settle(after: before, at: context.now)
        }
    }

    private nonisolated(nonsending) func renew(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        let secret = AccessTokenSecret(.heartbeat, ledger.entropy)
        return try await change(
            request, context, "heartbeats.renew_ping_url", requiresMatch: false, url: url(secret)
        ) { heartbeat, change in
            heartbeat.hint = secret.hint
            try await HeartbeatStore.set(secret.hash, of: heartbeat.id, in: change.transaction)
        }
    }

    private nonisolated(nonsending) func change(
        _ request: Request, _ context: Context, _ action: String, requiresMatch: Bool, url: String? = nil,
        _ edit: nonisolated(nonsending) (inout Heartbeat, Change) async throws -> Void
    ) async throws -> Response {
        let id = try Self.id(request)
        let changed = try await ledger.change(context) { change in
            guard var heartbeat = try await HeartbeatStore.lock(id, in: change.transaction) else {
                throw Problem.notFound("heartbeat")
            }
            try request.match(revision: heartbeat.revision, required: requiresMatch)
            try await edit(&heartbeat, change)
            heartbeat.revision += 1
            heartbeat.updatedAt = context.now
            try await HeartbeatStore.update(heartbeat, in: change.transaction)
            change.audit(action, id, detail: heartbeat.detail)
            return try await HeartbeatStore.find(id, in: change.transaction) ?? heartbeat
        }
        return answer(changed, context, url: url)
    }

    /// And the rule that was made with it, which has nothing to listen to any more.
    private nonisolated(nonsending) func delete(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        let id = try Self.id(request)
        try await ledger.change(context) { change in
            let transaction = change.transaction
            guard let heartbeat = try await HeartbeatStore.lock(id, in: transaction) else {
                throw Problem.notFound("heartbeat")
            }
            try request.match(revision: heartbeat.revision, required: true)
            try await HeartbeatStore.delete(id, in: transaction)
            change.audit("heartbeats.delete", id, detail: heartbeat.detail)
            guard let rule = heartbeat.rule, let found = try await rules.lock(rule, in: transaction) else {
                return
            }
            try await rules.delete(rule, in: transaction)
            if let weakening = RuleWeakening(found, nil) { change.emit(weakening.event) }
            change.noteRule("rules.delete", found)
        }
        return Response(.noContent)
    }

    // MARK: Pinging

    private nonisolated(nonsending) func ping(_ request: Request, _ context: Context) async throws -> Response
    {
        try request.parameters().finish()
        let id = try Self.id(request)
        return try await ping(context) { try await HeartbeatStore.lock(id, in: $0) }
    }

    /// Whoever knows the address may ping, and learns nothing else.
    private nonisolated(nonsending) func pingBySecret(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        let text = request.pathParameter("secret")
        guard let secret = AccessTokenSecret(.heartbeat, parsing: text.utf8) else {
            throw Problem.notFound("heartbeat")
        }
        return try await ping(context) { try await HeartbeatStore.lock(secret.hash, in: $0) }
    }

    /// No line of the trail: they come all the time, and change nothing but when the next is due.
    private nonisolated(nonsending) func ping(
        _ context: Context, _ find: nonisolated(nonsending) (Transaction) async throws -> Heartbeat?
    ) async throws -> Response {
        let heartbeat = try await ledger.change(context) { change in
            guard var heartbeat = try await find(change.transaction) else {
                throw Problem.notFound("heartbeat")
            }
            if let event = heartbeat.ping(at: context.now) { change.emit(event) }
            try await HeartbeatStore.update(heartbeat, in: change.transaction)
            return heartbeat
        }
        return Response.object { w in
            w.field("state", heartbeat.state(at: context.now).rawValue)
            w.field("due_at", heartbeat.dueAt?.description)
        }.header(.cacheControl, "no-store")
    }

    // MARK: Inside

    private func url(_ secret: AccessTokenSecret) -> String { "\(origin)/v1/pings/\(secret.text)" }

    private static func id(_ request: Request) throws(Problem) -> HeartbeatID {
        guard let id = HeartbeatID(request.pathParameter("heartbeat_id")) else {
            throw Problem.notFound("heartbeat")
        }
        return id
    }

    private func answer(_ heartbeat: Heartbeat, _ context: Context, url: String? = nil) -> Response {
        Response.json { w in heartbeat.write(to: &w, at: context.now, url: url) }.etag(heartbeat.revision)
    }
}
