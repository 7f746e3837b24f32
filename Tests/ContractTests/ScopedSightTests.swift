import Access
import Alerts
import Events
import JSON
import Kernel
import TestSupport
import Testing

@testable import Service

/// T23: every event type × every role × scope. What is about a key or an account is shown to whoever may
/// read it there, in the feed, its stream, messages, alerts and their explanations.
struct ScopedSightTests {
    /// One gallery for all, for it takes seconds to hang.
    @Test func `T23: feed, streams, messages, alerts and deliveries show what is about things in scope`()
        async throws
    {
        try await ScopedGallery.open { gallery in
            try await feedAndStream(gallery)
            try await webhooksAndRules(gallery)
            try await alerts(gallery)
            try await deliveries(gallery)
            try await themselves(gallery)
        }
    }

    private nonisolated(nonsending) func feedAndStream(_ gallery: ScopedGallery) async throws {
        for somebody in gallery.everybody where somebody.role.permissions.contains(.eventsRead) {
            let expected = gallery.visible(to: somebody, asking: [.eventsRead])
            #expect(!expected.isEmpty)
            let feed = try await gallery.feed(as: somebody.person)
            #expect(feed == expected, somebody.name)
            let stream = try await gallery.stream(as: somebody.person)
            #expect(stream == expected, somebody.name)
            let alerts = gallery.visible(
                to: somebody, asking: [.eventsRead, .alertsRead], \.isOpenToRules)
            let shown = try await gallery.alertsInFeed(as: somebody.person)
            #expect(shown == alerts, somebody.name)
        }
    }

    /// Webhooks and rules see with the eyes that their owner has on each thing.
    private nonisolated(nonsending) func webhooksAndRules(_ gallery: ScopedGallery) async throws {
        for somebody in gallery.everybody {
            let told = try await gallery.told(somebody)
            #expect(told.own == gallery.visible(to: somebody, asking: [], \.isOpenToRules), somebody.name)
            #expect(
                told.alerts == gallery.visible(to: somebody, asking: [.alertsRead], \.isOpenToRules),
                somebody.name)
        }
    }

    /// Alerts are found, explained and resolved where one may read what fired them.
    private nonisolated(nonsending) func alerts(_ gallery: ScopedGallery) async throws {
        let all = try await gallery.alerts(as: gallery.owner)
        for somebody in gallery.everybody where somebody.role.permissions.contains(.alertsRead) {
            let expected = gallery.visible(to: somebody, asking: [.alertsRead], \.isOpenToRules)
            let found = try await gallery.alerts(as: somebody.person)
            #expect(Set(found.keys) == expected, somebody.name)
            for (shown, id) in all where shown.type == "key.revoked" || shown.type == "policy.changed" {
                let status = expected.contains(shown) ? 200 : 404
                for path in ["/v1/alerts/\(id)", "/v1/alerts/\(id)/explain"] {
                    let answer = try await gallery.premises.call("GET", path, as: somebody.person.token)
                    #expect(answer.status == status, "\(path) \(shown) \(answer.text)")
                }
            }
        }
    }

    /// Deliveries are listed of what one may read, page after page.
    private nonisolated(nonsending) func deliveries(_ gallery: ScopedGallery) async throws {
        let all = try await gallery.allDeliveries()
        let most = gallery.everybody.first { $0.role == .owner && $0.reach == .notSecond }
        for somebody in gallery.everybody where somebody.role.permissions.contains(.deliveriesRead) {
            // In many pages for one role; pages cost, and they are made alike for everybody.
            let found = try await gallery.pages(
                "/v1/deliveries", of: somebody.role == .owner ? 50 : 200, as: somebody.person)
            let ids = Set(found.compactMap { $0["id"]?.asString })
            let expected = gallery.visible(all, to: somebody)
            #expect(ids == expected && !ids.isEmpty, somebody.name)
            let hidden = gallery.visible(all, to: most ?? somebody).subtracting(expected).first
            guard let hidden else { continue }
            let one = try await gallery.premises.call(
                "GET", "/v1/deliveries/\(hidden)", as: somebody.person.token)
            #expect(one.status == 404, somebody.name)
        }
    }

    /// Everybody who may read some events sees what concerns themselves.
    private nonisolated(nonsending) func themselves(_ gallery: ScopedGallery) async throws {
        let somebody = try #require(
            gallery.everybody.first { $0.role == .trader && $0.reach == .onlyFirst })
        let (mine, others) = (somebody.person.id, gallery.owner.id)
        for id in [others, mine] {
            let named = try await gallery.premises.call(
                "PATCH", "/v1/users/\(id)", as: gallery.owner.token,
                headers: [(name: "if-match", value: "*")], body: #"{"name":"another \#(id)"}"#)
            #expect(named.status == 200, "\(named.text)")
        }
        var (subjects, cursor): (Set<String>, String) = ([], "")
        // Readers see events once no older transaction is open on the cluster.
        for _ in 0..<60_000 where subjects.isEmpty {
            let page = try await gallery.premises.call(
                "GET",
                "/v1/events?type=user.changed&limit=1000" + (cursor.isEmpty ? "" : "&after=\(cursor)"),
                as: somebody.person.token)
            #expect(page.status == 200, "\(page.text)")
            subjects.formUnion((page.json["data"]?.asArray ?? []).compactMap { $0["subject"]?.asString })
            cursor = page.json["next_cursor"]?.asString ?? ""
        }
        #expect(subjects == [mine])
    }
}
