import Access
import Crypto
import HTTPServer
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Identity

/// Nobody gets out of a token's limits by issuing another one through it.
@Suite(.serialized) struct IssuerLimitsTests {
    private let user = PrincipalID(.user, UUID(high: 1, low: 1))
    private let bot = PrincipalID(.serviceAccount, UUID(high: 1, low: 2))
    private let end = Timestamp.testStart + .days(1)

    private func limits(
        _ cidrs: [String] = [], expiresAt: Timestamp? = nil, idle: Period? = nil, isCounted: Bool = false,
        key: Ed25519.PublicKey? = nil
    ) -> IssuerLimits {
        IssuerLimits(
            scopes: nil, cidrs: cidrs.compactMap { CIDR($0) }, expiresAt: expiresAt, idle: idle,
            isCounted: isCounted, key: key)
    }

    private func new(
        _ cidrs: [String] = [], expiresAt: Timestamp? = nil, idle: Period? = nil,
        key: Ed25519.PublicKey? = nil
    ) -> NewAccessToken {
        var new = NewAccessToken(principal: user, name: "a")
        (new.cidrs, new.expiresAt, new.idle, new.key) = (cidrs.compactMap { CIDR($0) }, expiresAt, idle, key)
        return new
    }

    private func may(
        _ limits: IssuerLimits, _ new: NewAccessToken, for target: PrincipalID, by issuer: PrincipalID
    ) -> Bool {
        (try? limits.check(new, for: target, by: issuer)) != nil
    }

    @Test func `a token for oneself ends no later`() {
        for (wanted, allowed) in [
            (nil, false), (end + .seconds(1), false), (end, true), (end - .days(1), true),
        ] as [(Timestamp?, Bool)] {
            for issuer in [user, bot] {
                #expect(
                    may(limits(expiresAt: end), new(expiresAt: wanted), for: issuer, by: issuer) == allowed)
            }
        }
        // A person's hour-long token may issue a month-long one of a bot, whose rights are its own.
        #expect(may(limits(expiresAt: end), new(), for: bot, by: user))
        #expect(!may(limits(idle: .days(1)), new(), for: user, by: user))
        #expect(!may(limits(idle: .days(1)), new(idle: .days(2)), for: user, by: user))
        #expect(may(limits(idle: .days(1)), new(idle: .days(1)), for: user, by: user))
        #expect(!may(limits(isCounted: true), new(), for: bot, by: bot))
        #expect(!may(limits(isCounted: true), new(), for: user, by: user))
        #expect(may(limits(isCounted: true), new(), for: bot, by: user))
    }

    @Test(arguments: [
        (["10.0.0.0/8"], ["10.1.0.0/16", "10.2.3.4"], true), (["10.0.0.0/8"], [], false),
        (["10.0.0.0/8"], ["10.0.0.0/7"], false), (["10.0.0.0/8"], ["10.0.0.0/8"], true),
        (["10.0.0.0/8"], ["10.1.0.0/16", "11.0.0.0/16"], false), ([], [], true), ([], ["10.0.0.0/8"], true),
        (["10.0.0.0/8"], ["::ffff:10.1.2.3"], true), (["0.0.0.0/0"], ["::/0"], false),
        (["2001:db8::/32"], ["2001:db8:1::/48"], true), (["2001:db8::/32"], ["2001:db9::1"], false),
        (["10.0.0.0/9", "10.128.0.0/9"], ["10.0.0.0/8"], false),
    ])
    func `a bot's token issues none for other addresses`(own: [String], wanted: [String], allowed: Bool) {
        #expect(may(limits(own), new(wanted), for: bot, by: bot) == allowed)
        #expect(may(limits(own), new(wanted), for: user, by: user))
        // A person may, and shows that they are there.
        #expect(limits(own).isLeft(by: new(wanted)) == !allowed)
    }

    @Test func `a bot issues for itself alone, and a bound one for its key alone`() throws {
        let (key, other) = (try Ed25519.SigningKey().publicKey, try Ed25519.SigningKey().publicKey)
        let second = PrincipalID(.serviceAccount, UUID(high: 1, low: 3))
        #expect(!may(limits(), new(), for: second, by: bot))
        #expect(!may(limits(), new(), for: user, by: bot))
        #expect(may(limits(key: key), new(key: key), for: bot, by: bot))
        #expect(!may(limits(key: key), new(key: other), for: bot, by: bot))
        #expect(!may(limits(key: key), new(), for: bot, by: bot))
        #expect(may(limits(), new(key: key), for: bot, by: bot))
        #expect(may(limits(key: key), new(), for: user, by: user))
        #expect(limits(key: key).isLeft(by: new()) && limits(key: key).isLeft(by: new(key: other)))
        #expect(!limits(key: key).isLeft(by: new(key: key)) && !limits().isLeft(by: new(key: key)))
    }

    @Test func `the limits of the token that acts are those that are stored`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let owner = try await house.owner()
            let key = Base64.encode(try Ed25519.SigningKey().publicKey.bytes)
            let bot =
                try await house.caller.call(
                    "POST", "/v1/service-accounts", owner, body: #"{"name":"bot","purpose":"a"}"#
                ).json["id"]?.asString ?? ""
            let made = try await house.caller.call(
                "POST", "/v1/access-tokens", owner,
                body: """
                    {"name":"a","principal_id":"\(bot)","cidrs":["10.0.0.0/8"],"public_key":"\(key)",
                    "expires_at":"\(end)","scopes":["access_tokens:write"]}
                    """
            ).json
            var context = owner
            context.actor.principal = PrincipalID(bot)
            context.actor.accessToken = made["id"]?.asString.flatMap { AccessTokenID($0) }
            context.permissions = [.accessTokensWrite]
            let narrow = """
                "name":"b","scopes":["access_tokens:write"],"cidrs":["10.1.0.0/16"],"public_key":"\(key)",\
                "expires_at":"\(end)"
                """
            for (body, status) in [
                ("{\(narrow)}", 201), ("{\(narrow.replacing("10.1.0.0/16", with: "11.1.0.0/16"))}", 403),
                ("{\(narrow.replacing("10.1.0.0", with: "10.0.0.0").replacing("/16", with: "/7"))}", 403),
                ("{\(narrow.replacing(",\"public_key\":\"\(key)\"", with: ""))}", 403),
                ("{\(narrow.replacing(",\"expires_at\":\"\(end)\"", with: ""))}", 403),
                ("{\(narrow.replacing("\"access_tokens:write\"", with: "\"keys:read\""))}", 403),
            ] {
                let answer = try await house.caller.call("POST", "/v1/access-tokens", context, body: body)
                #expect(answer.status == status, "\(body) \(answer.text)")
            }
            // Through itself it may be rotated: the successor is as narrow.
            let path = "/v1/access-tokens/\(made["id"]?.asString ?? "")/rotate"
            #expect(try await house.caller.call("POST", path, context).status == 201)
        }
    }
}
