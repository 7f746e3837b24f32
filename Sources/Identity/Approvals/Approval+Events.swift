import Access
import Events
import JSON
import Kernel

extension Approval {
    /// The fields that all events about it share (`x-event-fields`), then the event's own.
    func event(_ type: EventType, _ own: [(String, JSONValue)] = []) -> NewEvent {
        let shared: [(String, JSONValue)] = [
            ("approval_id", .string(id.description)), ("action", .string(action.rawValue)),
            ("requester_id", .string(requester.description)), ("path", .string(path)),
            ("key_id", JSONValue(subject.key?.description)), ("account_id", JSONValue(subject.account)),
            ("reason", JSONValue(reason)),
            ("rules", .array(needs.map { .string($0.name) })),
            ("roles", .array(needs.map { .string($0.role) })),
            ("expires_at", .string(expiresAt.description)),
        ]
        return NewEvent(type, subject: id, data: JSONObject(members: shared + own))
    }
}
