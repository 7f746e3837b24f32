import Access
import Crypto
import JSON
import Kernel
import Testing
import TestSupport

@testable import Identity

/// What an ID token must say, and what of it is believed.
struct IDTokenTests {
    private static let pair = Result { try SigningPair("one", .es256) }
    private let now = Timestamp.testStart
    private var rules: IDTokenRules {
        IDTokenRules(
            issuer: "https://id.example", clientID: "keybell", nonce: "n-1", accessToken: "at-1",
            groupsClaim: "groups", now: now)
    }

    private var claims: JSONValue {
        [
            "iss": "https://id.example", "aud": "keybell", "sub": "ann", "nonce": "n-1",
            "iat": .number(JSONNumber(now.seconds)), "exp": .number(JSONNumber(now.seconds + 300)),
            "email": "ann@desk.example", "email_verified": true, "name": "Ann", "groups": ["a", "b"],
            "amr": ["pwd", "otp"], "acr": "silver",
        ]
    }

    private func read(_ claims: JSONValue, _ rules: IDTokenRules? = nil) throws -> IDToken {
        let token = try SignedToken(try Self.pair.get().token(claims))
        return try (rules ?? self.rules).read(token)
    }

    private func refusal(_ claims: JSONValue) -> TokenRefusal? {
        do {
            _ = try read(claims)
            return nil
        } catch {
            return error as? TokenRefusal
        }
    }

    private func at(_ seconds: Int64) -> JSONValue { .number(JSONNumber(now.seconds + seconds)) }

    @Test func `a token that says what it must is read`() throws {
        let token = try read(claims)
        #expect(
            token
                == IDToken(
                    subject: "ann", email: "ann@desk.example", name: "Ann", groups: ["a", "b"],
                    methods: ["pwd", "otp"], authenticationClass: "silver", authenticatedAt: nil))
    }

    @Test(arguments: ["https://id.example/", "https://ID.example", "https://evil.example", ""])
    func `a token of another issuer is refused, to the letter`(issuer: String) {
        #expect(refusal(claims.with("iss", .string(issuer))) == .issuer)
        #expect(refusal(claims.with("iss", nil)) == .issuer)
    }

    @Test func `a token for somebody else is refused`() {
        for audience: JSONValue in ["other", "keybell2", [], ["other"], [["keybell"]], 1] {
            #expect(refusal(claims.with("aud", audience)) == .audience)
        }
        #expect(refusal(claims.with("aud", nil)) == .audience)
    }

    @Test func `a token for several says that it was made for us`() {
        let several = claims.with("aud", ["other", "keybell"])
        #expect(refusal(several) == .authorizedParty)
        #expect(refusal(several.with("azp", "other")) == .authorizedParty)
        #expect(refusal(several.with("azp", "keybell")) == nil)
        #expect(refusal(claims.with("aud", ["keybell"])) == nil)
        #expect(refusal(claims.with("azp", "other")) == .authorizedParty)
    }

    @Test func `an expired token is refused, with a minute for clocks that differ`() {
        #expect(refusal(claims.with("exp", at(-59))) == nil)
        #expect(refusal(claims.with("exp", at(-60))) == .expired)
        #expect(refusal(claims.with("exp", at(-3_600))) == .expired)
    }

    @Test func `a token that is not yet valid is refused, with a minute for clocks that differ`() {
        for name in ["iat", "nbf"] {
            #expect(refusal(claims.with(name, at(60))) == nil, "\(name)")
            #expect(refusal(claims.with(name, at(61))) == .notYetValid, "\(name)")
        }
    }

    @Test func `times that are missing or no times make a token unreadable`() {
        #expect(refusal(claims.with("exp", nil)) == .malformed)
        #expect(refusal(claims.with("iat", nil)) == .malformed)
        for wrong: JSONValue in ["1767600300", -1, .null, true, .number(JSONNumber(Int64.max))] {
            for name in ["exp", "iat", "nbf"] { #expect(refusal(claims.with(name, wrong)) == .malformed) }
        }
    }

    @Test func `a token of another log-in is refused by its nonce`() {
        for nonce: JSONValue? in ["n-2", "", nil, .null, ["n-1"]] {
            #expect(refusal(claims.with("nonce", nonce)) == .nonce)
        }
    }

    @Test func `a token without a subject is refused`() {
        let long = String(repeating: "x", count: 256)
        for subject: JSONValue? in [nil, "", .null, 7, .string(long), "a\nb"] {
            #expect(refusal(claims.with("sub", subject)) == .subject)
        }
    }

    @Test func `an address that the provider has not verified is none`() throws {
        for verified: JSONValue? in [false, nil, "true", 1, .null] {
            #expect(try read(claims.with("email_verified", verified)).email == nil)
        }
    }

    @Test func `the hash of the access token that came along is checked where it is said`() throws {
        let half = Base64.encode(Array(SHA256.hash("at-1").prefix(16)), alphabet: .url)
        #expect(refusal(claims.with("at_hash", .string(half))) == nil)
        for hash: JSONValue in ["", "x", .null, .string(half + "A")] {
            #expect(refusal(claims.with("at_hash", hash)) == .accessTokenHash)
        }
        var rules = rules
        rules.accessToken = nil
        #expect(throws: TokenRefusal.accessTokenHash) {
            try read(claims.with("at_hash", .string(half)), rules)
        }
    }

    @Test func `groups are a list, a single one, or none`() throws {
        #expect(try read(claims.with("groups", "a")).groups == ["a"])
        #expect(try read(claims.with("groups", nil)).groups == nil)
        #expect(try read(claims.with("groups", ["a", 1, .null])).groups == ["a"])
        var rules = rules
        rules.groupsClaim = "roles"
        #expect(try read(claims, rules).groups == nil)
    }

    @Test func `what groups lead to comes once each, in the operator's order`() throws {
        var settings = OpenIDSettings(issuer: "i", clientID: "c", origin: "https://keybell.example")
        let group = GroupID(UUID(high: 1, low: 1))
        settings.mappings = ["a=trader", "b=trader", "b=night-desk", "c=owner", "b=\(group)"]
            .compactMap { GroupMapping($0) }
        #expect(
            settings.leads(of: ["b", "a"]).map(\.target) == [
                .role("trader"), .role("night-desk"), .group(group),
            ])
        #expect(settings.leads(of: ["A", "a ", "c=owner"]).isEmpty)
        for wrong in ["=admin", "a=Boss", "admin", "a=", "a=grp_1", "a=usr_01ke6my6g1e23vtc7yy680gxcf x"] {
            #expect(GroupMapping(wrong) == nil, "\(wrong)")
        }
        #expect(
            GroupMapping("cn=desk,ou=x=trader")
                == GroupMapping(group: "cn=desk,ou=x", target: .role("trader"))
        )
    }

    @Test func `a factor of the provider's counts by what an operator named, and from when it was shown`()
        throws
    {
        var settings = OpenIDSettings(issuer: "i", clientID: "c", origin: "https://keybell.example")
        let token = try read(claims.with("auth_time", at(-60)))
        #expect(settings.provenAt(token, at: now) == nil)
        for (value, counts) in [("otp", true), ("silver", true), ("gold", false)] {
            settings.factorValues = [value]
            #expect(settings.provenAt(token, at: now) == (counts ? now - .seconds(60) : nil), "\(value)")
        }
        settings.factorValues = ["otp"]
        // Nobody says when, or too long ago.
        #expect(try settings.provenAt(read(claims), at: now) == nil)
        #expect(try settings.provenAt(read(claims.with("auth_time", at(-86_461))), at: now) == nil)
        // The provider's clock is a little ahead: no session is fresh for longer by that.
        #expect(try settings.provenAt(read(claims.with("auth_time", at(30))), at: now) == now)
        #expect(refusal(claims.with("auth_time", at(61))) == .notYetValid)
        for wrong: JSONValue in ["1767600300", -1, .null, true] {
            #expect(refusal(claims.with("auth_time", wrong)) == .malformed)
        }
    }
}
