import Access
import Alerts
import Events
import JSON
import Kernel
import TestSupport
import Testing

@testable import Service

/// T23: every event type × every role × scope, where somebody asks about rules and alerts: backtests, trials,
/// explanations, firings and previews tell of nothing that they may not read.
struct AskedSightTests {
    /// One gallery for all, for it takes seconds to hang.
    @Test func `T23: backtests, trials, explanations, firings and previews are of what is in sight`()
        async throws
    {
        try await ScopedGallery.open { gallery in
            let events = try await gallery.events()
            try await explanations(gallery, events)
            try await trials(gallery, events)
            try await firings(gallery, events)
            try await previews(gallery)
            try await backtests(gallery)
            try await reasons(gallery, events)
        }
    }

    /// An event is explained to whoever reads it in the feed; an alert's, to whoever may read what it shows.
    private nonisolated(nonsending) func explanations(
        _ gallery: ScopedGallery, _ events: ScopedGallery.Events
    ) async throws {
        let rule = try #require(try await gallery.rules(of: gallery.owner).first)
        for somebody in gallery.everybody {
            let reads = somebody.role.permissions.contains(.eventsRead)
            let isExplained: (String) async throws -> Bool = { id in
                let answer = try await gallery.premises.call(
                    "GET", "/v1/events/\(id)/explain?rule_id=\(rule)", as: somebody.person.token)
                guard answer.status == 200 else {
                    #expect(answer.status == (reads ? 404 : 403), "\(somebody.name) \(answer.text)")
                    return false
                }
                let showsRules = gallery.hasEverywhere(somebody, .rulesRead)
                #expect(answer.json["event"]?["id"]?.asString == id)
                #expect(answer.json["rules"]?.asArray?.isEmpty == !showsRules, somebody.name)
                return true
            }
            let own = try await events.own.those(isExplained)
            #expect(own == gallery.visible(to: somebody, asking: [.eventsRead]), somebody.name)
            let alerts = try await events.alerts.those(isExplained)
            let expected = gallery.visible(
                to: somebody, asking: [.eventsRead, .alertsRead], \.isOpenToRules)
            #expect(alerts == expected, somebody.name)
        }
    }

    /// A rule is tried on events that whoever tries it may read.
    private nonisolated(nonsending) func trials(
        _ gallery: ScopedGallery, _ events: ScopedGallery.Events
    ) async throws {
        let rule = try #require(try await gallery.rules(of: gallery.owner).first)
        for somebody in gallery.everybody {
            let isTried: (String) async throws -> Bool = { id in
                let answer = try await gallery.premises.call(
                    "POST", "/v1/alert-rules/\(rule)/test", as: somebody.person.token,
                    body: #"{"event_id":"\#(id)"}"#)
                if answer.status == 200 { return true }
                #expect(answer.status == 422 && answer.pointers == ["/event_id"], "\(answer.text)")
                return false
            }
            guard gallery.hasEverywhere(somebody, .rulesRead) else {
                let refused = try await gallery.premises.call(
                    "POST", "/v1/alert-rules/\(rule)/test", as: somebody.person.token,
                    body: #"{"event_id":"\#(events.own.values.first ?? "")"}"#)
                #expect(refused.status == 403, "\(somebody.name) \(refused.text)")
                continue
            }
            let own = try await events.own.those(isTried)
            #expect(own == gallery.visible(to: somebody, asking: []), somebody.name)
            let alerts = try await events.alerts.those(isTried)
            #expect(
                alerts == gallery.visible(to: somebody, asking: [.alertsRead], \.isOpenToRules),
                somebody.name)
        }
    }

    /// The firings of an alert are listed for whoever sees the alert.
    private nonisolated(nonsending) func firings(
        _ gallery: ScopedGallery, _ events: ScopedGallery.Events
    ) async throws {
        let all = try await gallery.alerts(as: gallery.owner)
        for somebody in gallery.everybody {
            let reads = somebody.role.permissions.contains(.alertsRead)
            var listed: Set<ScopedGallery.Shown> = []
            for (shown, id) in all {
                let answer = try await gallery.premises.call(
                    "GET", "/v1/alerts/\(id)/firings", as: somebody.person.token)
                guard answer.status == 200 else {
                    #expect(answer.status == (reads ? 404 : 403), "\(somebody.name) \(answer.text)")
                    continue
                }
                let ids = (answer.json["data"]?.asArray ?? []).compactMap { $0["event_id"]?.asString }
                #expect(events.own[shown].map(ids.contains) == true, "\(shown) \(answer.text)")
                listed.insert(shown)
            }
            #expect(
                listed == gallery.visible(to: somebody, asking: [.alertsRead], \.isOpenToRules),
                somebody.name)
        }
    }

    /// A silence is told to hide no alert but those that are seen.
    private nonisolated(nonsending) func previews(_ gallery: ScopedGallery) async throws {
        let all = try await gallery.allAlerts()
        let body = #"{"matchers":[{"name":"event_type","operator":"=~","value":".+"}],"security":true}"#
        for somebody in gallery.everybody {
            let answer = try await gallery.premises.call(
                "POST", "/v1/silences/preview", as: somebody.person.token, body: body)
            guard somebody.role.permissions.contains(.alertsRead) else {
                #expect(answer.status == 403, somebody.name)
                continue
            }
            #expect(answer.status == 200 && answer.json["complete"] == true, "\(answer.text)")
            let expected = gallery.visible(all, to: somebody)
            let rules = (answer.json["last_7_days"]?["rules"]?.asArray ?? []).map { entry in
                (entry["rule"]?["id"]?.asString ?? "", Int(entry["count"]?.asInt ?? 0))
            }
            let counts = Dictionary(rules, uniquingKeysWith: +)
            #expect(counts == expected.reduce(into: [:]) { $0[$1.rule, default: 0] += 1 }, somebody.name)
            let firing = expected.filter(\.isFiring)
            #expect(answer.json["now"]?["count"]?.asInt == Int64(firing.count), somebody.name)
            let named = (answer.json["now"]?["alerts"]?.asArray ?? []).compactMap { $0["id"]?.asString }
            #expect(Set(named).isSubset(of: firing.map(\.id)) && !named.isEmpty, somebody.name)
        }
    }

    /// History is read with the eyes of the rule's owner and of whoever asks, and counted with them too.
    private nonisolated(nonsending) func backtests(_ gallery: ScopedGallery) async throws {
        let refused = gallery.everybody.filter { !gallery.hasEverywhere($0, .rulesRead) }
        let owners = try await gallery.rulesByOwner()
        for somebody in refused {
            let answer = try await gallery.premises.backtest(owners[0].rules[0], as: somebody.person.token)
            #expect(answer.status == 403, somebody.name)
        }
        for caller in gallery.everybody where gallery.hasEverywhere(caller, .rulesRead) {
            let seen = gallery.visible(to: caller, asking: [], \.isOpenToRules)
            for owner in owners {
                let theirs = owner.somebody.map { gallery.visible(to: $0, asking: [], \.isOpenToRules) }
                var shown: Set<ScopedGallery.Shown> = []
                for rule in owner.rules {
                    let lines = try await gallery.premises.backtest(rule, as: caller.person.token).lines
                    let firings = lines.filter { $0["kind"] == "firing" }
                    shown.formUnion(firings.compactMap { gallery.shown($0["message"]?["data"]?["event"]) })
                    let summary = lines.last { $0["kind"] == "summary" }
                    for count in ["events", "firings"] {
                        #expect(summary?[count]?.asInt == Int64(firings.count), "\(caller.name) \(rule)")
                    }
                }
                let expected = theirs.map(seen.intersection) ?? seen
                #expect(shown == expected, "\(caller.name) of \(owner.somebody?.name ?? "the owner")")
            }
        }
    }

    /// Why a use was denied is told only to those who may read policies.
    private nonisolated(nonsending) func reasons(
        _ gallery: ScopedGallery, _ events: ScopedGallery.Events
    ) async throws {
        let denial = try #require(events.own.first { $0.key.type == "key.use.denied" }?.value)
        let made = try await gallery.premises.call(
            "POST", "/v1/alert-rules", as: gallery.owner.token,
            body: """
                {"name":"why","severity":"info","on":["key.use.denied"],"group_by":["event.reason"],\
                "when":"event.reason != 'never'"}
                """)
        let rule = try #require(made.json["id"]?.asString, "\(made.text)")
        let scopes = ["events:read", "keys:read", "alerts:read", "rules:read"]
        for (more, knows) in [([], false), (["policies:read"], true)] {
            let token = try await gallery.token(scopes: scopes + more)
            let explained = try await gallery.premises.call(
                "GET", "/v1/events/\(denial)/explain?rule_id=\(rule)", as: token)
            let tried = try await gallery.premises.call(
                "POST", "/v1/alert-rules/\(rule)/test", as: token, body: #"{"event_id":"\#(denial)"}"#)
            #expect(explained.status == 200 && tried.status == 200, "\(explained.text) \(tried.text)")
            let run = try await gallery.premises.backtest(rule, as: token)
            #expect(run.lines.contains { $0["kind"] == "firing" })
            for text in [explained.text, tried.text, run.text] {
                #expect(text.contains(#":"\#(ScopedGallery.reason)""#) == knows, "\(text)")
            }
        }
    }
}

extension [ScopedGallery.Shown: String] {
    /// Of which this is so of the id.
    fileprivate nonisolated(nonsending) func those(
        _ isSo: (String) async throws -> Bool
    ) async throws -> Set<ScopedGallery.Shown> {
        var found: Set<ScopedGallery.Shown> = []
        for (shown, id) in self {
            if try await isSo(id) { found.insert(shown) }
        }
        return found
    }
}
