import Access
import Channels
import Events
import JSON
import Kernel
import TestSupport
import Testing

@testable import Webhooks

/// Who takes a message, from values alone.
struct MessageTargetTests {
    /// Three that differ in what they subscribed to: alerts, keys, and alerts as pages.
    private let alerts = Self.entry(1, takes: ["alert.*"])
    private let keys = Self.entry(2, takes: ["key.*"])
    private let pager = Self.entry(3, takes: ["alert.*"], channel: .pagerduty)

    private static func entry(
        _ number: UInt64, takes: [String], channel: ChannelKind? = nil
    ) -> WebhookSnapshot.Entry {
        WebhookSnapshot.Entry(
            id: WebhookID(UUID(high: 1, low: number)), name: "\(number)",
            url: "https://hooks.example/\(number)",
            patterns: takes.compactMap { EventPattern($0) }, owner: PrincipalID(.user, UUID(high: 2, low: 2)),
            status: .active, downSince: nil, revision: 1, epoch: 1, signingKey: [], terms: DeliveryTerms(),
            channel: channel.map {
                WebhookChannel(kind: $0, settings: JSONObject(), secretNames: [], sealed: nil)
            })
    }

    private func takers(
        _ target: Message.Target, _ type: String = "alert.firing", withheld: Set<WebhookID> = []
    ) -> [WebhookID] {
        var message = Message(
            type: type, timestamp: .testStart, data: JSONObject(), event: nil, permissions: [.alertsRead],
            to: target)
        message.withheld = withheld
        return WebhookSnapshot(configuration: 1, entries: [alerts, keys, pager]).takers(of: message).map(\.id)
    }

    @Test func `subscribers are those whose types take it, and who is named beside them gets it, too`() {
        #expect(takers(.subscribers) == [alerts.id, pager.id])
        #expect(takers(.subscribersAnd([keys.id])) == [alerts.id, keys.id, pager.id])
        #expect(takers(.subscribersAnd([alerts.id])) == [alerts.id, pager.id])
        #expect(takers(.subscribersAnd([keys.id]), "alert.resolved") == [alerts.id, keys.id, pager.id])
    }

    @Test(arguments: ["rule.failed", "rule.no_data", "rule.suspended", "rule.overflowed"])
    func `who is named for alerts of a rule is told that it is blind`(_ type: String) {
        #expect(takers(.subscribersAnd([alerts.id]), type) == [alerts.id])
        #expect(takers(.subscribersAnd([keys.id]), type) == [keys.id])
        #expect(takers(.subscribers, type) == [], "of themselves alerts are another matter")
        #expect(takers(.subscribersAnd([alerts.id]), "rule.expired") == [])
    }

    @Test func `what was held for a subscriber goes to those among the named that still subscribe`() {
        #expect(takers(.subscribed([keys.id, alerts.id])) == [alerts.id])
        #expect(takers(.subscribed([keys.id])) == [])
        #expect(takers(.webhooks([keys.id])) == [keys.id], "who is named by a rule is meant")
    }

    @Test func `who is told later, or was told otherwise, is left out whoever chose them`() {
        #expect(takers(.subscribers, withheld: [alerts.id]) == [pager.id])
        #expect(takers(.subscribersAnd([keys.id]), withheld: [keys.id, pager.id]) == [alerts.id])
        #expect(takers(.webhooks([keys.id, alerts.id]), withheld: [keys.id]) == [alerts.id])
        #expect(takers(.subscribed([alerts.id]), withheld: [alerts.id]) == [])
        let both: Set = [alerts.id, pager.id]
        #expect(takers(.subscribers, "alert.resolved", withheld: both) == [pager.id], "a page is closed")
    }

    @Test func `a pager has no word for what people say to each other`() {
        for type in ["alert.commented", "alert.assigned"] {
            #expect(takers(.subscribers, type) == [alerts.id], "\(type)")
            #expect(takers(.webhooks([pager.id]), type) == [], "\(type)")
        }
        for type in ["alert.firing", "alert.acknowledged", "alert.resolved", "alert.digest"] {
            #expect(takers(.subscribers, type) == [alerts.id, pager.id], "\(type)")
        }
    }
}
