package import Events
package import JSON
package import Access
import Kernel

/// An event as conditions, alerts and receivers see it: what stands around it, and beside that the fields of
/// its data.
package enum EventView {
    private static let wouldDeny = "would_deny"
    private static let clauses = "clauses"
    private static let permissions = "permissions"

    package static func flat(_ event: Event) -> JSONObject {
        var view = JSONObject()
        _ = view.append("id", .string(event.id.description))
        _ = view.append("type", .string(event.type.name))
        _ = view.append("at", .string(event.at.description))
        _ = view.append("subject", event.subject.map { .string($0) } ?? .null)
        _ = view.append("security", .bool(event.type.isSecurity))
        _ = view.append("actor_id", event.actor.principal.map { .string($0.description) } ?? .null)
        for member in event.data.members { _ = view.append(member.name, member.value) }
        // What is seldom there is left out where uses are written; conditions may ask for it of each.
        if event.type.isUse {
            if view[wouldDeny] == nil { _ = view.append(wouldDeny, .null) }
            for list in OrderList.all where view[list.name] == nil {
                _ = view.append(list.name, list.value(in: view))
            }
        }
        // Denials of earlier versions name the first clause only.
        if event.type == .keyUseDenied, view[clauses] == nil { _ = view.append(clauses, .null) }
        if event.type == .keyChanged, view[permissions] == nil { _ = view.append(permissions, .array([])) }
        return view
    }

    /// As somebody with these eyes sees it.
    package static func flat(_ event: Event, seenBy sight: EventSight, _ targets: Targets) -> JSONObject {
        drawn(flat(event), of: event, seenBy: sight, targets)
    }

    /// - Parameter view: of the event, whole.
    static func drawn(
        _ view: JSONObject, of event: Event, seenBy sight: EventSight, _ targets: Targets
    ) -> JSONObject {
        guard let veil = EventVeil(event.type, with: event.data),
            !sight.seesBehind(veil, EventTopic(of: event), targets)
        else { return view }
        return veil.drawn(over: view)
    }
}
