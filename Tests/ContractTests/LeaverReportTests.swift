import JSON
import TestSupport
import Testing

@testable import Service

/// What the report of an off-boarding says of exchange keys, and to whom.
struct LeaverReportTests {
    private func steps(_ report: JSONValue) -> JSONValue? {
        report["steps"]?.asArray?.first { $0["step"] == "keys" }
    }

    @Test func `a report tells what a leaver reached who was disabled first, and by tokens of others' bots`()
        async throws
    {
        try await Premises.open { _, premises in
            let desk = try await ApprovalDesk(premises)
            let (owner, key) = (desk.owner, try await desk.key())
            let bot = try await premises.call(
                "POST", "/v1/service-accounts", as: owner.token,
                body: #"{"name":"mm","purpose":"makes markets","role":"bot"}"#)
            let botID = try #require(bot.json["id"]?.asString, "\(bot.text)")
            let leaver = desk.approver
            for role in ["trader", "bot"] {
                let granted = try await premises.insist(
                    "POST", "/v1/grants", as: owner.token,
                    body: #"{"principal_id":"\#(leaver.id)","role":"\#(role)","on":{}}"#)
                #expect(granted.status == 201, "\(granted.text)")
            }
            let issued = try await premises.insist(
                "POST", "/v1/access-tokens", as: leaver.token,
                body: #"{"name":"for the bot","principal_id":"\#(botID)"}"#)
            #expect(issued.status == 201, "\(issued.text)")
            let disabled = try await premises.call(
                "POST", "/v1/users/\(leaver.id)/disable", as: owner.token)
            #expect(disabled.status < 300, "\(disabled.text)")

            let path = "/v1/users/\(leaver.id)/offboard"
            let tried = try await premises.insist(
                "POST", path, as: owner.token, body: #"{"dry_run":true,"reason":"left"}"#)
            let line = try #require(
                tried.json["keys"]?.asArray?.first { $0["key_id"]?.asString == key }, "\(tried.text)")
            #expect(line["could"] == ["keys:proxy", "keys:sign"])
            #expect(line["through"] == [.string(leaver.id), .string(botID)], "\(line)")
            let done = try await premises.insist(
                "POST", path, as: owner.token, body: #"{"expect":"*","reason":"left"}"#)
            #expect(done.json["key_counts"]?["could_use"] == 1, "\(done.text)")
            #expect(steps(done.json)?["count"]?.asInt != nil)

            let narrow = try await premises.insist(
                "POST", "/v1/access-tokens", as: owner.token,
                body: #"{"name":"people only","scopes":["users:read"]}"#)
            let hidden = try await premises.call(
                "GET", path + "ing", as: narrow.json["token"]?.asString ?? "")
            #expect(hidden.status == 200 && hidden.json["keys"] == [], "\(hidden.text)")
            #expect(hidden.json["key_counts"] == .null)
            #expect(steps(hidden.json)?["count"] == .null && steps(hidden.json)?["things"] == [])
            #expect(premises.mistakes == [])
        }
    }
}
