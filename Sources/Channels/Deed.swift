import JSON
import Kernel

/// What somebody or time did about an alert, as a sentence: who, to whom, until when, and what they said.
struct Deed {
    let text: String

    /// Nil of what fires for the first time, and where the receiver gets ids alone.
    init?(_ type: String, _ data: JSONObject) {
        let said = Said(data: data)
        switch type {
        case "alert.acknowledged":
            guard let person = said.person("acknowledged_by") else { return nil }
            let until = said.time("until").map { " until \($0)" } ?? ""
            text = "by \(person)\(until)\(said.note)"
        case "alert.assigned":
            guard let person = said.person("assigned_by") else { return nil }
            text = "to \(said.person("assigned_to") ?? "nobody") by \(person)\(said.note)"
        case "alert.commented":
            guard let words = said.words("text") else { return nil }
            text = said.person("author_id").map { "\($0): \(words)" } ?? words
        case "alert.resolved":
            // By itself: the note says why.
            guard let person = said.person("resolved_by") else {
                guard let note = said.words("note") else { return nil }
                text = note
                return
            }
            text = "by \(person)\(said.note)"
        case "alert.escalated":
            guard let step = data["step"]?.asInt else { return nil }
            text = "Step \(step) of its escalation."
        case "alert.reopened":
            guard let reason = said.words("reason") else { return nil }
            text = Self.reopened(reason, said.person("acknowledged_by") ?? "somebody")
        case "alert.flapping":
            guard let times = data["times"]?.asInt, let within = said.words("within") else { return nil }
            text = "It fired \(times) times within \(within)."
        default: return nil
        }
    }

    /// - Parameter who: looked after it until then.
    private static func reopened(_ reason: String, _ who: String) -> String {
        switch reason {
        case "severity": "It is graver than when \(who) acknowledged it."
        case "count": "It fired twice as often as when \(who) acknowledged it."
        case "acknowledgement_ended": "The time of \(who) to look after it is over."
        default: "It got worse since \(who) acknowledged it."
        }
    }
}

/// What the message of a deed has, in a person's words.
private struct Said {
    let data: JSONObject

    /// Nil where there is nothing to see.
    func words(_ name: String) -> String? {
        let text = Plain.line(data[name]?.asString ?? "")
        return text.isEmpty ? nil : text
    }

    var note: String { words("note").map { ": \($0)" } ?? "" }

    /// By the name, where the receiver may know it, else by the id.
    func person(_ field: String) -> String? {
        guard let id = words(field) else { return nil }
        let name = Plain.line(data["names"]?[id]?.asString ?? "")
        return "\(id.hasPrefix("bot_") ? "bot" : "user") \(name.isEmpty ? id : name)"
    }

    /// To the minute: `2026-01-05 08:00 UTC`.
    func time(_ name: String) -> String? {
        guard let text = words(name) else { return nil }
        guard let time = Timestamp(text) else { return text }
        return time.description.prefix(16).replacing("T", with: " ") + " UTC"
    }
}
