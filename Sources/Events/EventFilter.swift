package import Access
import HTTPServer
import JSON

/// Which events a reader wants, and which of them it may see (T23).
package struct EventFilter: Sendable {
    /// None is all.
    private let patterns: [EventPattern]
    /// What it is about.
    let subject: String?
    package var sight: EventSight

    package init(patterns: [EventPattern] = [], subject: String? = nil, sight: EventSight) {
        (self.patterns, self.subject, self.sight) = (patterns, subject, sight)
    }

    /// As its reader sees it; nil for what is not for it.
    package func show(_ event: FeedEvent, _ targets: Targets) -> FeedEvent? {
        admits(event, targets) ? event.seen(by: sight, targets) : nil
    }

    package func admits(_ event: FeedEvent, _ targets: Targets) -> Bool {
        guard wants(event) else { return false }
        // Data is read only where it is needed.
        guard EventVeil.isAlert(event.type) else { return sight.sees(event.type, event.topic, targets) }
        return sight.sees(event.event, targets)
    }

    /// As far as it can be told without knowing what the event is about: more than what is admitted, never
    /// less.
    func mayAdmit(_ event: FeedEvent) -> Bool { wants(event) && sight.mayEverSee(event.type) }

    private func wants(_ event: FeedEvent) -> Bool {
        (subject == nil || subject == event.subject) && wants(event.type)
    }

    private func wants(_ type: EventType) -> Bool {
        patterns.isEmpty || patterns.contains { $0.matches(type) }
    }
}

// MARK: For statements, which narrow as far as columns tell

extension EventFilter {
    /// The listed types that it admits some events of; nil when that is all of them, and own events too.
    var types: [String]? {
        let admitted = EventType.all.filter { wants($0) && sight.mayEverSee($0) }
        if patterns.isEmpty, admitted.count == EventType.all.count, sight.mayEverSeeOwn { return nil }
        return admitted.map(\.name) + ownPatterns.map(\.text).filter { !$0.hasSuffix(".*") }
    }

    /// Beginnings of own types that it admits, for `like`; an underscore is escaped.
    var ownPrefixes: [String] {
        guard sight.mayEverSeeOwn else { return [] }
        if patterns.isEmpty { return ["custom.%"] }
        return ownPatterns.map(\.text).filter { $0.hasSuffix(".*") }.map { text in
            text.dropLast().map { $0 == "_" ? "\\_" : String($0) }.joined() + "%"
        }
    }

    private var ownPatterns: [EventPattern] {
        sight.mayEverSeeOwn ? patterns.filter(\.takesCustom) : []
    }
}

extension EventFilter {
    /// The query's `type`: patterns divided by commas.
    static func patterns(_ query: inout Parameters) -> [EventPattern] {
        guard let text = query.text("type", 1...1_000) else { return [] }
        return text.split(separator: ",", omittingEmptySubsequences: false).compactMap { part in
            if let pattern = EventPattern(String(part)) { return pattern }
            query.fail("type", code: FieldCode.notAChoice, EventPattern.mistake(in: String(part)))
            return nil
        }
    }
}
