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

    private enum Subject {
        case written(JSONObject)
        case stored(EventID)
    }

    func test(_ request: Request, _ context: Context) async throws -> Response {
        try request.parameters().finish()
        let rule = try await found(request)
        let view =
            switch try await subject(of: request) {
            case .written(let event): event
            case .stored(let id): try await event(id, for: context)
            }
        guard let type = view["type"]?.asString.flatMap({ EventType($0) }) else {
            throw FieldErrors(
                FieldError(pointer: "/event", code: FieldCode.missing, message: "must have a type"))
        }
        return answer(rule.content, type, view)
    }

    private func answer(_ rule: RuleContent, _ type: EventType, _ view: JSONObject) -> Response {
        let matches = rule.takes(type)
        let verdict = rule.verdict(on: type, view)
        return Response.object { w in
            w.field("verdict", verdict.name)
            w.field("type_matches", matches)
            w.field("expressions", matches ? rule.when?.evaluateExplained(view) ?? [] : [])
            w.field("group", rule.group(of: view))
            w.field("error", verdict.error)
        }
    }

    private nonisolated(nonsending) func subject(of request: Request) async throws -> Subject {
        var fields = try await request.fields(limit: 64 * 1_024)
        let isStored = fields.has("event_id")
        if isStored == fields.has("event") {
            fields.fail(code: FieldCode.malformed, "must have either event or event_id")
        }
        let id = isStored ? fields.parsed("event_id", expected: "the id of an event") { EventID($0) } : nil
        let event = isStored ? JSONObject() : fields.testEvent("event")
        try fields.finish()
        return id.map { .stored($0) } ?? .written(event)
    }

    /// One that the caller may not read is as unknown as one that is not there.
    private nonisolated(nonsending) func event(_ id: EventID, for context: Context) async throws -> JSONObject
    {
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
        guard sight.sees(event.type, topic, targets) else { return nil }
        return EventView.flat(event, seenBy: sight, targets)
    }
}

extension Event {
    /// In the order of `findEvent`'s columns; nil for a type that another version knew.
    fileprivate init?(tested row: Row) {
        guard let type = EventType(row.text(2)) else { return nil }
        let actor = Actor(
            principal: row.optionalText(4).flatMap { PrincipalID($0) }, accessToken: nil, address: nil)
        self.init(
            id: row.id(0), at: row.timestamp(1), type: type, subject: row.optionalText(3), actor: actor,
            data: row.object(5))
    }
}
