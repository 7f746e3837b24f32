package import Access
import HTTPServer
import JSON

/// Which events a reader wants, and which of them it may see (T23).
package struct EventFilter: Sendable {
    /// None is all.
    private let patterns: [EventPattern]
    /// What it is about.
    let subject: String?
    package var permissions: Set<Permission>

    package init(patterns: [EventPattern] = [], subject: String? = nil, permissions: Set<Permission>) {
        (self.patterns, self.subject, self.permissions) = (patterns, subject, permissions)
    }

    package func admits(_ event: FeedEvent) -> Bool {
        permissions.contains(event.type.permission) && (subject == nil || subject == event.subject)
            && (patterns.isEmpty || patterns.contains { $0.matches(event.type) })
            && maySeeInside(event)
    }

    /// As its reader sees it; nil for what is not for it.
    package func show(_ event: FeedEvent) -> FeedEvent? {
        admits(event) ? event.seen(by: permissions) : nil
    }

    /// An alert shows the event that fired it, so it is for whoever may read that one too.
    private func maySeeInside(_ event: FeedEvent) -> Bool {
        guard EventVeil.isAlert(event.type) else { return true }
        guard let shown = event.event.data["event"]?["type"]?.asString else { return true }
        return EventType(shown).map { permissions.contains($0.permission) } ?? false
    }

    /// The listed types that it admits; nil when that is all of them, and own events too.
    var types: [String]? {
        let admitted = EventType.all.filter { type in
            permissions.contains(type.permission)
                && (patterns.isEmpty || patterns.contains { $0.matches(type) })
        }
        let seesAll = admitted.count == EventType.all.count && permissions.contains(.eventsRead)
        if patterns.isEmpty, seesAll { return nil }
        return admitted.map(\.name) + ownPatterns.map(\.text).filter { !$0.hasSuffix(".*") }
    }

    /// Beginnings of own types that it admits, for `like`; an underscore is escaped.
    var ownPrefixes: [String] {
        guard permissions.contains(.eventsRead) else { return [] }
        if patterns.isEmpty { return ["custom.%"] }
        return ownPatterns.map(\.text).filter { $0.hasSuffix(".*") }.map { text in
            text.dropLast().map { $0 == "_" ? "\\_" : String($0) }.joined() + "%"
        }
    }

    private var ownPatterns: [EventPattern] {
        permissions.contains(.eventsRead) ? patterns.filter(\.takesCustom) : []
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
