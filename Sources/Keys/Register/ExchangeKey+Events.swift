import Exchanges
import Access
import Events
import JSON
import Kernel

/// What is written about keys; fields as openapi.yaml's `x-event-types` lists them.
extension ExchangeKey {
    func event(_ type: EventType, _ fields: KeyValuePairs<String, JSONValue> = [:]) -> NewEvent {
        var data = JSONObject()
        for (name, value) in sharedFields { _ = data.append(name, value) }
        for (name, value) in fields { _ = data.append(name, value) }
        return NewEvent(type, subject: id, data: data)
    }

    var sharedFields: KeyValuePairs<String, JSONValue> {
        [
            "key_id": .string(id.description), "label": .string(label),
            "exchange": .string(exchange.rawValue),
            "account": .string(account), "environment": .string(environment.rawValue),
            "owner_id": .string(owner.description), "tags": .array(tags.map { .string($0) }),
            "status": .string(status.rawValue),
        ]
    }

    var registered: NewEvent {
        event(
            .keyRegistered,
            [
                "permissions": declaredPermissions,
                "expires_at": .time(expiresAt),
            ])
    }

    /// - Parameter names: of the fields that changed.
    func changed(_ names: JSONValue) -> NewEvent {
        event(.keyChanged, ["changed": names, "permissions": declaredPermissions])
    }

    private var declaredPermissions: JSONValue { .array(permissions.map { .string($0.rawValue) }) }

    /// What became of its status, and why.
    var statusEvent: NewEvent {
        let reason: JSONValue = statusReason.map { .string($0) } ?? .null
        switch status {
        case .revoked:
            return event(.keyRevoked, ["reason": reason, "handed_out_until": .time(handedOutUntil)])
        case .suspended: return event(.keySuspended, ["reason": reason])
        case .reduceOnly: return event(.keyRestricted, ["reason": reason])
        case .active, .quarantined: return event(.keyActivated, ["reason": reason])
        }
    }

    func rotationDue(_ countdown: Countdown, _ stage: Countdown.Stage, at now: Timestamp) -> NewEvent {
        event(
            .keyRotationDue,
            [
                "due_at": .time(countdown.deadline), "every": .string(rotation?.every.text ?? ""),
                "days_left": .double(countdown.daysLeft(at: now)),
                "overdue": .bool(countdown.isPast(at: now)), "stage": .string(stage.name),
            ])
    }

    func expiring(_ countdown: Countdown, _ stage: Countdown.Stage, at now: Timestamp) -> NewEvent {
        event(
            .keyExpiring,
            [
                "expires_at": .time(countdown.deadline), "days_left": .double(countdown.daysLeft(at: now)),
                "expired": .bool(countdown.isPast(at: now)), "stage": .string(stage.name),
            ])
    }
}

extension JSONValue {
    fileprivate static func time(_ time: Timestamp?) -> JSONValue {
        time.map { .string($0.description) } ?? .null
    }
    fileprivate static func double(_ value: Double) -> JSONValue {
        JSONNumber(value).map { .number($0) } ?? .null
    }
}
