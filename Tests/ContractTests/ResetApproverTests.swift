import Access
import HTTPServer
import JSON
import Kernel
import TestSupport
import Testing

@testable import Service

/// T12: nobody approves their own request as somebody whose ways in they took.
@Suite struct ResetApproverTests {
    @Test func `T12: whose factors, password or address the requester reset approves nothing of theirs`()
        async throws
    {
        try await Premises.open { _, premises in
            let desk = try await ApprovalDesk(premises)
            try await desk.rule(["updateKey"])
            let (key, owner) = (try await desk.key(), desk.owner)
            let third = try await premises.join("third", .admin, by: owner)
            let fourth = try await premises.join("fourth", .admin, by: owner)
            let before = try await desk.parkedBy(owner, key)
            let resets = [
                ("DELETE", "/v1/users/\(desk.approver.id)/factors", ""),
                ("POST", "/v1/users/\(desk.second.id)/password-reset", ""),
                ("PATCH", "/v1/users/\(third.id)", #"{"email":"mine@desk.example"}"#),
            ]
            for (method, path, body) in resets {
                let done = try await premises.call(
                    method, path, as: owner.token, headers: [(name: "if-match", value: "*")], body: body)
                #expect((200...204).contains(done.status), "\(path) \(done.text)")
            }
            let after = try await desk.parkedBy(owner, key)
            for id in [before, after] {
                for person in [desk.approver, desk.second, third] {
                    let refused = try await desk.approve(id, as: person)
                    #expect(refused.status == 403 && refused.code == "not_an_approver", "\(refused.text)")
                }
                #expect(try await desk.approve(id, as: fourth).json["state"] == "executed")
            }
            // Of what others ask for they decide as before, and whoever was reset a month ago decides again.
            let others = try await desk.parked(key)
            #expect(try await desk.approve(others, as: desk.approver).json["state"] == "executed")
            try await premises.execute("update way_reset set at = at - interval '31 days'")
            let later = try await desk.parkedBy(owner, key)
            #expect(try await desk.approve(later, as: desk.approver).json["state"] == "executed")
            #expect(premises.mistakes == [])
        }
    }

    @Test func `T12: an approval counts no more once its giver was reset, through others too`()
        async throws
    {
        try await Premises.open { _, premises in
            let desk = try await ApprovalDesk(premises)
            try await desk.rule(["updateKey"], more: #","delay":"1h""#)
            let key = try await desk.key()
            let third = try await premises.join("third", .admin, by: desk.owner)
            func reset(_ person: Person, by other: Person) async throws {
                let done = try await premises.insist(
                    "DELETE", "/v1/users/\(person.id)/factors", as: other.token)
                #expect(done.status == 204, "\(done.text)")
            }
            // The approval stands when it is given, and counts no more when it would be carried out.
            let id = try await desk.parkedBy(desk.owner, key)
            #expect(try await desk.approve(id, as: desk.approver).json["state"] == "approved")
            try await reset(third, by: desk.owner)
            try await reset(desk.approver, by: third)
            try await desk.fallDue(id)
            try await desk.runDue()
            let failed = try await premises.call("GET", "/v1/approvals/\(id)", as: desk.owner.token)
            #expect(failed.json["state"] == "failed", "\(failed.text)")
            #expect(failed.json["end_reason"]?.asString?.contains("may not approve it") == true)
            #expect(premises.mistakes == [])
        }
    }

    @Test func `whoever resets a factor could have granted all that its user was granted`() async throws {
        try await Premises.open { _, premises in
            let desk = try await ApprovalDesk(premises)
            let refused = try await premises.call(
                "DELETE", "/v1/users/\(desk.asker.id)/factors", as: desk.approver.token)
            #expect(refused.status == 403 && refused.code == "forbidden", "\(refused.text)")
            #expect(refused.json["missing_permission"] != nil, "\(refused.text)")
            #expect(premises.mistakes == [])
        }
    }
}

extension ApprovalDesk {
    /// A change of the key's label that waits, of this person; its id.
    func parkedBy(_ person: Person, _ key: String) async throws -> String {
        let parked = try await relabel(key, as: person, waiting: true)
        return try #require(parked.json["id"]?.asString, "\(parked.text)")
    }
}
