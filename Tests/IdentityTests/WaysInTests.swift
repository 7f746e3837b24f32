import Access
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Identity

/// Every way to come in as somebody asks for what they may do: whoever makes it could do it all.
@Suite struct WaysInTests {
    private func id(_ context: Context) -> String { context.actor.principal?.description ?? "nobody" }

    @Test func `a narrowed access token changes no factor, so that it never comes back as the whole person`()
        async throws
    {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let desk = try await FactorDesk(database)
            let issued = try await desk.call(
                "POST", "/v1/access-tokens",
                [
                    "principal_id": .string(desk.owner.actor.principal?.description ?? ""), "name": "narrow",
                    "scopes": ["candles:read"],
                ])
            let token = try #require(
                issued.json["id"]?.asString.flatMap { AccessTokenID($0) }, "\(issued.text)")
            var narrow = desk.owner
            narrow.actor.accessToken = token
            for path in ["totp", "passkeys", "recovery-codes"] {
                let body: JSONValue? = path == "recovery-codes" ? nil : [:]
                let refused = try await desk.call("POST", "/v1/me/factors/\(path)", body, as: narrow)
                #expect(
                    refused.status == 403 || path == "passkeys" && refused.status == 422, "\(refused.text)")
            }
            let begun = try await desk.call("POST", "/v1/me/factors/totp", [:])
            #expect(begun.status == 201)
            let confirm = "/v1/me/factors/\(begun.json["id"]?.asString ?? "")/confirm"
            let app = try #require(SoftApp(begun.json["secret"]?.asString ?? ""))
            let code = try app.code(at: desk.owner.now)
            #expect(try await desk.call("POST", confirm, ["code": .string(code)], as: narrow).status == 403)
            #expect(try await desk.call("POST", confirm, ["code": .string(code)]).status == 201)
        }
    }

    @Test func `an admin makes no way in to whoever may do what they may not`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            let admin = try await house.join("ada", .admin, by: owner)
            let trader = try await house.join("tom", .trader, by: owner)
            let bot = try await house.caller.call(
                "POST", "/v1/service-accounts", owner, body: #"{"name":"mm","purpose":"makes markets"}"#)
            let botID = try #require(bot.json["id"]?.asString, "\(bot.text)")
            let granted = try await house.caller.call(
                "POST", "/v1/grants", owner,
                body: #"{"principal_id":"\#(botID)","role":"bot","effect":"allow","on":{"tags":["mm"]}}"#)
            #expect(granted.status == 201, "\(granted.text)")
            let any = [(name: "if-match", value: "*")]
            for (method, path, body) in [
                ("POST", "/v1/users/\(id(trader))/password-reset", ""),
                ("PATCH", "/v1/users/\(id(trader))", #"{"email":"ada.too@desk.example"}"#),
                ("POST", "/v1/access-tokens", #"{"principal_id":"\#(botID)","name":"mine"}"#),
                ("PATCH", "/v1/service-accounts/\(botID)", #"{"owner_id":"\#(id(admin))"}"#),
            ] {
                for (context, isRefused) in [(admin, true), (owner, false)] {
                    let answer = try await house.caller.call(
                        method, path, context, headers: method == "PATCH" ? any : [], body: body)
                    #expect((answer.status == 403) == isRefused, "\(method) \(path) \(answer.text)")
                    guard isRefused else { continue }
                    let (detail, missing) = (
                        answer.json["detail"]?.asString ?? "", answer.json["missing_permission"]?.asString
                    )
                    #expect(
                        detail.hasPrefix("It makes a way to act as this ") && detail.contains(missing ?? "?")
                            && detail.hasSuffix(" Owners can do it."), "\(detail)")
                }
            }
        }
    }

    @Test func `a break-glass token opens nothing that its maker lacks`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            var maker = try await house.owner()
            maker.permissions = [.ownersWrite, .grantsWrite]
            let body = #"{"name":"the safe"}"#
            let refused = try await house.caller.call("POST", "/v1/break-glass", maker, body: body)
            #expect(refused.status == 403, "\(refused.text)")
        }
    }
}
