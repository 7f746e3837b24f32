import Access
import JSON
import TestSupport
import Testing

@testable import Service

/// A role that permits less: what sees with the eyes of whoever had it.
struct LosingSightTests {
    private static func role(_ permissions: [String]) -> String {
        let names = permissions.map { "\"\($0)\"" }.joined(separator: ",")
        return #""description":"watches","permissions":[\#(names)]"#
    }

    @Test func `webhooks and rules whose owner may no longer see their events are named, and no others`()
        async throws
    {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            let kept = ["webhooks:read", "webhooks:write", "rules:read", "rules:write", "events:read"]
            let made = try await premises.insist(
                "POST", "/v1/roles", as: owner.token,
                body: #"{"name":"watcher",\#(Self.role(kept + ["keys:read"]))}"#)
            #expect(made.status == 201, "\(made.text)")
            let (watcher, both) = (
                try await premises.join("watcher", nil, by: owner, insisting: true),
                try await premises.join("both", .trader, by: owner, insisting: true)
            )
            var things: [String: [String: String]] = [:]
            for person in [watcher, both] {
                let granted = try await premises.insist(
                    "POST", "/v1/grants", as: owner.token,
                    body: #"{"principal_id":"\#(person.id)","role":"watcher","on":{}}"#)
                #expect(granted.status == 201, "\(granted.text)")
                for (path, body) in [
                    ("webhooks", #""url":"http://127.0.0.1:9/hook","event_types":["#),
                    ("alert-rules", #""severity":"info","on":["#),
                ] {
                    for type in ["key.revoked", "custom.mine"] {
                        let thing = try await premises.insist(
                            "POST", "/v1/\(path)", as: person.token,
                            body: #"{"name":"\#(person.id) \#(type)",\#(body)"\#(type)"]}"#)
                        #expect(thing.status == 201, "\(thing.text)")
                        things[path, default: [:]]["\(person.id) \(type)"] = thing.json["id"]?.asString
                    }
                }
            }
            let changed = try await premises.insist(
                "PUT", "/v1/roles/watcher", as: owner.token, headers: [("if-match", "*")],
                body: "{\(Self.role(kept))}")
            let misfits = changed.json["no_longer_fits"]
            // Whoever may see keys by another role goes on to.
            for (member, path) in [("webhooks", "webhooks"), ("alert_rules", "alert-rules")] {
                let blind = try #require(things[path]?["\(watcher.id) key.revoked"])
                #expect(misfits?[member] == [.string(blind)], "\(changed.text)")
            }
            #expect(premises.mistakes == [])
        }
    }
}
