package import Access
import Events
import JSON
import Kernel

/// What `alert.firing` and `alert.resolved` say, in the order of openapi.yaml's table.
struct AlertNotice {
    let alert: AlertID
    let rule: RuleReference
    let severity: String
    let state: Alert.State
    let summary: String
    let advice: String?
    let labels: JSONObject
    let group: JSONObject
    let count: Int
    let firstAt: Timestamp
    let lastAt: Timestamp
    let event: JSONObject
    let url: String

    var data: JSONObject {
        var data = JSONObject()
        let fields: KeyValuePairs<String, JSONValue> = [
            "alert_id": .string(alert.description), "rule": .object(rule.object),
            "severity": .string(severity),
            "state": .string(state.rawValue), "summary": .string(summary),
            "advice": advice.map { .string($0) } ?? .null, "labels": .object(labels),
            "group": .object(group), "count": .number(JSONNumber(count)),
            "first_at": .string(firstAt.description), "last_at": .string(lastAt.description),
            "event": .object(event), "url": .string(url),
        ]
        for (name, value) in fields { _ = data.append(name, value) }
        return data
    }
}

extension AlertNotice {
    /// What is told of an alert beside what it is.
    func event(_ type: EventType, _ fields: KeyValuePairs<String, JSONValue>) -> NewEvent {
        var data = data
        for (name, value) in fields { _ = data.append(name, value) }
        return NewEvent(type, subject: alert, data: data)
    }

    /// Somebody is wanted again.
    /// - Parameter before: who looked after it until then.
    func reopening(_ reason: String, _ before: Acknowledgement?) -> NewEvent {
        event(.alertReopened, ["reason": .string(reason), "acknowledged_by": .of(before?.mark.by)])
    }
}

/// A rule as an alert remembers it.
package struct RuleReference: Sendable {
    package let id: AlertRuleID
    package let name: String
    package let version: Int

    var object: JSONObject {
        var object = JSONObject()
        _ = object.append("id", .string(id.description))
        _ = object.append("name", .string(name))
        _ = object.append("version", .number(JSONNumber(version)))
        return object
    }
}
