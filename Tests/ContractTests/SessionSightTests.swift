import Access
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Service

/// Others' sessions: who sees them, and who ends them.
struct SessionSightTests {
    private static let joinedLongAgo = Statement(
        "test_joined", "update principal set joined_at = joined_at - interval '60 days' where id = $1")

    /// Somebody who is signed in; the id of their session.
    private nonisolated(nonsending) func signIn(
        _ name: String, by owner: Person, _ premises: Premises
    ) async throws -> (Person, session: String) {
        let person = try await premises.join(name, .trader, by: owner)
        try await premises.setPassword(as: person.token)
        let answer = try await premises.call(
            "POST", "/v1/sessions",
            body: #"{"email":"\#(name)@desk.example","password":"\#(Person.password)"}"#,
            from: Premises.here)
        return (person, try #require(answer.json["session"]?["id"]?.asString, "\(answer.text)"))
    }

    @Test func `an auditor sees who is signed in, and who broke glass, and ends nothing`() async throws {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            let (ann, session) = try await signIn("ann", by: owner, premises)
            let auditor = try await premises.join("auditor", .auditor, by: owner)
            let list = "/v1/sessions?user_id=\(ann.id)"
            let seen = try await premises.call("GET", list, as: auditor.token)
            #expect(seen.json["data"]?[0]?["id"]?.asString == session, "\(seen.text)")
            #expect(try await premises.call("GET", "/v1/break-glass", as: auditor.token).status == 200)
            let all = try await premises.call("DELETE", list, as: auditor.token)
            #expect(all.code == "forbidden" && all.json["missing_permission"] == "users:write", "\(all.text)")
            let one = try await premises.call("DELETE", "/v1/sessions/\(session)", as: auditor.token)
            #expect(one.status == 404, "\(one.text)")
            for path in ["/v1/sessions?user_id=\(owner.id)", "/v1/break-glass"] {
                #expect(try await premises.call("GET", path, as: ann.token).code == "forbidden", "\(path)")
            }
            #expect(premises.mistakes == [])
        }
    }

    @Test func `whoever owes a second factor ends nobody else's sessions`() async throws {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            let (ann, session) = try await signIn("ann", by: owner, premises)
            let admin = try await premises.join("late", .admin, by: owner)
            let id = try #require(PrincipalID(admin.id))
            _ = try await premises.host.database.transaction { transaction in
                try await transaction.query(Self.joinedLongAgo, .uuid(id.uuid))
            }
            for path in ["/v1/sessions?user_id=\(ann.id)", "/v1/sessions/\(session)"] {
                let refused = try await premises.call("DELETE", path, as: admin.token)
                #expect(refused.status == 403 && refused.code == "mfa_required", "\(path) \(refused.text)")
            }
            let kept = try await premises.call("GET", "/v1/sessions?user_id=\(ann.id)", as: owner.token)
            #expect(kept.json["data"]?.asArray?.count == 1, "\(kept.text)")
            // Their own they end as ever.
            #expect(try await premises.call("DELETE", "/v1/sessions", as: admin.token).status == 204)
            #expect(premises.mistakes == [])
        }
    }
}
