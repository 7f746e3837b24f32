import Access
import JSON
import TestSupport
import Testing

@testable import Service

/// T23 where one alert is of several things: it shows the newest event and its sentence, so it is seen by
/// whoever sees what that one is about, and by nobody for an older one's sake.
struct GroupedAlertSightTests {
    @Test func `T23: an alert of several keys is seen by whoever sees the newest`() async throws {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            let things = [
                try await premises.thing("alpha", by: owner), try await premises.thing("omega", by: owner),
            ]
            var people: [Person] = []
            for (name, thing) in zip(["ann", "bob"], things) {
                let person = try await premises.join(name, nil, by: owner)
                try await premises.grant(.auditor, to: person, on: thing.scope)
                people.append(person)
            }
            let rule = try await premises.call(
                "POST", "/v1/alert-rules", as: owner.token,
                body: #"{"name":"any change","severity":"info","on":["key.changed"]}"#)
            let path = "/v1/alert-rules/\(rule.json["id"]?.asString ?? "")/enable"
            let enabled = try await premises.call("POST", path, as: owner.token)
            #expect(enabled.status == 200, "\(rule.text) \(enabled.text)")
            var labels = ["first", "second", "third"]
            for newest in [0, 1, 0] {
                let changed = try await premises.call(
                    "PATCH", "/v1/keys/\(things[newest].key)", as: owner.token,
                    headers: [(name: "if-match", value: "*")],
                    body: #"{"label":"\#(labels.removeFirst())"}"#)
                #expect(changed.status == 200, "\(changed.text)")
                for (place, person) in people.enumerated() {
                    let seen = try await premises.alerts(of: person, among: owner)
                    #expect(seen.count == (place == newest ? 1 : 0), "\(newest) \(place)")
                    let other = things[1 - place]
                    #expect(seen.allSatisfy { $0.things.isDisjoint(with: [other.key, other.account]) })
                    #expect(!"\(seen)".contains(place == 0 ? "omega" : "alpha"))
                }
            }
            let whole = try await premises.alerts(of: owner, among: owner)
            #expect(whole.count == 1 && whole[0]["count"] == 3)
        }
    }
}

extension Premises {
    /// What somebody is shown in the list, and one by one, of what an owner sees.
    fileprivate nonisolated(nonsending) func alerts(
        of person: Person, among owner: Person
    ) async throws -> [JSONValue] {
        let shown = try await call("GET", "/v1/alerts", as: person.token).json["data"]?.asArray ?? []
        for alert in try await call("GET", "/v1/alerts", as: owner.token).json["data"]?.asArray ?? [] {
            let one = try await call("GET", "/v1/alerts/\(alert["id"]?.asString ?? "")", as: person.token)
            #expect((one.status == 200) == shown.contains { $0["id"] == alert["id"] }, "\(one.text)")
        }
        return shown
    }
}
