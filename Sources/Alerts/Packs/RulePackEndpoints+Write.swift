import Access
import Events
import HTTPServer
import JSON
import Kernel
import Postgres

/// Switching rules of packs on and off. What a request wants of several rules happens whole or not at all.
extension RulePackEndpoints {
    func enable(_ request: Request, _ context: Context) async throws -> Response {
        try await carryOut(request, context, takesParameters: true) { pack, wish, change in
            let rows = try await store.rows(of: pack, in: change.transaction)
            var steps: [PackStep] = []
            for rule in wish.rules {
                let wanted = wish.adjustments[rule.name] ?? JSONObject()
                if let row = rows[rule.name] {
                    steps.append(try await enable(rule, of: pack, row, wanted, wish, change))
                } else {
                    steps.append(try await create(rule, of: pack, wanted, wish, change))
                }
            }
            return steps
        }
    }

    func update(_ request: Request, _ context: Context) async throws -> Response {
        try await carryOut(request, context, takesParameters: true) { pack, wish, change in
            let rows = try await store.rows(of: pack, in: change.transaction)
            var steps: [PackStep] = []
            for rule in wish.rules {
                guard let row = rows[rule.name] else { continue }
                let wanted = wish.adjustments[rule.name] ?? JSONObject()
                steps.append(try await update(rule, of: pack, row, wanted, wish, change))
            }
            for (name, row) in rows.sorted(by: { $0.key < $1.key }) where pack.rule(name) == nil {
                let rule = try await locked(row, change)
                steps.append(PackStep(name: name, action: .retired, rule: rule))
            }
            return steps
        }
    }

    func disable(_ request: Request, _ context: Context) async throws -> Response {
        try await carryOut(request, context, takesParameters: false) { pack, wish, change in
            let rows = try await store.rows(of: pack, in: change.transaction)
            let names = Set(wish.rules.map(\.name))
            var steps: [PackStep] = []
            for (name, row) in rows.sorted(by: { $0.key < $1.key })
            where names.contains(name) || pack.rule(name) == nil && names.count == pack.rules.count {
                let before = try await locked(row, change)
                guard before.status != .disabled else {
                    steps.append(PackStep(name: name, action: .unchanged, rule: before))
                    continue
                }
                var rule = before
                (rule.status, rule.statusReason) = (.disabled, wish.reason)
                if !wish.isDry { try await write(&rule, before, "rules.disable", change) }
                steps.append(PackStep(name: name, action: .disabled, rule: rule))
            }
            return steps
        }
    }

    // MARK: One rule

    private nonisolated(nonsending) func create(
        _ rule: PackRule, of pack: RulePack, _ wanted: JSONObject, _ wish: PackWish, _ change: Change
    ) async throws -> PackStep {
        let adjustments = wanted.withoutNulls
        let draft = try await draft(of: rule, for: nil, adjustments, change)
        let now = change.context.now
        let made = AlertRule(
            id: ledger.newID(), owner: nil, status: .enabled, statusReason: nil, version: 1, revision: 1,
            createdAt: now, updatedAt: now, content: draft.content, tests: draft.tests, lastFiredAt: nil)
        if !wish.isDry {
            try await rules.insert(made, by: change.context.actor.principal, in: change.transaction)
            try await rules.begin(made.id, in: change.transaction)
            let row = PackStore.Row(
                name: rule.name, rule: made.id, version: pack.version, adjustments: adjustments)
            try await store.write(row, of: pack, in: change.transaction)
            change.noteRule("rules.create", made)
        }
        return PackStep(name: rule.name, action: .created, rule: made)
    }

    private nonisolated(nonsending) func enable(
        _ rule: PackRule, of pack: RulePack, _ row: PackStore.Row, _ wanted: JSONObject, _ wish: PackWish,
        _ change: Change
    ) async throws -> PackStep {
        let before = try await locked(row, change)
        let chosen = row.adjustments.merging(wanted).withoutNulls
        let isSame = JSONValue.object(chosen) == .object(row.adjustments)
        guard isSame || row.version == pack.version else {
            throw Problem(
                .conflict, "\(rule.name) is of version \(row.version) of the pack; update it first.")
        }
        var made = before
        if !isSame {
            let draft = try await draft(of: rule, for: before.id, chosen, change)
            made.take(draft)
        }
        if !made.isOn {
            if made.content.isOver(at: change.context.now) {
                throw Problem(.conflict, "The time of \(rule.name) is over.")
            }
            (made.status, made.statusReason) = (.enabled, nil)
        }
        let action: PackStep.Action = !isSame ? .adjusted : before.isOn ? .unchanged : .enabled
        let changes = RuleDiff(from: before.content, to: made.content).changes
        if action != .unchanged, !wish.isDry {
            try await write(&made, before, isSame ? "rules.enable" : "rules.update", change)
            var row = row
            row.adjustments = chosen
            try await store.write(row, of: pack, in: change.transaction)
        }
        return PackStep(name: rule.name, action: action, rule: made, changes: changes)
    }

    /// What was chosen stays; all else is as the pack says now.
    private nonisolated(nonsending) func update(
        _ rule: PackRule, of pack: RulePack, _ row: PackStore.Row, _ wanted: JSONObject, _ wish: PackWish,
        _ change: Change
    ) async throws -> PackStep {
        let before = try await locked(row, change)
        guard row.version < pack.version else {
            return PackStep(name: rule.name, action: .unchanged, rule: before)
        }
        let all = row.adjustments.merging(wanted).withoutNulls
        let dropped = rule.unfit(all).filter { wanted[$0] == nil }
        let chosen = JSONObject(
            members: all.members.filter { !dropped.contains($0.name) }.map { ($0.name, $0.value) })
        var made = before
        made.take(try await draft(of: rule, for: before.id, chosen, change))
        let changes = RuleDiff(from: before.content, to: made.content).changes
        if !wish.isDry {
            try await write(&made, before, "rules.update", change)
            let row = PackStore.Row(
                name: rule.name, rule: made.id, version: pack.version, adjustments: chosen)
            try await store.write(row, of: pack, in: change.transaction)
        }
        return PackStep(name: rule.name, action: .updated, rule: made, changes: changes, dropped: dropped)
    }

    // MARK: Inside

    private nonisolated(nonsending) func carryOut(
        _ request: Request, _ context: Context, takesParameters: Bool,
        _ body: nonisolated(nonsending) (RulePack, PackWish, Change) async throws -> [PackStep]
    ) async throws -> Response {
        try request.parameters().finish()
        let pack = try found(request)
        let fields =
            request.body.isEmpty
            ? try Fields(.object(JSONObject())) : try await request.fields(limit: Self.bodyBytes)
        let wish = try PackWish(fields, of: pack, takesParameters: takesParameters)
        let steps = try await ledger.change(context) { change in
            try await store.lock(in: change.transaction)
            return try await body(pack, wish, change)
        }
        return Response.object { w in
            w.field("pack", pack.name)
            w.field("version", pack.version)
            w.field("dry_run", wish.isDry)
            w.array("rules", steps) { w, step in
                step.write(to: &w, isDry: wish.isDry, needs: pack.rule(step.name)?.needs)
            }
        }
    }

    private nonisolated(nonsending) func locked(
        _ row: PackStore.Row, _ change: Change
    ) async throws -> AlertRule {
        guard let rule = try await rules.lock(row.rule, in: change.transaction) else {
            throw Problem.notFound("alert rule")
        }
        return rule
    }

    /// Passes its own tests whatever was chosen, and has a name of its own, or is refused.
    /// - Parameter made: what was made of the rule before.
    private nonisolated(nonsending) func draft(
        of rule: PackRule, for made: AlertRuleID?, _ adjustments: JSONObject, _ change: Change
    ) async throws -> RuleDraft {
        let draft = try rule.draft(adjustments, at: change.context.now)
        let namesake = try await rules.namesake(of: draft.content.name, except: made, in: change.transaction)
        if let namesake {
            throw Problem(
                .alreadyExists,
                """
                \(rule.name) of the pack would be called as \(namesake.id) is, "\(namesake.name)"; \
                rename that, or leave \(rule.name) out of rules.
                """,
                errors: [
                    FieldError(
                        pointer: "/rules", code: "already_exists",
                        message: "the name of \(rule.name) is that of \(namesake.id)")
                ])
        }
        let unknown = try await AlertDeliveries.unknown(draft.content.sendTo, in: change.transaction)
        var errors = FieldErrors()
        for (index, id) in draft.content.sendTo.enumerated() where unknown.contains(id) {
            errors.append(
                FieldError(
                    pointer: "/parameters/\(rule.name)/send_to/\(index)", code: "unknown",
                    message: "there is no such webhook"))
        }
        if !errors.isEmpty { throw errors }
        let failures = RuleTestResults(draft.tests, of: draft.content).failures
        guard let first = failures.first else { return draft }
        throw Problem(
            .testsFailed, "What was chosen for \(rule.name) does not go together.",
            errors: [
                FieldError(
                    pointer: "/parameters/\(rule.name)", code: "test_failed",
                    message: "its test \(draft.tests[first.index].name ?? "\(first.index)") \(first.message)")
            ])
    }

    private nonisolated(nonsending) func write(
        _ rule: inout AlertRule, _ before: AlertRule, _ action: String, _ change: Change
    ) async throws {
        if rule.content != before.content { rule.version += 1 }
        rule.revision += 1
        rule.updatedAt = change.context.now
        try await rules.update(rule, in: change.transaction)
        if rule.version != before.version {
            try await rules.keepVersion(
                of: rule, by: change.context.actor.principal, in: change.transaction)
        }
        if let weakening = RuleWeakening(before, rule) { change.emit(weakening.event) }
        if rule.begins(after: before) { try await rules.begin(rule.id, in: change.transaction) }
        change.noteRule(action, rule)
    }
}

extension AlertRule {
    fileprivate mutating func take(_ draft: RuleDraft) {
        (content, tests) = (draft.content, draft.tests)
        if isOn { (status, statusReason) = (.enabled, nil) }
    }
}
