package import Access
package import Events
import HTTPServer
import JSON
import Kernel
import Postgres

/// `/v1/rule-packs`.
package struct RulePackEndpoints {
    /// Fifty lists of twenty webhooks fit.
    static let bodyBytes = 64 * 1_024

    let packs: [RulePack]
    let rules: AlertRuleStore
    let ledger: Ledger

    package init(packs: [RulePack], rules: AlertRuleStore, ledger: Ledger) {
        (self.packs, self.rules, self.ledger) = (packs, rules, ledger)
    }

    var store: PackStore { PackStore(database: rules.database) }

    package var operations: [Operation] {
        let path = "/v1/rule-packs/{pack}"
        let refusals: [ProblemCode] = [.notFound, .conflict, .alreadyExists, .testsFailed]
        return [
            Operation(
                .get, "/v1/rule-packs", id: "listRulePacks", requires: .permission(.rulesRead), bodyLimit: 0
            ) { request, _ in try await list(request) },
            Operation(
                .get, path, id: "getRulePack", requires: .permission(.rulesRead), errors: [.notFound],
                bodyLimit: 0
            ) { request, context in try await get(request, context) },
            Operation(
                .post, path + "/enable", id: "enableRulePack", requires: .permission(.rulesWrite),
                errors: refusals, bodyLimit: Self.bodyBytes
            ) { try await enable($0, $1) },
            Operation(
                .post, path + "/update", id: "updateRulePack", requires: .permission(.rulesWrite),
                errors: refusals, bodyLimit: Self.bodyBytes
            ) { try await update($0, $1) },
            Operation(
                .post, path + "/disable", id: "disableRulePack", requires: .permission(.rulesWrite),
                errors: [.notFound], bodyLimit: Self.bodyBytes
            ) { try await disable($0, $1) },
        ]
    }

    func found(_ request: Request) throws(Problem) -> RulePack {
        let name = request.pathParameter("pack")
        guard let pack = packs.first(where: { $0.name == name }) else { throw Problem.notFound("rule pack") }
        return pack
    }

    // MARK: Reading

    /// A rule of a pack and what was made of it.
    private struct Made {
        let row: PackStore.Row
        let rule: AlertRule
    }

    private nonisolated(nonsending) func made(of pack: RulePack) async throws -> [String: Made] {
        var made: [String: Made] = [:]
        for (name, row) in try await store.rows(of: pack) {
            guard let rule = try await rules.find(row.rule) else { continue }
            made[name] = Made(row: row, rule: rule)
        }
        return made
    }

    private nonisolated(nonsending) func list(_ request: Request) async throws -> Response {
        try request.parameters().finish()
        var counted: [(pack: RulePack, made: [String: Made])] = []
        for pack in packs { counted.append((pack, try await made(of: pack))) }
        return Response.object { w in
            w.array("data", counted) { w, item in
                w.object { w in writeHead(of: item.pack, item.made, to: &w) }
            }
        }
    }

    private nonisolated(nonsending) func get(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        let pack = try found(request)
        let made = try await made(of: pack)
        let offers = try made.compactMapValues { try offer(of: pack, $0, context) }
        let retired = made.values.filter { pack.rule($0.row.name) == nil }
            .sorted { $0.row.name < $1.row.name }.map(Listed.retired)
        return Response.object { w in
            writeHead(of: pack, made, to: &w)
            w.array("rules", pack.rules.map(Listed.current) + retired) { w, listed in
                switch listed {
                case .current(let rule): write(rule, made[rule.name], offers[rule.name], to: &w)
                case .retired(let made): write(retired: made, to: &w)
                }
            }
        }
    }

    /// What the pack has, and what it had: such a rule stays as it is, and nothing updates it any more.
    private enum Listed {
        case current(PackRule)
        case retired(Made)
    }

    private func write(retired made: Made, to w: inout JSONWriter) {
        let content = made.rule.content
        w.object { w in
            w.field("name", made.row.name)
            w.field("title", content.name)
            w.field("severity", content.severity.rawValue)
            w.field("security", content.isSecurity)
            w.field("advice", content.advice)
            w.field("needs", JSONValue.null)
            w.field("retired", true)
            w.field("rule_id", made.rule.id.description)
            w.field("status", made.rule.status.rawValue)
            w.field("version", made.row.version)
            w.field("parameters", JSONValue.array([]))
            w.field("update", JSONValue.null)
        }
    }

    private func writeHead(of pack: RulePack, _ made: [String: Made], to w: inout JSONWriter) {
        w.field("name", pack.name)
        w.field("title", pack.title)
        w.field("description", pack.description)
        w.field("version", pack.version)
        w.field("rule_count", pack.rules.count)
        w.field("enabled_count", made.values.count { $0.rule.isOn })
        w.field("update_available", made.values.contains { isOlder($0, than: pack) })
    }

    private func write(_ rule: PackRule, _ made: Made?, _ offer: PackStep?, to w: inout JSONWriter) {
        w.object { w in
            w.field("name", rule.name)
            w.field("title", rule.title)
            w.field("severity", (made?.rule.content.severity ?? rule.severity).rawValue)
            w.field("security", rule.isSecurity)
            w.field("advice", rule.advice)
            w.field("needs", rule.needs)
            w.field("retired", false)
            w.field("rule_id", made?.rule.id.description)
            w.field("status", made?.rule.status.rawValue)
            w.field("version", made?.row.version)
            w.array("parameters", rule.parameters) { w, parameter in
                parameter.write(to: &w, chosen: made?.row.adjustments[parameter.name])
            }
            guard let offer else { return w.field("update", JSONValue.null) }
            w.object("update") { w in
                w.field("changes", offer.changes)
                w.field("dropped", offer.dropped)
            }
        }
    }

    /// A rule that the pack has no more stays as it is.
    private func isOlder(_ made: Made, than pack: RulePack) -> Bool {
        made.row.version < pack.version && pack.rule(made.row.name) != nil
    }

    /// What an update would change; nil when there is none.
    private func offer(of pack: RulePack, _ made: Made, _ context: Context) throws -> PackStep? {
        guard isOlder(made, than: pack), let rule = pack.rule(made.row.name) else { return nil }
        let dropped = rule.unfit(made.row.adjustments)
        let kept = made.row.adjustments.members.filter { !dropped.contains($0.name) }
        let draft = try rule.draft(JSONObject(members: kept.map { ($0.name, $0.value) }), at: context.now)
        return PackStep(
            name: rule.name, action: .updated, rule: made.rule,
            changes: RuleDiff(from: made.rule.content, to: draft.content).changes, dropped: dropped)
    }
}
