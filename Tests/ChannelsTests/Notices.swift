import JSON
import Testing

@testable import Channels

/// Messages as the queue holds them.
enum Notices {
    static let link = "https://keybell.example/v1/alerts/alert_1"

    static func alert(
        _ type: String = "alert.firing", rule: String = "Withdrawal attempt",
        sentence: String = "bot-7 tried to withdraw with key main", severity: String = "critical",
        id: String = "alert_1", count: Int = 1, state: String = "firing"
    ) throws -> Notice {
        let data: JSONValue = [
            "alert_id": .string(id), "rule": ["id": "rule_1", "name": .string(rule), "version": 1],
            "severity": .string(severity), "state": .string(state),
            "summary": .string("\(rule): \(sentence)"),
            "labels": ["desk": "spot"], "group": ["event.key_id": "key_1"],
            "count": .number(JSONNumber(count)), "first_at": "2026-01-05T08:00:00.000Z",
            "last_at": "2026-01-05T08:00:00.000Z", "event": ["type": "key.use.denied"],
            "url": .string("https://keybell.example/v1/alerts/\(id)"), "sequence": 12,
        ]
        return try of(type, data, message: "msg_\(id)")
    }

    static func event(_ type: String, _ data: JSONValue) throws -> Notice {
        try of(type, data, message: "msg_2")
    }

    private static func of(_ type: String, _ data: JSONValue, message: String) throws -> Notice {
        let body: JSONValue = [
            "type": .string(type), "timestamp": "2026-01-05T08:00:00.000Z", "data": data,
        ]
        return try #require(Notice(id: message, body: body.bytes))
    }
}

extension ChannelRequest {
    var text: String { String(decoding: body, as: UTF8.self) }
    var json: JSONValue? { try? JSONValue.parse(body) }
}
