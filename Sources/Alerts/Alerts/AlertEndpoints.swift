package import Access
package import Events
import Expressions
import HTTPServer
package import JSON
import Kernel

/// `/v1/alerts`: seeing them, why they fired, and saying that somebody looks after them.
package struct AlertEndpoints {
    let alerts: AlertStore
    private let rules: AlertRuleStore
    let ledger: Ledger
    let origin: String

    package init(alerts: AlertStore, rules: AlertRuleStore, ledger: Ledger, origin: String) {
        (self.alerts, self.rules, self.ledger, self.origin) = (alerts, rules, ledger, origin)
    }

    package var operations: [Operation] { reading + writing }

    private var reading: [Operation] {
        [
            Operation(.get, "/v1/alerts", id: "listAlerts", requires: .scoped(.alertsRead), bodyLimit: 0) {
                try await list($0, $1)
            },
            Operation(
                .get, "/v1/alerts/{alert_id}", id: "getAlert", requires: .scoped(.alertsRead),
                errors: [.notFound], bodyLimit: 0
            ) { try await get($0, $1) },
            Operation(
                .get, "/v1/alerts/{alert_id}/explain", id: "explainAlert",
                requires: .scoped(.alertsRead), errors: [.notFound], bodyLimit: 0
            ) { try await explain($0, $1) },
            Operation(
                .get, "/v1/alerts/{alert_id}/comments", id: "listAlertComments",
                requires: .scoped(.alertsRead), errors: [.notFound], bodyLimit: 0
            ) { try await comments($0, $1) },
            Operation(
                .get, "/v1/alerts/{alert_id}/firings", id: "listAlertFirings",
                requires: .scoped(.alertsRead), errors: [.notFound], bodyLimit: 0
            ) { try await firings($0, $1) },
        ]
    }

    private nonisolated(nonsending) func list(_ request: Request, _ context: Context) async throws -> Response
    {
        var parameters = try request.parameters()
        var query = AlertQuery()
        query.limit = parameters.limit()
        query.state = parameters.choice("state", Alert.State.self)
        query.severity = parameters.choice("severity", Severity.self)
        query.rule = parameters.id("rule_id", AlertRuleKind.self)
        query.assignee = parameters.parsed("assigned_to", expected: "the id of a user or a service account") {
            PrincipalID($0)
        }
        query.isTold = parameters.choice("told", Truth.self).map { $0 == .true }
        query.isAcknowledged = parameters.choice("acknowledged", Truth.self).map { $0 == .true }
        (query.from, query.to) = parameters.fromTo()
        query.sort = parameters.choice("sort", AlertQuery.Sort.self) ?? .lastAtDescending
        if let cursor = parameters.cursor() {
            query.after = query.place(of: cursor)
            if query.after == nil {
                parameters.fail("cursor", code: "invalid_cursor", "belongs to another list or order")
            }
        }
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

    private nonisolated(nonsending) func explain(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        let alert = try await found(request, context)
        let version = try await rules.version(alert.rule.version, of: alert.rule.id)
        let deliveries = try await AlertDeliveries.read(alert, at: context.now, from: alerts.database)
        let tellings = try await AlertTellings.read(alert.id, from: alerts.database)
        let actions = try await AlertActions.read(alert.id, for: context, alerts)
        let cause = try await AlertFiring.cause(of: alert, in: alerts.database)
        return Response.object { w in
            w.field("alert_id", alert.id.description)
            w.field("rule", alert.rule.object)
            w.field("when", version?.content.when?.source)
            w.field("event", alert.event)
            w.field(
                "matched",
                version?.content.when?.evaluateExplained(
                    alert.event, after: cause?.crossings ?? CrossingMemory()) ?? [])
            w.field("cause", cause.map { .object($0.shown) } ?? JSONValue.null)
            deliveries.writeFields(to: &w)
            tellings.writeFields(to: &w)
            actions.writeFields(to: &w)
        }
    }

    private nonisolated(nonsending) func firings(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        var parameters = try request.parameters()
        let limit = parameters.limit()
        let before = parameters.cursor { AlertFiring.Place($0) }
        try parameters.finish()
        let alert = try await found(request, context)
        let firings = try await AlertFiring.list(
            of: alert.id, before: before, limit: limit + 1, in: alerts.database)
        let page = firings.prefix(limit)
        let next = firings.count > limit ? page.last.map { Cursor([$0.place.description]).text } : nil
        return Response.object { w in
            w.array("data", page) { w, firing in w.value(firing) }
            w.field("next_cursor", next)
        }
    }

    /// As the caller sees it.
    nonisolated(nonsending) func found(_ request: Request, _ context: Context) async throws -> Alert {
        guard
            let (alert, sight) = try await alerts.find(try id(of: request), .alertsRead, for: context)
        else { throw Problem.notFound("alert") }
        return alert.seen(by: sight)
    }

    func id(of request: Request) throws(Problem) -> AlertID {
        guard let id = AlertID(request.pathParameter("alert_id")) else { throw Problem.notFound("alert") }
        return id
    }

    func answer(_ alert: Alert) -> Response {
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
