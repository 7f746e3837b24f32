import Events
import JSON

/// One of those on which a template is tried.
struct TemplateSample: Sendable {
    let message: JSONValue
    /// Of a placeholder, whether it may name what this lacks: nobody knows what own events hold.
    var isOpen: @Sendable (String) -> Bool = { _ in false }
}

/// What a template is tried on before it is stored: messages as they could come.
enum SampleMessage {
    /// More types than that tell nothing new of a template.
    private static let typesAtMost = 40

    /// All that is told of alerts, which rules send wherever they want, what is no event, and an event of
    /// each type that the endpoint takes, as it gets them.
    static func all(of patterns: [String], _ payload: DeliveryTerms.Payload) -> [TemplateSample] {
        if payload == .full { return whole(of: patterns) }
        return whole(of: patterns).map { TemplateSample(message: MessageBody.thin($0.message)) }
    }

    private static func whole(of patterns: [String]) -> [TemplateSample] {
        let taken = patterns.map { EventPattern(trusted: $0) }
        let isOfAlerts = { (type: EventType) in type.name.hasPrefix("alert.") }
        let types = EventType.all.filter { type in
            !isOfAlerts(type) && taken.contains { $0.matches(type) }
        }
        let events = (EventType.all.filter(isOfAlerts) + types.prefix(typesAtMost)).map { type in
            TemplateSample(message: message(type.name, fields(of: type)))
        }
        let own = TemplateSample(message: message("custom.sample", []), isOpen: { _ in true })
        let others = [batch, digest, heartbeat, test].map { TemplateSample(message: $0) }
        return [TemplateSample(message: alert, isOpen: isOpenInAlerts)] + others + events
            + (taken.contains(where: \.takesCustom) ? [own] : [])
    }

    /// What an alert's event, labels and group hold is its rule's and its event's.
    private static func isOpenInAlerts(_ source: String) -> Bool {
        ["data.event.", "data.event[", "data.labels", "data.group"].contains { source.contains($0) }
    }

    private static let batch: JSONValue = [
        "type": .string(Batches.type), "timestamp": "2026-01-05T08:00:00.000Z",
        "data": ["count": 1, "alerts": [alert], "sequence": 1],
    ]

    /// What was held, as Alerts tells it.
    private static let digest: JSONValue = [
        "type": .string(Message.digestType), "timestamp": "2026-01-05T08:00:00.000Z",
        "data": [
            "severity": "critical", "summary": "1 alert: 1 × Withdrawal attempt", "count": 1, "resolved": 0,
            "rules": [
                [
                    "id": "rule_01ke6my6g1faarys795p07e3x2", "name": "Withdrawal attempt", "version": 1,
                    "count": 1,
                ]
            ],
            "alerts": [
                [
                    "alert_id": "alrt_01ke6my6g1f72aabsp2fhyey4q", "rule": "Withdrawal attempt",
                    "severity": "critical", "state": "firing", "summary": "a withdrawal was denied",
                    "count": 1, "url": "https://keybell.example/alerts#alrt_01ke6my6g1f72aabsp2fhyey4q",
                ]
            ],
            "more": 0, "url": "https://keybell.example/alerts", "sequence": 1,
        ],
    ]

    private static let heartbeat: JSONValue = [
        "type": "keybell.heartbeat", "timestamp": "2026-01-05T08:00:00.000Z",
        "data": ["every": "1m", "next_at": "2026-01-05T08:01:00.000Z", "sequence": 1],
    ]

    private static let test: JSONValue = [
        "type": "webhook.test", "timestamp": "2026-01-05T08:00:00.000Z",
        "data": ["webhook_id": "whk_01ke6my6g1fbtv57bhvm9ze9p6", "name": "sample", "sequence": 1],
    ]

    private static func message(_ type: String, _ data: [(String, JSONValue)]) -> JSONValue {
        var whole = JSONObject(members: [
            ("event_id", "evt_01ke6my6g1fm6a0z90d1bazx5e"), ("subject", "sample"),
        ])
        for (name, value) in data { _ = whole.append(name, value) }
        _ = whole.append("sequence", 1)
        return ["type": .string(type), "timestamp": "2026-01-05T08:00:00.000Z", "data": .object(whole)]
    }

    private static func fields(of type: EventType) -> [(String, JSONValue)] {
        (type.dataFields ?? []).map { ($0.name, value($0.kind)) }
    }

    private static func value(_ kind: EventField.Kind) -> JSONValue {
        switch kind {
        case .string: "sample"
        case .strings: ["sample"]
        case .number, .integer: 1
        case .boolean: true
        case .map: ["name": "sample"]
        }
    }

    /// The fields of `AlertNotice`.
    private static let alert: JSONValue = [
        "type": "alert.firing", "timestamp": "2026-01-05T08:00:00.000Z",
        "data": [
            "event_id": "evt_01ke6my6g1fm6a0z90d1bazx5e", "subject": "alrt_01ke6my6g1f72aabsp2fhyey4q",
            "alert_id": "alrt_01ke6my6g1f72aabsp2fhyey4q",
            "rule": ["id": "rule_01ke6my6g1faarys795p07e3x2", "name": "Withdrawal attempt", "version": 1],
            "severity": "critical", "state": "firing", "summary": "a withdrawal was denied",
            "advice": "Suspend the key unless somebody of the desk did this.",
            "labels": ["team": "desk"], "group": ["event.key_id": "key_01ke6my6g1e5t8k5m7m9k23x72"],
            "count": 1,
            "first_at": "2026-01-05T08:00:00.000Z", "last_at": "2026-01-05T08:00:00.000Z",
            "event": [
                "id": "evt_01ke6my6g1fm6a0z90d1bazx5e", "type": "key.use.denied",
                "at": "2026-01-05T08:00:00.000Z", "subject": "key_01ke6my6g1e5t8k5m7m9k23x72",
            ],
            "url": "https://keybell.example/alerts#alrt_01ke6my6g1f72aabsp2fhyey4q", "sequence": 1,
        ],
    ]
}
