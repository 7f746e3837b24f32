import Access
import JSON
import Kernel

/// What somebody may choose of a pack's rule.
struct PackParameter: Equatable, Sendable {
    enum Kind: Equatable, Sendable {
        case integer(ClosedRange<Int>)
        case number(ClosedRange<Double>)
        case duration(ClosedRange<Period>)
        /// So many at least, of the choices, or whatever they are when there are none.
        case strings(atLeast: Int, choices: [String])
        case choice([String])
        case webhooks
    }

    static let stringsAtMost = 50
    static let webhooksAtMost = 20

    let name: String
    let kind: Kind
    /// What its numbers are of.
    let unit: String?
    let description: String
    let preset: PackValue
    /// Another parameter of the rule, beyond which it makes no sense.
    var bound: Bound?

    struct Bound: Equatable, Sendable {
        enum Side: Equatable, Sendable { case atMost, atLeast }

        let side: Side
        let name: String
    }

    /// What it is set to by a request or a stored choice; nil when that cannot be: see `mistake`.
    func value(of json: JSONValue) -> PackValue? {
        switch kind {
        case .integer(let range):
            return json.asInt.map { Int($0) }.flatMap { range.contains($0) ? .integer($0) : nil }
        case .number(let range): return json.asDouble.flatMap { range.contains($0) ? .number($0) : nil }
        case .duration(let range):
            guard let text = json.asString, let lapse = Lapse(text), range.contains(lapse.period) else {
                return nil
            }
            return .duration(lapse.period, text: text)
        case .strings(let atLeast, let choices):
            return texts(json, atLeast...Self.stringsAtMost) { text in
                choices.isEmpty ? (1...100).contains(text.unicodeScalars.count) : choices.contains(text)
            }
        case .choice(let choices):
            return json.asString.flatMap { choices.contains($0) ? .text($0) : nil }
        case .webhooks: return texts(json, 0...Self.webhooksAtMost) { WebhookID($0) != nil }
        }
    }

    private func texts(
        _ json: JSONValue, _ count: ClosedRange<Int>, _ isFit: (String) -> Bool
    ) -> PackValue? {
        guard let elements = json.asArray, count.contains(elements.count) else { return nil }
        let texts = elements.compactMap(\.asString)
        guard texts.count == elements.count, Set(texts).count == texts.count, texts.allSatisfy(isFit) else {
            return nil
        }
        return .texts(texts)
    }

    /// What it must be.
    var expectation: String {
        switch kind {
        case .integer(let range):
            return "must be a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .number(let range): return "must be a number from \(range.lowerBound) to \(range.upperBound)"
        case .duration(let range):
            return "must be a number and a unit, as 15m, from \(range.lowerBound) to \(range.upperBound)"
        case .strings(let atLeast, let choices):
            let what = choices.isEmpty ? "strings" : "of " + choices.joined(separator: ", ")
            return "must be a list of \(atLeast) to \(Self.stringsAtMost) different \(what)"
        case .choice(let choices): return "must be one of " + choices.joined(separator: ", ")
        case .webhooks: return "must be a list of at most \(Self.webhooksAtMost) ids of webhooks"
        }
    }
}

extension PackParameter {
    /// What every rule of a pack lets one choose.
    static func common(severity: Severity, cooldown: Lapse?) -> [PackParameter] {
        [
            PackParameter(
                name: "severity", kind: .choice(Severity.allCases.map(\.rawValue)), unit: nil,
                description: "How bad it is.", preset: .text(severity.rawValue)),
            PackParameter(
                name: "send_to", kind: .webhooks, unit: nil,
                description: "Webhooks that are told; without any, the ones that take alerts.",
                preset: .texts([])),
            PackParameter(
                name: "cooldown", kind: .duration(.seconds(1)...(.days(365))), unit: nil,
                description: "For so long further firings of a group are only counted.",
                preset: cooldown.map { .duration($0.period, text: $0.text) } ?? PackValue.none),
        ]
    }
}

/// As openapi.yaml's `PackParameter`.
extension PackParameter {
    private var typeName: String {
        switch kind {
        case .integer: "integer"
        case .number: "number"
        case .duration: "duration"
        case .strings: "strings"
        case .choice: "choice"
        case .webhooks: "webhooks"
        }
    }

    private var bounds: (least: JSONValue, most: JSONValue) {
        switch kind {
        case .integer(let range):
            (PackValue.integer(range.lowerBound).json, PackValue.integer(range.upperBound).json)
        case .number(let range):
            (PackValue.number(range.lowerBound).json, PackValue.number(range.upperBound).json)
        case .duration(let range):
            (.string(range.lowerBound.description), .string(range.upperBound.description))
        case .strings(let atLeast, _):
            (PackValue.integer(atLeast).json, PackValue.integer(Self.stringsAtMost).json)
        case .choice: (.null, .null)
        case .webhooks: (PackValue.integer(0).json, PackValue.integer(Self.webhooksAtMost).json)
        }
    }

    private var choices: [String] {
        switch kind {
        case .strings(_, let choices), .choice(let choices): choices
        case .integer, .number, .duration, .webhooks: []
        }
    }

    /// - Parameter chosen: by somebody; nil: nothing was.
    func write(to w: inout JSONWriter, chosen: JSONValue?) {
        w.object { w in
            w.field("name", name)
            w.field("type", typeName)
            w.field("unit", unit)
            w.field("description", description)
            w.field("minimum", bounds.least)
            w.field("maximum", bounds.most)
            w.field("choices", choices)
            w.field("at_most", bound.flatMap { $0.side == .atMost ? $0.name : nil })
            w.field("at_least", bound.flatMap { $0.side == .atLeast ? $0.name : nil })
            w.field("default", preset.json)
            w.field("value", chosen ?? preset.json)
            w.field("adjusted", chosen != nil)
        }
    }
}
