import Access
import Events
import JSON
import Kernel

/// What is told of an alert that is there.
extension Alert {
    func resolution(_ mark: Mark, origin: String) -> NewEvent {
        event(
            .alertResolved, state: .resolved, origin, ["resolved_by": .of(mark.by), "note": .of(mark.note)])
    }

    func acknowledgement(_ one: Acknowledgement, origin: String) -> NewEvent {
        event(
            .alertAcknowledged, origin,
            [
                "acknowledged_by": .of(one.mark.by), "until": .of(one.until?.description),
                "note": .of(one.mark.note),
            ])
    }

    func assignment(_ mark: Mark, origin: String) -> NewEvent {
        event(
            .alertAssigned, origin,
            ["assigned_to": .of(assignee), "assigned_by": .of(mark.by), "note": .of(mark.note)])
    }

    func comment(_ comment: AlertComment, origin: String) -> NewEvent {
        event(
            .alertCommented, origin,
            [
                "comment_id": .string(comment.id.description), "author_id": .string(comment.author),
                "text": .string(comment.text),
            ])
    }

    /// - Parameter before: who looked after it until then.
    func reopening(_ reason: String, _ before: Acknowledgement?, origin: String) -> NewEvent {
        notice(.firing, origin).reopening(reason, before)
    }

    func flapping(_ times: Int, origin: String) -> NewEvent { notice(state, origin).flapping(times) }

    func event(
        _ type: EventType, state: State = .firing, _ origin: String,
        _ fields: KeyValuePairs<String, JSONValue>
    ) -> NewEvent {
        notice(state, origin).event(type, fields)
    }

    private func notice(_ state: State, _ origin: String) -> AlertNotice {
        AlertNotice(
            alert: id, rule: rule, severity: severity, state: state, summary: summary, advice: advice,
            labels: labels, group: group, count: count, firstAt: firstAt, lastAt: lastAt, event: event,
            url: Alert.url(of: id, origin: origin))
    }
}

extension JSONValue {
    static func of(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }
}
