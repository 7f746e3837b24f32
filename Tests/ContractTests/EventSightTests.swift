import Access
import EventLoop
import Events
import JSON
import Kernel
import TestSupport
import Testing

@testable import Service

/// T23: every event type × every role. The feed, its stream, webhooks and alerts show an event only to
/// whoever may read its type; the types are `EventType.all` and an own one.
struct EventSightTests {
    /// One gallery for all, for it takes seconds to hang.
    @Test func `T23: feed, streams, messages, alerts, deliveries and reasons are for whoever may read them`()
        async throws
    {
        try await Gallery.open { gallery in
            try await feed(gallery)
            try await stream(gallery)
            try await webhooks(gallery)
            try await rules(gallery)
            try await lists(gallery)
            try await reasons(gallery)
            #expect(gallery.premises.mistakes == [])
        }
    }

    /// The feed shows each role what it may read, and nothing else.
    private nonisolated(nonsending) func feed(_ gallery: Gallery) async throws {
        for (role, person) in gallery.people {
            guard role.permissions.contains(.eventsRead) else {
                #expect(
                    try await gallery.premises.call("GET", Gallery.feed, as: person.token).status == 403)
                continue
            }
            let seen = try await gallery.list(as: person)
            #expect(seen.own == Gallery.readable(role), "\(role)")
            #expect(seen.shown == Gallery.alertable(role), "\(role)")
        }
    }

    /// So does its stream.
    private nonisolated(nonsending) func stream(_ gallery: Gallery) async throws {
        for (role, person) in gallery.people where role.permissions.contains(.eventsRead) {
            let seen = try await gallery.stream(as: person)
            #expect(seen.own == Gallery.readable(role), "\(role)")
            #expect(seen.shown == Gallery.alertable(role), "\(role)")
        }
    }

    /// A webhook is told what its owner may read, and nothing else.
    private nonisolated(nonsending) func webhooks(_ gallery: Gallery) async throws {
        for (role, person) in gallery.people {
            let told = try await gallery.deliveries(to: person)
            // Alerts are told by rules; an event of that name is not told twice.
            let direct = Gallery.readable(role).filter { !$0.hasPrefix("alert.") }
            #expect(told.own == direct, "\(role)")
        }
    }

    /// A rule alerts of what its owner may read, and tells who may read alerts too.
    private nonisolated(nonsending) func rules(_ gallery: Gallery) async throws {
        for (role, person) in gallery.people {
            #expect(try await gallery.fired(by: person) == Gallery.firing(role), "\(role)")
            let told = try await gallery.deliveries(to: person)
            #expect(told.shown == Gallery.alertable(role), "\(role)")
        }
    }

    /// Alerts and deliveries are listed for whoever may read what is in them.
    private nonisolated(nonsending) func lists(_ gallery: Gallery) async throws {
        for (role, person) in gallery.people {
            if role.permissions.contains(.alertsRead) {
                let seen = try await gallery.pages("/v1/alerts?limit=200", as: person)
                let types = seen.compactMap { $0["event"].flatMap(Gallery.typeOfOurs) }
                #expect(Set(types) == Gallery.firing(role), "\(role)")
            }
            if role.permissions.contains(.deliveriesRead) {
                let seen = try await gallery.pages("/v1/deliveries?limit=200", as: person)
                let types = Set(seen.compactMap { $0["event_type"]?.asString })
                #expect(types.isSubset(of: Gallery.readable(role)), "\(role)")
                #expect(!types.isEmpty, "\(role)")
            }
        }
    }

    /// Why a use was denied is told only to those who may read policies.
    private nonisolated(nonsending) func reasons(_ gallery: Gallery) async throws {
        for (role, person) in gallery.people {
            let told = try await gallery.deliveries(to: person)
            #expect(told.knowsWhy == Gallery.mayKnowWhy(role), "\(role)")
            guard role.permissions.contains(.eventsRead) else { continue }
            #expect(try await gallery.list(as: person).knowsWhy == Gallery.mayKnowWhy(role), "\(role)")
        }
        let narrow = try await gallery.token(scopes: ["events:read", "keys:read", "alerts:read"])
        let wide = try await gallery.token(
            scopes: ["events:read", "keys:read", "alerts:read", "policies:read"])
        for (token, knows) in [(narrow, false), (wide, true)] {
            let (list, stream) = (try await gallery.list(by: token), try await gallery.stream(by: token))
            #expect(list.own.contains("key.use.denied") && stream.shown.contains("key.use.denied"))
            #expect(list.knowsWhy == knows && stream.knowsWhy == knows)
            for answer in try await gallery.alertOfDenial(by: token) {
                var seen = Gallery.Seen()
                seen.read(Array(answer.text.utf8))
                #expect(answer.status == 200 && seen.knowsWhy == knows, "\(answer.text)")
            }
        }
    }
}
