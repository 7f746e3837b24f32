package import Access
package import JSON

/// What of an event is for fewer people than the event itself (T23): why a use was denied tells what is in
/// the policies. To others those fields are null, in the event and in an alert that shows it.
package struct EventVeil: Sendable {
    /// Who sees everything.
    package let permission: Permission
    private let fields: [String]

    private static let use = EventVeil(permission: .policiesRead, fields: ["would_deny"])
    private static let denial = EventVeil(
        permission: .policiesRead, fields: use.fields + ["clause", "reason", "clauses"])

    /// Nil for a type of which every reader sees all.
    package init?(_ type: EventType?) {
        switch type {
        case .keyUseDenied?: self = .denial
        case .keyUsed?, .keyUseUnknown?: self = .use
        default: return nil
        }
    }

    private init(permission: Permission, fields: [String]) {
        (self.permission, self.fields) = (permission, fields)
    }

    /// Over an event of this type, or over the one that it shows when it is an alert. Nil where there is
    /// nothing to hide.
    package init?(_ type: EventType, with data: JSONObject) {
        guard Self.isAlert(type) else {
            self.init(type)
            guard hides(data) else { return nil }
            return
        }
        self.init(data["event"]?["type"]?.asString.flatMap { EventType($0) })
    }

    private func hides(_ data: JSONObject) -> Bool {
        fields.contains { name in data[name].map { $0 != .null } ?? false }
    }

    /// All that is said of an alert shows the event that fired it.
    package static func isAlert(_ type: EventType) -> Bool { type.name.hasPrefix("alert.") }

    /// - Parameter data: of an event, or the flat view of one.
    package func drawn(over data: JSONObject) -> JSONObject { Self.hiding(fields, in: data) }

    /// - Parameter group: by names such as `event.reason`.
    package func drawn(overGroup group: JSONObject) -> JSONObject {
        Self.hiding(fields.map { "event.\($0)" }, in: group)
    }

    /// - Parameter data: of an event of this type.
    package func drawn(over data: JSONObject, of type: EventType) -> JSONObject {
        guard Self.isAlert(type) else { return drawn(over: data) }
        return data.mapped { name, value in
            switch (name, value) {
            case ("event", .object(let event)): .object(drawn(over: event))
            case ("group", .object(let group)): .object(drawn(overGroup: group))
            default: value
            }
        }
    }

    private static func hiding(_ names: [String], in object: JSONObject) -> JSONObject {
        object.mapped { name, value in names.contains(name) ? .null : value }
    }
}

extension JSONObject {
    fileprivate func mapped(_ change: (String, JSONValue) -> JSONValue) -> JSONObject {
        var object = JSONObject()
        for member in members { _ = object.append(member.name, change(member.name, member.value)) }
        return object
    }
}

extension FeedEvent {
    /// As somebody with these eyes sees it, who may see it at all.
    func seen(by sight: EventSight, _ targets: Targets) -> FeedEvent {
        // Most events are never read: only these types may have something to hide.
        let ofType = EventVeil(type)
        guard EventVeil.isAlert(type) || ofType != nil else { return self }
        if let ofType, sight.seesBehind(ofType, topic, targets) { return self }
        let data = event.data
        guard let veil = EventVeil(type, with: data), !sight.seesBehind(veil, topic, targets) else {
            return self
        }
        return FeedEvent(
            position: position, at: at, type: type, subject: subject, actor: actor,
            data: JSONValue.object(veil.drawn(over: data, of: type)).bytes)
    }
}
