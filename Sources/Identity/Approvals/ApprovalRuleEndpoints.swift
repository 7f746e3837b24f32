package import Access
import Events
import HTTPServer
import JSON
import Kernel
import Postgres

/// `/v1/approval-rules`. Changing or deleting one needs what it asks for itself: `ApprovalRule.catches`.
package struct ApprovalRuleEndpoints {
    private static let bodyBytes = 64 * 1_024

    private let ledger: Ledger
    private let book: ApprovalBook

    package init(book: ApprovalBook) { (ledger, self.book) = (book.ledger, book) }

    package var operations: [Operation] {
        let (read, write) = (
            Requirement.permission(.approvalsRead), Requirement.permission(.approvalsRules)
        )
        let one = "/v1/approval-rules/{approval_rule_id}"
        return [
            Endpoint(
                .get, "/v1/approval-rules", id: "listApprovalRules", requires: read, bodyLimit: 0,
                handle: list),
            Endpoint(
                .post, "/v1/approval-rules", id: "createApprovalRule", requires: write,
                errors: [.alreadyExists, .conflict], bodyLimit: Self.bodyBytes, stepUp: .recently,
                handle: create),
            Endpoint(
                .get, one, id: "getApprovalRule", requires: read, errors: [.notFound], bodyLimit: 0,
                handle: get),
            Endpoint(
                .put, one, id: "updateApprovalRule", requires: write,
                errors: [
                    .notFound, .alreadyExists, .conflict, .preconditionFailed, .preconditionRequired,
                ], bodyLimit: Self.bodyBytes, stepUp: .recently, handle: update),
            Endpoint(
                .delete, one, id: "deleteApprovalRule", requires: write,
                errors: [.notFound, .preconditionFailed, .preconditionRequired], bodyLimit: 0,
                stepUp: .recently, handle: delete),
        ]
    }

    private nonisolated(nonsending) func list(_ request: Request, _ context: Context) async throws -> Response
    {
        var parameters = try request.parameters()
        let page = PageRequest(&parameters, default: ApprovalRuleSort.newest)
        try parameters.finish()
        let rows = try await ledger.database.query(ApprovalRuleStore.list, parameters: page.parameters)
        return page.response(rows.compactMap(ApprovalRule.init)) { rule in
            (.time(rule.createdAt), rule.id.uuid)
        } write: { w, rule in
            rule.write(to: &w)
        }
    }

    private nonisolated(nonsending) func get(_ request: Request, _ context: Context) async throws -> Response
    {
        try request.refuseParameters()
        return Self.answer(try await ApprovalRuleStore.find(try Self.id(request), in: ledger.database))
    }

    private nonisolated(nonsending) func create(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.refuseParameters()
        let content = try ApprovalRule.Content(
            try await request.fields(limit: Self.bodyBytes), known: book.actions)
        let actor = context.actor.principal?.description ?? ""
        let rule = ApprovalRule(
            id: ledger.newID(), content: content, createdAt: context.now, createdBy: actor,
            updatedAt: context.now, updatedBy: actor, revision: 1)
        let stored = try await ledger.change(context) { change in
            var rule = rule
            rule.content = try await checked(content, change)
            try await ApprovalRuleStore.insert(rule, in: change.transaction)
            change.note(rule, "created")
            return try await ApprovalRuleStore.find(rule.id, in: change.transaction)
        }
        return Self.answer(stored, .created).header(.location, "/v1/approval-rules/\(rule.id)")
    }

    private nonisolated(nonsending) func update(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.refuseParameters()
        let id = try Self.id(request)
        try request.requireMatch()
        let content = try ApprovalRule.Content(
            try await request.fields(limit: Self.bodyBytes), known: book.actions)
        let stored = try await ledger.change(context) { change in
            var rule = try await ApprovalRuleStore.lock(id, in: change.transaction)
            try request.match(revision: rule.revision, required: true)
            let content = try await checked(content, change)
            guard rule.content != content else { return rule }
            (rule.content, rule.updatedAt) = (content, context.now)
            rule.updatedBy = context.actor.principal?.description ?? ""
            try await ApprovalRuleStore.update(rule, in: change.transaction)
            change.note(rule, "changed")
            return try await ApprovalRuleStore.find(id, in: change.transaction)
        }
        return Self.answer(stored)
    }

    private nonisolated(nonsending) func delete(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.refuseParameters()
        let id = try Self.id(request)
        try await ledger.change(context) { change in
            let rule = try await ApprovalRuleStore.lock(id, in: change.transaction)
            try request.match(revision: rule.revision, required: true)
            try await ApprovalRuleStore.delete(id, in: change.transaction)
            change.note(rule, "deleted")
        }
        return Response(.noContent)
    }

    private static let holders = Statement(
        "approval_rule_holders",
        """
        select count(*) from principal p where p.kind = 'user' and p.status = 'active'
            and holds_role(p.id, $1, $2)
        """)

    /// As it is to be stored: of things that are there, and of a role that may decide.
    private nonisolated(nonsending) func checked(
        _ content: ApprovalRule.Content, _ change: Change
    ) async throws -> ApprovalRule.Content {
        guard let resolved = try await ScopeTargets.resolve(content.scope, in: change.transaction) else {
            throw Problem.wrongField("on", "names no key or account")
        }
        guard let role = try await RoleStore.find(content.role, in: change.transaction) else {
            throw Problem.wrongField("role", "names no role")
        }
        guard role.permissions.contains(.approvalsDecide) else {
            throw Problem.wrongField("role", "must hold approvals:decide")
        }
        try await checkSatisfiable(content, change)
        var content = content
        content.scope = resolved.scope
        return content
    }

    /// A rule that nobody could satisfy would lock everybody out, of itself too.
    private nonisolated(nonsending) func checkSatisfiable(
        _ content: ApprovalRule.Content, _ change: Change
    ) async throws {
        let rows = try await change.transaction.query(
            Self.holders, .text(content.role), .timestamp(change.context.now))
        let count = rows.first?.int(0) ?? 0
        let solo = try await SoloMode.read(in: change.transaction)
        guard count >= content.approvals || solo.isOn && count > 0 else {
            throw Problem(
                .conflict,
                "Only \(count) active people hold the role \(content.role) on everything: "
                    + "\(content.approvals) approvals could never be had.")
        }
    }

    private static func answer(_ rule: ApprovalRule, _ status: HTTPStatus = .ok) -> Response {
        Response.json(status) { w in w.value(rule) }.etag(rule.revision)
    }

    private static func id(_ request: Request) throws(Problem) -> ApprovalRuleID {
        try request.id("approval_rule_id", "approval rule") { ApprovalRuleID($0) }
    }
}

extension Change {
    /// Requests that were let in before are asked again.
    fileprivate func note(_ rule: ApprovalRule, _ what: String) {
        touch(.approvals)
        let actions = JSONValue.array(rule.content.actions.map { .string($0.rawValue) })
        audit(
            "approval_rules.\(what)", rule.id,
            detail: [
                "name": .string(rule.content.name), "actions": actions, "on": rule.content.scope.json,
                "role": .string(rule.content.role),
                "approvals": .number(JSONNumber(Int64(rule.content.approvals))),
            ])
        emit(
            NewEvent(
                .approvalRuleChanged, subject: rule.id,
                [
                    "approval_rule_id": .string(rule.id.description), "name": .string(rule.content.name),
                    "actions": actions, "change": .string(what),
                ]))
    }
}
