package import Access
package import Events
import HTTPServer
package import JSON
import Kernel

/// `/v1/alerts`: seeing them, why they fired, and saying that somebody looks after them.
package struct AlertEndpoints {
    private let alerts: AlertStore
    private let rules: AlertRuleStore
    private let ledger: Ledger
    private let origin: String

    package init(alerts: AlertStore, rules: AlertRuleStore, ledger: Ledger, origin: String) {
        (self.alerts, self.rules, self.ledger, self.origin) = (alerts, rules, ledger, origin)
    }

    package var operations: [Operation] {
        [
            Operation(.get, "/v1/alerts", id: "listAlerts", requires: .scoped(.alertsRead), bodyLimit: 0) {
                try await list($0, $1)
            },
            Operation(
                .get, "/v1/alerts/{alert_id}", id: "getAlert", requires: .scoped(.alertsRead),
                errors: [.notFound], bodyLimit: 0
            ) { try await get($0, $1) },
            Operation(
                .post, "/v1/alerts/{alert_id}/acknowledge", id: "acknowledgeAlert",
                requires: .scoped(.alertsWrite), errors: [.notFound, .conflict, .preconditionFailed]
            ) { try await acknowledge($0, $1) },
            Operation(
                .post, "/v1/alerts/{alert_id}/resolve", id: "resolveAlert",
                requires: .scoped(.alertsWrite), errors: [.notFound, .preconditionFailed]
            ) { try await resolve($0, $1) },
            Operation(
                .get, "/v1/alerts/{alert_id}/explain", id: "explainAlert",
                requires: .scoped(.alertsRead), errors: [.notFound], bodyLimit: 0
            ) { try await explain($0, $1) },
        ]
    }

    private nonisolated(nonsending) func list(_ request: Request, _ context: Context) async throws -> Response
    {
        var parameters = try request.parameters()
        var query = AlertQuery()
        query.limit = parameters.limit()
        query.after = parameters.cursor()
        query.state = parameters.choice("state", Alert.State.self)
        query.severity = parameters.choice("severity", Severity.self)
        query.rule = parameters.id("rule_id", AlertRuleKind.self)
        query.isAcknowledged = parameters.choice("acknowledged", Truth.self).map { $0 == .true }
        query.from = parameters.time("from")
        query.to = parameters.time("to")
        query.sort = parameters.choice("sort", AlertQuery.Sort.self) ?? .lastAtDescending
        try parameters.finish()
        let sight = try await AlertSight(listing: context, of: alerts.things, in: alerts.database)
        let found = try await alerts.list(query, for: sight)
        let page = found.prefix(query.limit)
        let next = found.count > query.limit ? page.last.map { query.cursor(behind: $0).text } : nil
        return Response.object { w in
            w.array("data", page) { w, alert in alert.seen(by: sight).write(to: &w, origin: origin) }
            w.field("next_cursor", next)
        }
    }

    private nonisolated(nonsending) func get(_ request: Request, _ context: Context) async throws -> Response
    {
        try request.parameters().finish()
        return answer(try await found(request, context))
    }

    private nonisolated(nonsending) func acknowledge(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try await change(request, context, "alerts.acknowledge") { alert, note, _ in
            if alert.state == .resolved { throw Problem(.conflict, "The alert is resolved.") }
            guard alert.acknowledged == nil else { return false }
            alert.acknowledged = note
            return true
        }
    }

    private nonisolated(nonsending) func resolve(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try await change(request, context, "alerts.resolve") { alert, note, change in
            guard alert.state == .firing else { return false }
            alert.state = .resolved
            alert.resolved = note
            change.emit(alert.resolution(note, origin: origin))
            return true
        }
    }

    /// Changes an alert that the caller sees; `edit` says whether anything changed.
    private nonisolated(nonsending) func change(
        _ request: Request, _ context: Context, _ action: String,
        _ edit: (inout Alert, Alert.Mark, Change) throws -> Bool
    ) async throws -> Response {
        try request.parameters().finish()
        let id = try id(of: request)
        let note = try await request.note()
        let mark = Alert.Mark(at: context.now, by: context.actor.principal?.description, note: note)
        let seen = try await ledger.change(context) { change in
            guard
                let (found, sight) = try await alerts.lock(
                    id, .alertsWrite, for: context, in: change.transaction)
            else { throw Problem.notFound("alert") }
            var alert = found
            try request.match(revision: alert.revision, required: false)
            change.audit(action, id, detail: ["note": note.map { .string($0) } ?? .null])
            guard try edit(&alert, mark, change) else { return alert.seen(by: sight) }
            alert.revision += 1
            try await alerts.mark(alert, in: change.transaction)
            return alert.seen(by: sight)
        }
        return answer(seen)
    }

    private nonisolated(nonsending) func explain(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        let alert = try await found(request, context)
        let version = try await rules.version(alert.rule.version, of: alert.rule.id)
        let deliveries = try await AlertDeliveries.read(alert, at: context.now, from: alerts.database)
        let actions = try await AlertActions.read(alert.id, for: context, alerts)
        return Response.object { w in
            w.field("alert_id", alert.id.description)
            w.field("rule", alert.rule.object)
            w.field("when", version?.content.when?.source)
            w.field("event", alert.event)
            w.field("matched", version?.content.when?.evaluateExplained(alert.event) ?? [])
            deliveries.writeFields(to: &w)
            actions.writeFields(to: &w)
        }
    }

    /// As the caller sees it.
    private nonisolated(nonsending) func found(_ request: Request, _ context: Context) async throws -> Alert {
        guard
            let (alert, sight) = try await alerts.find(try id(of: request), .alertsRead, for: context)
        else { throw Problem.notFound("alert") }
        return alert.seen(by: sight)
    }

    private func id(of request: Request) throws(Problem) -> AlertID {
        guard let id = AlertID(request.pathParameter("alert_id")) else { throw Problem.notFound("alert") }
        return id
    }

    private func answer(_ alert: Alert) -> Response {
        Response.json { w in alert.write(to: &w, origin: origin) }.etag(alert.revision)
    }
}

private enum Truth: String, CaseIterable { case `true`, `false` }

extension Condition.ExpressionValue: JSONWritable {
    package func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("expression", expression)
            w.field("value", value)
            if let error { w.field("error", error) }
        }
    }
}

extension Request {
    /// The optional body `{"note": …}`.
    fileprivate nonisolated(nonsending) func note() async throws -> String? {
        if body.isEmpty { return nil }
        var fields = try await fields(limit: 16 * 1_024)
        let note = fields.prose(optional: "note")
        try fields.finish()
        return note
    }
}
