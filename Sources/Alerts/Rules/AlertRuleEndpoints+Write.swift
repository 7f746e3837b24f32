import Access
import Events
import HTTPServer
import JSON
import Kernel
import Postgres

extension AlertRuleEndpoints {
    func create(_ request: Request, _ context: Context) async throws -> Response {
        try request.parameters().finish()
        // The installation itself owns no rules.
        guard let owner = context.actor.principal else { throw Problem.forbidden(missing: .rulesWrite) }
        let draft = try RuleDraft(
            new: try await request.fields(limit: Self.bodyBytes), at: context.now)
        let rule = AlertRule(
            id: ledger.newID(), owner: owner, status: .disabled, statusReason: nil, version: 1, revision: 1,
            createdAt: context.now, updatedAt: context.now, content: draft.content, tests: draft.tests,
            lastFiredAt: nil)
        try await sights(of: [rule], in: rules.database).first?.refuseBlind()
        let stored = try await ledger.change(context) { change in
            try await refuseUnknown(draft.content.sendTo, in: change.transaction)
            try await ActionHolders.check(draft.content.actions, for: context, things, in: change.transaction)
            try await rules.insert(rule, in: change.transaction)
            change.noteRule("rules.create", rule)
            return try await rules.find(rule.id, in: change.transaction) ?? rule
        }
        var response = try await answer(stored)
        response.head.status = .created
        response.head.add(.location, "/v1/alert-rules/\(stored.id)")
        return response
    }

    func update(_ request: Request, _ context: Context) async throws -> Response {
        try request.parameters().finish()
        let id = try id(of: request)
        let fields = try await request.fields(limit: Self.bodyBytes)
        return try await change(id, request, context, "rules.update", requiresMatch: true) { rule, change in
            try rule.refuseOfPack()
            let draft = try RuleDraft(changing: rule, by: fields, at: context.now)
            let isSame = draft.content == rule.content && draft.tests == rule.tests
            if isSame { return false }
            if draft.content.sendTo != rule.content.sendTo {
                try await refuseUnknown(draft.content.sendTo, in: change.transaction)
            }
            if rule.isOn { try refuseFailing(draft.tests, of: draft.content) }
            if draft.content != rule.content { rule.version += 1 }
            (rule.content, rule.tests) = (draft.content, draft.tests)
            if rule.isOn { (rule.status, rule.statusReason) = (.enabled, nil) }
            return true
        }
    }

    func enable(_ request: Request, _ context: Context) async throws -> Response {
        try request.parameters().finish()
        let id = try id(of: request)
        return try await change(id, request, context, "rules.enable", requiresMatch: false) { rule, _ in
            if rule.status == .suspended { throw Problem(.conflict, "The rule's owner is disabled.") }
            if rule.content.isOver(at: context.now) {
                throw Problem(.conflict, "The rule's time is over; give it another expires_at.")
            }
            if rule.status == .enabled { return false }
            try refuseFailing(rule.tests, of: rule.content)
            (rule.status, rule.statusReason) = (.enabled, nil)
            return true
        }
    }

    func disable(_ request: Request, _ context: Context) async throws -> Response {
        try request.parameters().finish()
        let id = try id(of: request)
        let reason = try await reason(in: request)
        return try await change(id, request, context, "rules.disable", requiresMatch: false) { rule, _ in
            if rule.status == .disabled { return false }
            (rule.status, rule.statusReason) = (.disabled, reason)
            return true
        }
    }

    func delete(_ request: Request, _ context: Context) async throws -> Response {
        try request.parameters().finish()
        let id = try id(of: request)
        try await ledger.change(context) { change in
            guard let rule = try await rules.lock(id, in: change.transaction) else {
                throw Problem.notFound("alert rule")
            }
            try request.match(revision: rule.revision, required: true)
            try await rules.delete(id, in: change.transaction)
            if let weakening = RuleWeakening(rule, nil) { change.emit(weakening.event) }
            change.noteRule("rules.delete", rule)
        }
        return Response(.noContent)
    }

    // MARK: Inside

    /// Changes a rule; `edit` says whether anything changed.
    nonisolated(nonsending) func change(
        _ id: AlertRuleID, _ request: Request, _ context: Context, _ action: String, requiresMatch: Bool,
        _ edit: nonisolated(nonsending) (inout AlertRule, Change) async throws -> Bool
    ) async throws -> Response {
        let rule = try await ledger.change(context) { change in
            let transaction = change.transaction
            guard var rule = try await rules.lock(id, in: transaction) else {
                throw Problem.notFound("alert rule")
            }
            try request.match(revision: rule.revision, required: requiresMatch)
            let before = rule
            guard try await edit(&rule, change) else { return rule }
            rule.revision += 1
            rule.updatedAt = context.now
            try await rules.update(rule, in: transaction)
            let isAnother = rule.isOn && (!before.isOn || rule.content.on != before.content.on)
            if isAnother { try await sights(of: [rule], in: transaction).first?.refuseBlind() }
            if rule.version != before.version {
                try await rules.keepVersion(of: rule, by: context.actor.principal, in: transaction)
            }
            try await holdActions(of: rule, after: before, change)
            if let weakening = RuleWeakening(before, rule) { change.emit(weakening.event) }
            if rule.begins(after: before) { try await rules.begin(rule.id, in: transaction) }
            change.noteRule(action, rule)
            return try await rules.find(id, in: transaction) ?? rule
        }
        return try await answer(rule)
    }

    /// Whoever changes what it does to keys, or when, or lets it run, must be allowed to do so by hand, and
    /// it acts by their rights too from now on.
    private nonisolated(nonsending) func holdActions(
        of rule: AlertRule, after before: AlertRule, _ change: Change
    ) async throws {
        let isEnabled = rule.isOn && !before.isOn
        guard !rule.content.actions.list.isEmpty, isEnabled || !rule.content.acts(asDoes: before.content)
        else { return }
        let context = change.context
        try await ActionHolders.check(rule.content.actions, for: context, things, in: change.transaction)
        try await ActionHolders.note(editor: context.actor.principal, of: rule.id, in: change.transaction)
    }

    func refuseFailing(_ tests: [RuleTestCase], of content: RuleContent) throws(Problem) {
        let failures = RuleTestResults(tests, of: content).failures
        guard !failures.isEmpty else { return }
        throw Problem(
            .testsFailed, "\(failures.count) of \(tests.count) test cases fail.",
            errors: failures.map {
                FieldError(pointer: "/tests/\($0.index)", code: "test_failed", message: $0.message)
            })
    }

    nonisolated(nonsending) func refuseUnknown(
        _ webhooks: [WebhookID], in transaction: Transaction
    ) async throws {
        let unknown = try await AlertDeliveries.unknown(webhooks, in: transaction)
        var errors = FieldErrors()
        for (index, id) in webhooks.enumerated() where unknown.contains(id) {
            errors.append(
                FieldError(pointer: "/send_to/\(index)", code: "unknown", message: "there is no such webhook")
            )
        }
        if !errors.isEmpty { throw errors }
    }

    private nonisolated(nonsending) func reason(in request: Request) async throws -> String? {
        if request.body.isEmpty { return nil }
        var fields = try await request.fields(limit: 16 * 1_024)
        let reason = fields.prose(optional: "reason")
        if reason == nil, !fields.hasMistakes {
            fields.fail("reason", code: FieldCode.missing, "is required")
        }
        try fields.finish()
        return reason
    }
}

extension Change {
    func noteRule(_ action: String, _ rule: AlertRule) {
        touchesConfiguration = true
        var detail: JSONObject = JSONObject()
        _ = detail.append("name", .string(rule.content.name))
        _ = detail.append("version", .number(JSONNumber(rule.version)))
        if let reason = rule.statusReason { _ = detail.append("reason", .string(reason)) }
        audit(action, rule.id, detail: .object(detail))
    }
}

extension AlertRule {
    /// What a pack's rule says is the pack's to say: an edit beside it would be lost with the next update.
    func refuseOfPack() throws(Problem) {
        guard let origin else { return }
        throw Problem(
            .conflict,
            """
            The rule is of the pack \(origin.pack): adjust it by the parameters of \
            POST /v1/rule-packs/\(origin.pack)/enable, or disable it there and make one of your own.
            """)
    }
}
