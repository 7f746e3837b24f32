import JSON

/// What rules and webhooks say to take events: one type, or all of an area as `key.*`.
package struct EventPattern: Hashable, Sendable, CustomStringConvertible {
    /// As written.
    package let text: String
    /// `key.` for `key.*`; nil for one type.
    private let area: String?

    package var description: String { text }

    /// Of what was checked when it was stored; its type may be one of those that are no more.
    package init(trusted text: String) {
        self.text = text
        area = text.hasSuffix(".*") ? String(text.dropLast()) : nil
    }

    /// Nil when no event could ever match: see `mistake(in:)`.
    package init?(_ text: String) {
        self.init(trusted: text)
        guard text.utf8.count <= EventType.maxNameBytes, text != Self.market.text, isPossible else {
            return nil
        }
    }

    /// `market` of a rule's `on`: each close of a candle.
    package static let market = EventPattern(trusted: "market")

    /// As `init(_:)`, and `market`.
    package init?(ofRule text: String) {
        guard text == Self.market.text || text == EventType.marketClosed.name else {
            self.init(text)
            return
        }
        self = .market
    }

    package func matches(_ type: EventType) -> Bool { matches(type.name) }

    /// Closes of candles are so many that only their own name takes them, and no area.
    package func matches(_ type: String) -> Bool {
        if type == EventType.marketClosed.name { return text == type || text == Self.market.text }
        guard let area else { return type == text }
        return type.hasPrefix(area)
    }

    /// Whether it matches all that the other matches, of types that are and of those that may come.
    package func covers(_ other: EventPattern) -> Bool {
        guard let area else { return other.text == text }
        return other.text.hasPrefix(area) && other.text != EventType.marketClosed.name
    }

    /// The listed types that it takes; own events come besides when `takesCustom`.
    package var types: [EventType] { EventType.all.filter(matches) }

    package var takesCustom: Bool { text.hasPrefix("custom.") }

    private var isPossible: Bool {
        guard takesCustom else { return !types.isEmpty }
        guard let area else { return EventType(text) != nil }
        return area == "custom." || EventType(String(area.dropLast())) != nil
    }

    /// Why `text` is no pattern, as a sentence that goes on after the field's name.
    package static func mistake(in text: String) -> String {
        let candidates = EventType.all.map(\.name) + areas.map { $0 + ".*" }
        let guess = Suggestion.closest(to: text, among: candidates).map { "; did you mean \($0)?" } ?? ""
        return "is no event type, and no area such as key.*\(guess)"
    }

    private static var areas: [String] {
        var seen: Set<String> = []
        let firsts = EventType.all.compactMap { $0.name.split(separator: ".").first.map(String.init) }
        return (firsts + ["custom"]).filter { seen.insert($0).inserted }
    }
}
