import Access
import Events
import JSON
import Kernel
import Postgres
import Testing
import TestSupport

@testable import Alerts

/// A rule whose owner may not read what it waits for would be silent for ever.
struct RuleSightTests {
    private func rule(_ name: String, on types: String) -> String {
        #"{"name": "\#(name)", "severity": "info", "on": [\#(types)]}"#
    }

    @Test func `what its owner may not read at all is refused, and what they may read in part is told`()
        async throws
    {
        try await withDesk { _, desk in
            let base: Set<Permission> = [.rulesRead, .rulesWrite]
            try await desk.grant(base)
            for on in [#""grade.changed""#, #""custom.*""#, #""key.*", "custom.a""#] {
                let blind = try await desk.call("POST", "alert-rules", rule("blind", on: on))
                #expect(blind.status == 422 && blind.pointers == ["/on"], "\(blind.text)")
            }
            try await desk.grant(base.union([.eventsRead]))
            let made = try await desk.call(
                "POST", "alert-rules", rule("part", on: #""login.failed", "custom.a.*""#))
            #expect(made.status == 201 && made.json["sees"] == "some", "\(made.text)")
            #expect(made.json["unseen_types"] == ["login.failed"])
            let path = "alert-rules/\(made.json["id"]?.asString ?? "")"
            let enabled = try await desk.call("POST", path + "/enable")
            #expect(enabled.status == 200 && enabled.json["sees"] == "some", "\(enabled.text)")
            let etag = enabled.etag
            let narrowed = try await desk.call("PATCH", path, #"{"on": ["login.failed"]}"#, match: etag)
            #expect(narrowed.pointers == ["/on"])
            // Their rights go: the rule says so, and is not enabled again.
            try await desk.grant(base)
            let gone = try await desk.call("GET", path).json
            #expect(gone["sees"] == "none" && gone["unseen_types"] == ["login.failed", "custom.a.*"])
            #expect(try await desk.call("GET", "alert-rules").json["data"]?[0]?["sees"] == "none")
            _ = try await desk.call("POST", path + "/disable")
            #expect(try await desk.call("POST", path + "/enable").pointers == ["/on"])
            try await desk.grant(Set(Permission.allCases))
            #expect(try await desk.call("POST", path + "/enable").json["sees"] == "all")
        }
    }

    @Test func `the installation's own see everything, and who may not act sees nothing`() throws {
        let content = try RuleWorkbench.rule(#""when": "true""#, on: "key.revoked")
        #expect(RuleSight(content, nil).name == "none")
        let all = EventSight(of: Rights(everywhere: Set(Permission.allCases)))
        #expect(RuleSight(content, all).name == "all" && RuleSight(content, all).unseen.isEmpty)
    }
}

extension AlertDesk {
    /// From now on, everywhere.
    fileprivate func grant(_ permissions: Set<Permission>) async throws {
        rights.permissions[Self.owner] = permissions
        try await database.transaction { transaction in
            _ = try await Authority.raise(touching: nil, in: transaction)
        }
    }
}
