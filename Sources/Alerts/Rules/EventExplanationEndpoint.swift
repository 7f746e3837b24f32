package import Access
import Events
import Expressions
import HTTPServer
import JSON
import Kernel
import Postgres

/// `/v1/events/{event_id}/explain`: which rules an event fired, and why the others did not.
package struct EventExplanationEndpoint {
    /// Rules of one answer.
    package static let rulesAtMost = 200

    private static let find = Statement(
        "event_explained", "select id, at, type, subject, actor, data from feed_event where id = $1")
    private static let fired = Statement(
        "event_explained_firings",
        """
        select rule, cause from rule_firing where event = $1 and rule = any ($2::uuid[]) order by at
        """)

    private let rules: AlertRuleStore
    private let things: TargetSource
    private let owners: OwnerRights
    private let rulesAtMost: Int

    package init(
        rules: AlertRuleStore, things: TargetSource = .none, rights: RightsReader,
        rulesAtMost: Int = Self.rulesAtMost
    ) {
        (self.rules, self.things, self.rulesAtMost) = (rules, things, rulesAtMost)
        owners = OwnerRights(database: rules.database, reader: rights)
    }

    package var operation: Operation {
        Operation(
            .get, "/v1/events/{event_id}/explain", id: "explainEvent", requires: .scoped(.eventsRead),
            errors: [.notFound], bodyLimit: 0
        ) { try await explain($0, $1) }
    }

    /// Why a rule is silent about the event, or that it is not.
    enum Verdict: String {
        case fired, condition, error, waits, retroactive, later, expired, disabled, suspended
        case eventType = "event_type"
        case unseen = "owner_may_not_see"
        case isAlert = "rules_cannot_match_it"
    }

    private struct Explained {
        let rule: AlertRule
        let verdict: Verdict
        let detail: String?
        let expressions: [Condition.ExpressionValue]
        let cause: RuleCause?
    }

    private nonisolated(nonsending) func explain(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        var parameters = try request.parameters()
        let only = parameters.id("rule_id", AlertRuleKind.self)
        try parameters.finish()
        guard let id = EventID(request.pathParameter("event_id")),
            let row = try await rules.database.query(Self.find, .id(id)).first,
            let event = Event(tested: row), let seen = try await seen(event, by: context)
        else { throw Problem.notFound("event") }
        let met = context.may(.rulesRead) ? try await met(event, only) : Met()
        let rights = try await owners.rights(ofRules: met.rules, at: try await epoch())
        let explained = met.rules.map { rule in
            explain(rule, event, seen.view, met, rights.sight(of: rule), seen.targets)
        }
        return Response.object { w in
            w.field("event", seen.view)
            w.array("rules", explained) { w, one in
                w.object { w in
                    w.field(
                        "rule",
                        RuleReference(id: one.rule.id, name: one.rule.content.name, version: one.rule.version)
                            .object)
                    w.field("verdict", one.verdict.rawValue)
                    w.field("detail", one.detail)
                    w.field("matched", one.expressions)
                    w.field("cause", one.cause.map { .object($0.shown) } ?? JSONValue.null)
                }
            }
            w.field("rules_shown", context.may(.rulesRead))
            w.field("complete", met.isComplete)
        }
    }

    /// As the caller sees it; nil for whoever may not.
    private nonisolated(nonsending) func seen(
        _ event: Event, by context: Context
    ) async throws -> (view: JSONObject, targets: Targets)? {
        let (sight, topic) = (EventSight(reading: context), EventTopic(of: event))
        let targets = try await things.find(Set([topic.thing].compactMap(\.self)), rules.database)
        guard sight.sees(event, targets) else { return nil }
        return (EventView.flat(event, seenBy: sight, targets), targets)
    }

    private nonisolated(nonsending) func epoch() async throws -> Int64 {
        guard let row = try await rules.database.query(Authority.readEpoch).first else {
            throw PostgresError.unavailable
        }
        return row.int64(0)
    }

    /// The rules that are told of.
    private struct Met {
        var rules: [AlertRule] = []
        var fired: Set<AlertRuleID> = []
        var causes: [AlertRuleID: RuleCause] = [:]
        /// Whether these are all that take the event.
        var isComplete = true
    }

    /// Those that it fired first, and then all that take its type, each by name.
    private nonisolated(nonsending) func met(_ event: Event, _ only: AlertRuleID?) async throws -> Met {
        if let only {
            let rule = try await rules.find(only)
            return try await met(event, rule.map { [$0] } ?? [], isComplete: true)
        }
        var query = AlertRuleQuery()
        (query.sort, query.limit, query.firedBy) = (.name, rulesAtMost, event.id)
        let fired = try await rules.list(query)
        let ids = Set(fired.map(\.id))
        (query.firedBy, query.eventType) = (nil, event.type)
        let all = fired + (try await rules.list(query)).filter { !ids.contains($0.id) }
        return try await met(event, Array(all.prefix(rulesAtMost)), isComplete: all.count <= rulesAtMost)
    }

    private nonisolated(nonsending) func met(
        _ event: Event, _ found: [AlertRule], isComplete: Bool
    ) async throws -> Met {
        var met = Met(rules: found, isComplete: isComplete)
        let rows = try await rules.database.query(Self.fired, .id(event.id), .idArray(found.map(\.id)))
        for row in rows {
            met.fired.insert(row.id(0))
            let cause = row.isNull(1) ? nil : try? JSONValue.parse(row.json(1))
            met.causes[row.id(0)] = cause.map { RuleCause(stored: $0) }
        }
        return met
    }

    /// - Parameter view: as the caller sees the event, so that no condition tells them more.
    private func explain(
        _ rule: AlertRule, _ event: Event, _ view: JSONObject, _ met: Met,
        _ sight: EventSight?, _ targets: Targets
    ) -> Explained {
        let cause = met.causes[rule.id]
        let parts =
            rule.content.when?.evaluateExplained(view, after: cause?.crossings ?? CrossingMemory()) ?? []
        func result(_ verdict: Verdict, _ detail: String? = nil) -> Explained {
            Explained(rule: rule, verdict: verdict, detail: detail, expressions: parts, cause: cause)
        }
        if met.fired.contains(rule.id) { return result(.fired) }
        if !event.type.isOpenToRules { return result(.isAlert) }
        if !rule.content.takes(event.type) { return result(.eventType) }
        switch rule.status {
        case .disabled: return result(.disabled, rule.statusReason)
        case .suspended: return result(.suspended, rule.statusReason)
        case .expired: return result(.expired, rule.statusReason)
        case .enabled, .error, .noData: break
        }
        let topic = EventTopic(of: event)
        guard let sight, sight.sees(event.type, topic, targets) else {
            return result(.unseen)
        }
        if rule.content.isOver(at: event.at) { return result(.expired) }
        if view["retroactive"] == true, !rule.content.isRetroactive { return result(.retroactive) }
        switch rule.content.when?.evaluate(view) {
        case .error(let reason): return result(.error, reason)
        case .fails: return result(.condition)
        case .holds, nil: break
        }
        return event.at < rule.updatedAt ? result(.later) : result(rule.content.isPoint ? .later : .waits)
    }
}
