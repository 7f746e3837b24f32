import Channels
import Events
import JSON

/// What a person reads on a phone: the rule's name and what happened, in one line.
enum AlertSummary {
    /// Fits a notification.
    private static let maxCharacters = 240

    static func text(_ firing: Firing) -> String {
        let happened = sentence(firing.event.type, firing.view, by: firing.actor, on: firing.thing)
        let line = Plain.line("\(firing.rule.content.name): \(firing.rule.content.lead)\(happened)")
        return line.count <= maxCharacters ? line : line.prefix(maxCharacters - 1) + "…"
    }

    /// - Parameters:
    ///   - actor: who did it, or whom it happened to, for sentences that say so; nil where no name is known.
    ///   - thing: the key that a request is about, where its label is known.
    static func sentence(
        _ type: EventType, _ event: JSONObject, by actor: String? = nil, on thing: String? = nil
    ) -> String {
        told(type, Words(event: event, who: actor, thing: thing))
            ?? [type.name, event["subject"]?.asString].compactMap(\.self).joined(separator: " ")
    }

    /// Nil where nobody wrote a sentence: of own events that say nothing of themselves, and of what no rule
    /// can match.
    static func told(_ type: EventType, _ f: Words) -> String? {
        if type.isCustom { return ownSentence(type, f) }
        return useSentence(type, f) ?? keySentence(type, f) ?? rotationSentence(type, f)
            ?? accessSentence(type, f) ?? peopleSentence(type, f) ?? approvalSentence(type, f)
            ?? seriesSentence(type, f) ?? marketSentence(type, f) ?? watchSentence(type, f)
            ?? upkeepSentence(type, f)
    }

    /// What whoever pushed it says of it, as channels show it.
    private static func ownSentence(_ type: EventType, _ f: Words) -> String? {
        for name in ["summary", "message"] {
            let text = Plain.line(f.event[name]?.asString ?? "")
            if !text.isEmpty { return text }
        }
        let place = [f.event["account"], f.event["exchange"]].compactMap { $0?.asString }
        let whose = place.isEmpty ? "" : " (\(place.joined(separator: " at ")))"
        // Of the pack `exchange`, which asks for no words.
        switch type.name {
        case "custom.exchange.login_failed": return "a log-in at the exchange failed\(whose)"
        case "custom.exchange.api_key_created": return "an API key was made at the exchange\(whose)"
        case "custom.exchange.withdrawal": return "a withdrawal was made or asked for at the exchange\(whose)"
        case "custom.exchange.address_added":
            return "an address to withdraw to was added at the exchange\(whose)"
        default: return nil
        }
    }
}

/// Fields as words of a sentence; a dash for what is missing.
struct Words {
    let event: JSONObject
    /// Who did it, or whom it happened to, as `ActorNames` writes it.
    var who: String?
    /// The key that a request is about, likewise.
    var thing: String?

    subscript(name: String) -> String { Self.word(event[name]) }

    /// A number with at most two decimals: nobody reads more on a phone, and the event has them all.
    func short(_ name: String) -> String {
        let text = self[name]
        guard text.count > Self.shortNumber, let number = event[name]?.asDouble, abs(number) < 1e9 else {
            return text
        }
        let hundredths = Int((abs(number) * 100).rounded())
        let (whole, rest) = hundredths.quotientAndRemainder(dividingBy: 100)
        return "\(number < 0 && hundredths > 0 ? "-" : "")\(whole).\(rest < 10 ? "0" : "")\(rest)"
    }

    /// Characters that stand as they are.
    private static let shortNumber = 5

    var key: String { "key \(self["label"]) (\(self["exchange"]) \(self["account"]))" }
    var series: String { "\(self["symbol"]) \(self["interval"])" }
    /// At the end of a sentence, when one was given.
    var reason: String { after("reason") }

    /// The same of another field.
    func after(_ name: String) -> String { event[name]?.asString.map { ": \($0)" } ?? "" }

    /// Where it came from, when that is known.
    var from: String { event["address"]?.asString.map { " from \($0)" } ?? "" }

    /// One of a list of words, as people write it.
    func plain(_ name: String) -> String { self[name].replacing("_", with: " ") }

    var person: String { who ?? "somebody" }
    /// Nothing where the service did it by itself.
    var by: String { who.map { " by \($0)" } ?? "" }
    var of: String { who.map { " of \($0)" } ?? "" }

    private static func word(_ value: JSONValue?) -> String {
        switch value {
        case .string(let text): text
        case .number(let number): number.text
        case .bool(let truth): truth ? "yes" : "no"
        case .array(let values): values.map(word).joined(separator: ", ")
        default: "–"
        }
    }
}
