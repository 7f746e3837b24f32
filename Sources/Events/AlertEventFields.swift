/// Fields of what is told of alerts: each shows the alert, and with it the event that fired it.
extension EventFields {
    static let ofAlerts: [String: [EventField]] = [
        "alert.firing": alert,
        "alert.resolved": alert + [
            EventField("resolved_by", .string, isNullable: true),
            EventField("note", .string, isNullable: true), names,
        ],
        "alert.acknowledged": alert + [
            EventField("acknowledged_by", .string), EventField("until", .string, isNullable: true),
            EventField("note", .string, isNullable: true), names,
        ],
        "alert.assigned": alert + [
            EventField("assigned_to", .string, isNullable: true), EventField("assigned_by", .string),
            EventField("note", .string, isNullable: true), names,
        ],
        "alert.commented": alert + [
            EventField("comment_id", .string), EventField("author_id", .string), EventField("text", .string),
            names,
        ],
        "alert.reopened": alert + [
            EventField("reason", .string), EventField("acknowledged_by", .string, isNullable: true), names,
        ],
        "alert.escalated": alert + [
            EventField("route_id", .string), EventField("step", .integer),
            EventField("webhook_ids", .strings),
        ],
        "alert.flapping": alert + [EventField("times", .integer), EventField("within", .string)],
        "alert.settled": alert + [EventField("quiet_for", .string)],
        "route.changed": [
            EventField("route_id", .string), EventField("name", .string), EventField("change", .string),
            EventField("matchers", .strings), EventField("webhook_ids", .strings),
        ],
        "silence.created": silence,
        "silence.ended": silence + [
            EventField("ended_by", .string, isNullable: true), EventField("hidden", .integer),
        ],
        "maintenance_window.changed": [
            EventField("maintenance_window_id", .string), EventField("name", .string),
            EventField("change", .string), EventField("matchers", .strings), EventField("reason", .string),
        ],
        "quiet_hours.changed": [
            EventField("principal_id", .string), EventField("change", .string),
            EventField("time_zone", .string, isNullable: true), EventField("webhook_ids", .strings),
        ],
        "rule.weakened": rule + [
            EventField("change", .string), EventField("changed", .strings),
            EventField("reason", .string, isNullable: true),
        ],
    ]

    /// For readers who may know people, and in messages only.
    private static let names = EventField("names", .map, isNullable: true, isOptional: true)

    private static let silence: [EventField] = [
        EventField("silence_id", .string), EventField("matchers", .strings), EventField("reason", .string),
        EventField("author_id", .string), EventField("starts_at", .string), EventField("ends_at", .string),
        EventField("hides_security", .boolean),
    ]
}
