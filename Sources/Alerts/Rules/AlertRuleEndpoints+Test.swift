import Access
import Events
import HTTPServer
import JSON
import Kernel
import Postgres

/// Trying a rule on one event: nothing is sent, nothing stored.
extension AlertRuleEndpoints {
    private static let findEvent = Statement(
        "alert_rule_test_event",
        "select id, at, type, subject, actor, data from feed_event where id = $1")

    /// Fifty events of eighty fields fit.
    static let trialBytes = 256 * 1_024

    func test(_ request: Request, _ context: Context) async throws -> Response {
        try request.parameters().finish()
        let rule = try await found(request)
        var fields = try await request.fields(limit: Self.trialBytes)
        let (written, id) = fields.moments(stored: true)
        let until = fields.offset(optional: "until")
        try fields.finish()
        var moments = written
        if let id {
            let event = try await event(id, for: context)
            moments = [RuleTestCase.Moment(offset: Period(microseconds: 0), event: event)]
        }
        let trial = RuleTrial(rule.content, moments, until: until, isExplained: true)
        let key = trial.verdict == .fires ? moments.last?.event.key : nil
        let actions =
            trial.verdict == .fires ? try await planned(by: rule, firedAbout: key, context) : []
        return Response.object { w in
            trial.writeFields(to: &w)
            w.field("actions", actions)
        }
    }

    /// One that the caller may not read is as unknown as one that is not there.
    nonisolated(nonsending) func event(_ id: EventID, for context: Context) async throws -> JSONObject {
        let row = try await rules.database.query(Self.findEvent, .id(id)).first
        guard let event = row.flatMap({ Event(tested: $0) }),
            let view = try await view(of: event, for: context)
        else {
            throw FieldErrors(
                FieldError(pointer: "/event_id", code: "unknown", message: "there is no such event"))
        }
        return view
    }

    /// Nil for whoever may not read it.
    private nonisolated(nonsending) func view(
        of event: Event, for context: Context
    ) async throws -> JSONObject? {
        let (sight, topic) = (EventSight(of: context.rights), EventTopic(of: event))
        let targets = try await things.targets(
            of: [topic.thing], for: [context.rights], sight.askedOfThings, in: rules.database)
        guard sight.sees(event, targets) else { return nil }
        return EventView.flat(event, seenBy: sight, targets)
    }
}

extension Event {
    /// In the order of `findEvent`'s columns; nil for a type that another version knew.
    init?(tested row: Row) {
        guard let type = EventType(row.text(2)) else { return nil }
        let actor = Actor(
            principal: row.optionalText(4).flatMap { PrincipalID($0) }, accessToken: nil, address: nil)
        self.init(
            id: row.id(0), at: row.timestamp(1), type: type, subject: row.optionalText(3), actor: actor,
            data: row.object(5))
    }
}
