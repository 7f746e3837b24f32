package import Access
package import Events
import HTTPServer
import JSON
import Kernel
import Postgres

/// `/v1/alert-rules`.
package struct AlertRuleEndpoints {
    /// Fifty test cases of eighty fields fit.
    static let bodyBytes = 256 * 1_024

    let rules: AlertRuleStore
    let ledger: Ledger
    let things: TargetSource
    /// What owners may do, where rules are tried on history.
    let reader: RightsReader
    let owners: OwnerRights
    /// For trying what they do to keys.
    let hands: RuleHands
    let backtests: StreamLimit
    /// What somebody whose backtest runs may see by now.
    let recheck: EventEndpoints.Recheck
    /// What candles would have told; nil: there are none here.
    let past: PastEventSource?

    package init(
        rules: AlertRuleStore, ledger: Ledger, things: TargetSource = .none, rights: RightsReader,
        hands: RuleHands = .none, past: PastEventSource? = nil, backtests: StreamLimit = StreamLimit(),
        recheck: @escaping EventEndpoints.Recheck = { EventLeave($0.rights) }
    ) {
        (self.rules, self.ledger, self.things) = (rules, ledger, things)
        (reader, self.hands) = (rights, hands)
        owners = OwnerRights(database: rules.database, reader: rights)
        (self.backtests, self.recheck, self.past) = (backtests, recheck, past)
    }

    package var operations: [Operation] { reading + writing }

    private var reading: [Operation] {
        let path = "/v1/alert-rules/{rule_id}"
        return [
            Operation(
                .get, "/v1/alert-rules", id: "listAlertRules", requires: .permission(.rulesRead), bodyLimit: 0
            ) { try await list($0, $1) },
            Operation(
                .get, path, id: "getAlertRule", requires: .permission(.rulesRead), errors: [.notFound],
                bodyLimit: 0
            ) { request, _ in try await get(request) },
            Operation(
                .get, path + "/history", id: "listAlertRuleVersions", requires: .permission(.rulesRead),
                errors: [.notFound], bodyLimit: 0
            ) { request, _ in try await history(request) },
            Operation(
                .post, path + "/test", id: "testAlertRule", requires: .permission(.rulesRead),
                errors: [.notFound], bodyLimit: Self.trialBytes
            ) { try await test($0, $1) },
            Operation(
                .post, path + "/actions/dry-run", id: "dryRunAlertRuleActions",
                requires: .permission(.rulesRead), errors: [.notFound], bodyLimit: Self.trialBytes
            ) { try await dryRunActions($0, $1) },
            Operation(
                .post, path + "/backtest", id: "backtestAlertRule", requires: .permission(.rulesRead),
                errors: [.notFound, .tooManyStreams]
            ) { try await backtest($0, $1) },
        ]
    }

    private var writing: [Operation] {
        let path = "/v1/alert-rules/{rule_id}"
        return [
            Operation(
                .post, "/v1/alert-rules", id: "createAlertRule", requires: .permission(.rulesWrite),
                errors: [.alreadyExists], bodyLimit: Self.bodyBytes
            ) { try await create($0, $1) },
            Operation(
                .patch, path, id: "updateAlertRule", requires: .permission(.rulesWrite),
                errors: [.notFound, .conflict, .alreadyExists, .testsFailed],
                bodyLimit: Self.bodyBytes
            ) { try await update($0, $1) },
            Operation(
                .post, path + "/restore", id: "restoreAlertRuleVersion", requires: .permission(.rulesWrite),
                errors: [
                    .notFound, .conflict, .alreadyExists, .testsFailed, .preconditionFailed,
                    .preconditionRequired,
                ]
            ) { try await restore($0, $1) },
            Operation(
                .delete, path, id: "deleteAlertRule", requires: .permission(.rulesWrite),
                errors: [.notFound, .preconditionFailed, .preconditionRequired], bodyLimit: 0
            ) { try await delete($0, $1) },
            Operation(
                .post, path + "/enable", id: "enableAlertRule", requires: .permission(.rulesWrite),
                errors: [.notFound, .conflict, .testsFailed, .preconditionFailed], bodyLimit: 0
            ) { try await enable($0, $1) },
            Operation(
                .post, path + "/disable", id: "disableAlertRule", requires: .permission(.rulesWrite),
                errors: [.notFound, .preconditionFailed]
            ) { try await disable($0, $1) },
        ]
    }

    // MARK: Reading

    private nonisolated(nonsending) func list(_ request: Request, _ context: Context) async throws -> Response
    {
        var parameters = try request.parameters()
        var query = AlertRuleQuery()
        query.limit = parameters.limit()
        query.text = parameters.text("q", 1...100)
        query.status = parameters.choice("status", AlertRule.Status.self)
        query.severity = parameters.choice("severity", Severity.self)
        query.eventType = parameters.parsed("event_type", expected: "an event type") { EventType($0) }
        query.owner = parameters.parsed("owner_id", expected: "the id of a user or a service account") {
            PrincipalID($0)
        }
        query.sort = parameters.choice("sort", AlertRuleQuery.Sort.self) ?? .createdAtDescending
        if let cursor = parameters.cursor() {
            query.after = query.place(of: cursor)
            if query.after == nil {
                parameters.fail("cursor", code: "invalid_cursor", "belongs to another list or order")
            }
        }
        try parameters.finish()
        let found = try await rules.list(query)
        let page = found.prefix(query.limit)
        let next = found.count > query.limit ? page.last.map { query.cursor(behind: $0).text } : nil
        let sights = try await sights(of: Array(page), in: rules.database)
        return Response.object { w in
            w.array("data", zip(page, sights)) { w, item in item.0.write(to: &w, item.1) }
            w.field("next_cursor", next)
        }
    }

    private nonisolated(nonsending) func get(_ request: Request) async throws -> Response {
        try request.parameters().finish()
        return try await answer(try await found(request))
    }

    private nonisolated(nonsending) func history(_ request: Request) async throws -> Response {
        var parameters = try request.parameters()
        let limit = parameters.limit()
        let below = parameters.cursor { Int($0) }
        try parameters.finish()
        let rule = try await found(request)
        let versions = try await rules.versions(of: rule.id, below: below, limit: limit + 1)
        let page = versions.prefix(limit)
        let next = versions.count > limit ? page.last.map { Cursor([String($0.version)]).text } : nil
        return Response.object { w in
            w.array("data", page.enumerated()) { w, item in
                let before = item.offset + 1 < versions.count ? versions[item.offset + 1].content : nil
                let diff = before.map { RuleDiff(from: $0, to: item.element.content) }
                item.element.write(to: &w, diff)
            }
            w.field("next_cursor", next)
        }
    }

    // MARK: Inside

    nonisolated(nonsending) func found(_ request: Request) async throws -> AlertRule {
        guard let rule = try await rules.find(try id(of: request)) else {
            throw Problem.notFound("alert rule")
        }
        return rule
    }

    func id(of request: Request) throws(Problem) -> AlertRuleID {
        guard let id = AlertRuleID(request.pathParameter("rule_id")) else {
            throw Problem.notFound("alert rule")
        }
        return id
    }
}
