import Access
import Events
import HTTPServer
import JSON
import Kernel

/// What a rule would do to keys if it fired now: nothing is done, nothing stored.
extension AlertRuleEndpoints {
    func dryRunActions(_ request: Request, _ context: Context) async throws -> Response {
        try request.parameters().finish()
        let rule = try await found(request)
        var fields = try await request.fields(limit: Self.trialBytes)
        let isAboutEvent = fields.has("event") || fields.has("event_id")
        let (moments, id) = isAboutEvent ? fields.moments(stored: true) : ([], nil)
        try fields.finish()
        var event = moments.last?.event
        if let id { event = try await self.event(id, for: context) }
        let lately = try await ActionRuns.lately(rule.id, at: context.now, in: rules.database)
        let planned = try await planned(by: rule, firedAbout: event?.key, context)
        return Response.object { w in
            w.field("keys_per_hour", rule.content.actions.keysPerHour)
            w.field("touched_last_hour", lately.touched)
            w.field("actions", planned)
        }
    }

    /// In the order of the actions, as if none of them had been done before the next.
    nonisolated(nonsending) func planned(
        by rule: AlertRule, firedAbout key: ExchangeKeyID?, _ context: Context
    ) async throws -> [PlannedAction] {
        guard !rule.content.actions.list.isEmpty,
            let acting = try await ActingRule.find(rule.id, in: rules.database)
        else { return [] }
        let known = try await reader.rights(of: acting.holders, in: rules.database)
        let holders = acting.holders.map { known[$0] ?? .none }
        var left =
            rule.content.actions.keysPerHour
            - (try await ActionRuns.lately(rule.id, at: context.now, in: rules.database).touched)
        var planned: [PlannedAction] = []
        for action in rule.content.actions.list {
            var reach = DeedReach()
            if let scope = action.scope(firedAbout: key) {
                reach = try await hands.look(action.deed, scope, holders, rules.database)
            }
            let isBraked = reach.changed.count > left
            if !isBraked { left -= reach.changed.count }
            planned.append(
                PlannedAction(
                    action: action, reach: reach, isBraked: isBraked,
                    seen: reach.changed.filter { context.rights.may(.keysRead, on: $0.target) }))
        }
        return planned
    }
}

extension JSONObject {
    /// The key that an event, as it is viewed or written out, is about.
    var key: ExchangeKeyID? {
        guard let type = self["type"]?.asString.flatMap({ EventType($0) }) else { return nil }
        return RuleAction.key(of: type, subject: self["subject"]?.asString, self)
    }
}
