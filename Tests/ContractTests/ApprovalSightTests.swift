import Access
import HTTPServer
import JSON
import TestSupport
import Testing

@testable import Service

/// T23 of approvals: what somebody asks to do to a key or an account is for whoever may know of it.
@Suite struct ApprovalSightTests {
    @Test func `T23: approvals and their events are not shown to whom their key or account is out of sight`()
        async throws
    {
        try await Premises.open(isRunning: true) { _, premises in
            let desk = try await ApprovalDesk(premises)
            try await desk.rule(["updateKey", "setAccountMode", "createGroup"])
            let (hidden, seen) = (
                try await desk.key(tags: #"["treasury"]"#), try await desk.key(tags: #"["trading"]"#)
            )
            let outsider = try await premises.join("outsider", .auditor, by: desk.owner)
            let accounts = try await premises.call("GET", "/v1/accounts", as: desk.owner.token)
            let account = accounts.json["data"]?.asArray?.first { $0["name"] == "maintreasury" }
            let deny = try await premises.call(
                "POST", "/v1/grants", as: desk.owner.token,
                body: #"""
                    {"principal_id":"\#(outsider.id)","role":"auditor","effect":"deny",
                    "on":{"account":"maintreasury"}}
                    """#)
            #expect(deny.status == 201, "\(deny.text)")
            let ids = [
                try await desk.parked(hidden),
                try await desk.wait(
                    "POST", "/v1/accounts/\(account?["id"]?.asString ?? "")/mode",
                    #"{"mode":"suspended","reason":"a","expect_count":1}"#),
                try await desk.parked(seen),
                try await desk.wait("POST", "/v1/groups", #"{"name":"a"}"#),
            ]
            let list = try await premises.call("GET", "/v1/approvals", as: outsider.token)
            let listed = list.json["data"]?.asArray?.compactMap { $0["id"]?.asString } ?? []
            #expect(Set(listed) == Set(ids[2...]), "\(list.text)")
            for (index, id) in ids.enumerated() {
                let one = try await premises.call("GET", "/v1/approvals/\(id)", as: outsider.token)
                #expect(one.status == (index < 2 ? 404 : 200), "\(index) \(one.text)")
            }
            let told = try await premises.call(
                "GET", "/v1/events?type=approval.requested", as: outsider.token)
            let about = told.json["data"]?.asArray?.compactMap { $0["subject"]?.asString } ?? []
            #expect(Set(about) == Set(ids[2...]), "\(told.text)")
            let all = try await premises.call(
                "GET", "/v1/events?type=approval.requested", as: desk.owner.token)
            #expect(all.json["data"]?.asArray?.count == 4, "\(all.text)")
            #expect(premises.mistakes == [])
        }
    }

    @Test func `a service account fetches what was approved for it, by the access token that asked`()
        async throws
    {
        try await Premises.open { _, premises in
            let desk = try await ApprovalDesk(premises)
            try await desk.rule(["revealKey"])
            let bot = try await premises.call(
                "POST", "/v1/service-accounts", as: desk.owner.token,
                body: #"{"name":"bot","purpose":"to ask","role":"owner"}"#)
            let id = bot.json["id"]?.asString ?? ""
            func token() async throws -> String {
                let made = try await premises.call(
                    "POST", "/v1/access-tokens", as: desk.owner.token,
                    body: #"{"principal_id":"\#(id)","name":"a"}"#)
                return try #require(made.json["token"]?.asString, "\(made.text)")
            }
            let (asking, other) = (try await token(), try await token())
            let parked = try await premises.call(
                "POST", "/v1/keys/\(try await desk.key())/reveal", as: asking, headers: Stock.waiting,
                body: #"{"reason":"moving house"}"#)
            let approval = try #require(parked.json["id"]?.asString, "\(parked.text)")
            let fetch = "/v1/approvals/\(approval)/fetch"
            let early = try await premises.call("POST", fetch, as: asking)
            #expect(early.status == 409, "\(early.text)")
            #expect(try await desk.approve(approval, as: desk.approver).json["state"] == "approved")
            let another = try await premises.call("POST", fetch, as: other)
            #expect(another.status == 409, "\(another.text)")
            let shown = try await premises.call("POST", fetch, as: asking)
            #expect(shown.json["secret"] == "the-secret-of-the-treasury", "\(shown.text)")
            #expect(try await premises.call("POST", fetch, as: asking).status == 409)
            #expect(premises.mistakes == [])
        }
    }
}

extension ApprovalDesk {
    /// Something of the owner's that waits; its id.
    func wait(_ method: String, _ path: String, _ body: String) async throws -> String {
        let parked = try await premises.call(
            method, path, as: owner.token, headers: Stock.waiting, body: body)
        return try #require(parked.json["id"]?.asString, "\(parked.text)")
    }
}
