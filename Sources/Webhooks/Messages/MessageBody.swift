import Events
import JSON
import Kernel

/// The bytes that a receiver gets and that are signed: built once, around the sequence number that the
/// database gives.
struct MessageBody {
    /// "Under 20 kB".
    static let limitBytes = 19_999
    /// Digits of the largest sequence number.
    private static let sequenceBytes = 19

    /// Where an own event's data stands as it was pushed, when a name in it is one of a message's own.
    static let pushedName = "event_data"
    static let ownNames: Set<String> = ["event_id", "sequence", "thinned", pushedName]

    let prefix: [UInt8]
    static let suffix = Array("}}".utf8)

    /// What does not fit is told without its long members: what it is about, and where all of it stands.
    init(_ message: Message, _ payload: DeliveryTerms.Payload = .full) {
        let whole = Self.prefix(
            message, payload == .full ? message.data : Self.reference(message.data, message.type))
        let isTooLarge = whole.count + Self.sequenceBytes + Self.suffix.count > Self.limitBytes
        prefix = isTooLarge ? Self.prefix(message, Self.shortened(message.data, message.type)) : whole
        precondition(prefix.count + Self.sequenceBytes + Self.suffix.count <= Self.limitBytes)
    }

    /// What the messages of a batch may have together: the frame and the commas are below 200.
    static let batchBytes = limitBytes - 200

    /// Of messages that each fit.
    init(batch messages: [[UInt8]], type: String, at now: Timestamp) {
        var w = JSONWriter(capacity: Self.limitBytes)
        w.object { w in
            w.field("type", type)
            w.field("timestamp", now.description)
            w.object("data") { w in
                w.field("count", messages.count)
                w.array("alerts", messages) { w, message in w.raw(message) }
                w.field("sequence", 0)
            }
        }
        prefix = Array(w.bytes.dropLast(3))
        precondition(prefix.count + Self.sequenceBytes + Self.suffix.count <= Self.limitBytes)
    }

    /// The message alone, as a batch holds it.
    static func whole(_ message: Message, _ payload: DeliveryTerms.Payload) -> [UInt8] {
        let data = payload == .full ? message.data : reference(message.data, message.type)
        let bytes = written(message, data, hasSequence: false)
        if bytes.count <= batchBytes { return bytes }
        return written(message, shortened(message.data, message.type), hasSequence: false)
    }

    /// A message as it was stored, thin.
    static func thinned(_ message: JSONValue) -> JSONValue {
        let members = (message.asObject ?? JSONObject()).members
        let type = message["type"]?.asString ?? ""
        return .object(
            JSONObject(
                members: members.map { member in
                    guard let data = member.value.asObject else { return (member.name, member.value) }
                    return (member.name, .object(thinned(data, type)))
                }))
    }

    /// A message as an endpoint gets it that takes ids alone, and each of a batch.
    static func thin(_ message: JSONValue) -> JSONValue {
        guard var data = message["data"]?.asObject else { return message }
        let (type, sequence) = (message["type"]?.asString ?? "", data["sequence"])
        if type == Batches.type, let alerts = data["alerts"]?.asArray {
            data = JSONObject(
                members: data.members.map { member in
                    member.name == "alerts"
                        ? (member.name, .array(alerts.map(thin))) : (member.name, member.value)
                })
        } else {
            data = reference(data, type)
            if let sequence { _ = data.append("sequence", sequence) }
        }
        let members = (message.asObject ?? JSONObject()).members
        return .object(
            JSONObject(members: members.map { ($0.name, $0.name == "data" ? .object(data) : $0.value) }))
    }

    func bytes(sequence: Int64) -> [UInt8] { prefix + Array(String(sequence).utf8) + Self.suffix }

    private static func prefix(_ message: Message, _ data: JSONObject) -> [UInt8] {
        // Without `0}}`.
        Array(written(message, data, hasSequence: true).dropLast(3))
    }

    private static func written(_ message: Message, _ data: JSONObject, hasSequence: Bool) -> [UInt8] {
        var w = JSONWriter(capacity: 512)
        w.object { w in
            w.field("type", message.type)
            w.field("timestamp", message.timestamp.description)
            w.object("data") { w in
                for member in data.members where member.name != "sequence" {
                    w.field(member.name, member.value)
                }
                if hasSequence { w.field("sequence", 0) }
            }
        }
        return w.bytes
    }

    /// What we say ourselves; whatever else an own event has was said by whoever pushed it.
    private static func reference(_ data: JSONObject, _ type: String) -> JSONObject {
        var reference = JSONObject()
        let isOwn = EventType(type)?.isCustom == true
        for name in isOwn ? ["event_id", "subject"] : ["event_id", "subject", "alert_id", "url"] {
            if let value = data[name] { _ = reference.append(name, value) }
        }
        return reference
    }

    /// Of one member that stays, and of all of them, where not everything fits.
    private static let shortBytes = (member: 1_024, all: 12_288)

    /// The short members alone, and that there is more.
    private static func shortened(_ data: JSONObject, _ type: String) -> JSONObject {
        var short = reference(data, type)
        var bytes = JSONValue.object(short).bytes.count
        for member in data.members where short[member.name] == nil {
            let size = member.value.bytes.count
            guard size <= shortBytes.member, bytes + size <= shortBytes.all else { continue }
            bytes += size + member.name.utf8.count + 4
            _ = short.append(member.name, member.value)
        }
        _ = short.append("thinned", true)
        return short
    }

    /// A reference in the place of all, which says so.
    private static func thinned(_ data: JSONObject, _ type: String) -> JSONObject {
        var thin = reference(data, type)
        _ = thin.append("thinned", true)
        return thin
    }
}
