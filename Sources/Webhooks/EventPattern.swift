import Events
import JSON

/// Which events a webhook takes: one type, or all of an area as `key.*`.
package struct EventPattern: Hashable, Sendable, CustomStringConvertible {
    package let text: String
    /// `key.` for `key.*`; nil for one type.
    private let area: String?

    /// What alerts are told as.
    static let alerts = EventPattern(trusted: "alert.*")

    init(trusted text: String) {
        self.text = text
        area = text.hasSuffix(".*") ? String(text.dropLast()) : nil
    }

    /// Nil unless a type can exist that it takes.
    package init?(_ text: String) {
        self.init(trusted: text)
        guard let area else {
            guard EventType(text) != nil else { return nil }
            return
        }
        // `custom.orders.*` takes what begins with `custom.orders.`.
        let isKnown = EventType.all.contains { $0.name.hasPrefix(area) } || EventType(area + "any") != nil
        guard isKnown, text.utf8.count <= 100 else { return nil }
    }

    package var description: String { text }

    /// About alerts rather than events.
    var isAboutAlerts: Bool { text.hasPrefix("alert.") }

    package func takes(_ type: String) -> Bool {
        guard let area else { return type == text }
        return type.hasPrefix(area)
    }

    /// Whether it takes all that the other takes.
    func covers(_ other: EventPattern) -> Bool {
        guard let area else { return other.text == text }
        return other.text.hasPrefix(area)
    }

    /// What a mistyped one may have meant.
    static func suggestion(for text: String) -> String? {
        let areas = Set(EventType.all.map { String($0.name.prefix { $0 != "." }) + ".*" })
        return Suggestion.closest(to: text, among: EventType.all.map(\.name) + areas.sorted())
    }
}
