import Events
import JSON

/// What one person does to an endpoint that may keep from its readers what they were told before: told by all
/// other endpoints, whatever they subscribed to, so that nobody is muted unnoticed.
struct WebhookNarrowing {
    /// What is different, by the names of a request's fields.
    let changed: [String]
    /// Where its messages went.
    private let previousHost: String

    /// Nil when everything goes where it went.
    /// - Parameter place: the field that sends it elsewhere.
    init?(_ before: Webhook, _ after: Webhook, elsewhereBy place: String? = nil) {
        var changed = [place].compactMap(\.self)
        if Self.narrows(before.eventTypes, after.eventTypes) { changed.append("event_types") }
        // All must hold: one more takes something away.
        if after.terms.matchers.contains(where: { !before.terms.matchers.contains($0) }) {
            changed.append("matchers")
        }
        if after.terms.template != nil, after.terms.template != before.terms.template {
            changed.append("template")
        }
        if after.terms.payload == .thin, before.terms.payload == .full { changed.append("payload") }
        if changed.isEmpty { return nil }
        (self.changed, previousHost) = (changed, before.host)
    }

    /// Whether something that was taken is not taken any more.
    static func narrows(_ before: [String], _ after: [String]) -> Bool {
        let (old, new) = (before.map { EventPattern(trusted: $0) }, after.map { EventPattern(trusted: $0) })
        if old.contains(where: { pattern in !new.contains { $0.covers(pattern) } }) { return true }
        // Whoever says nothing of alerts is told all of those that it is named for.
        let wasOpen = !old.contains(where: \.isAboutAlerts)
        return wasOpen && new.contains(where: \.isAboutAlerts) && !new.contains(.alerts)
    }

    func event(of webhook: Webhook) -> NewEvent {
        webhook.event(
            .endpointChanged,
            [
                "changed": .array(changed.map { .string($0) }), "previous_host": .string(previousHost),
            ])
    }
}
