import JSON
import Kernel

/// The bytes that a receiver gets and that are signed: built once, around the sequence number that the
/// database gives.
struct MessageBody {
    /// "Under 20 kB".
    static let limitBytes = 19_999
    /// Digits of the largest sequence number.
    private static let sequenceBytes = 19

    let prefix: [UInt8]
    static let suffix = Array("}}".utf8)
    /// What was meant did not fit; `prefix` says only what it was about.
    let isTooLarge: Bool

    init(_ message: Message) {
        let whole = Self.prefix(message, message.data)
        isTooLarge = whole.count + Self.sequenceBytes + Self.suffix.count > Self.limitBytes
        prefix = isTooLarge ? Self.prefix(message, Self.reference(message)) : whole
    }

    func bytes(sequence: Int64) -> [UInt8] { prefix + Array(String(sequence).utf8) + Self.suffix }

    private static func prefix(_ message: Message, _ data: JSONObject) -> [UInt8] {
        var w = JSONWriter(capacity: 512)
        w.object { w in
            w.field("type", message.type)
            w.field("timestamp", message.timestamp.description)
            w.object("data") { w in
                for member in data.members where member.name != "sequence" {
                    w.field(member.name, member.value)
                }
                w.field("sequence", 0)
            }
        }
        // Without `0}}`.
        return Array(w.bytes.dropLast(3))
    }

    private static func reference(_ message: Message) -> JSONObject {
        var data = JSONObject()
        for name in ["event_id", "subject", "alert_id"] {
            if let value = message.data[name] { _ = data.append(name, value) }
        }
        return data
    }
}
