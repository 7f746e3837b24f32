import Access
import HTTPClient
import Identity
import Testing

@testable import Service

/// How an operator describes a log-in provider.
struct OpenIDSettingsTests {
    private static let least = [
        "KEYBELL_PUBLIC_ORIGIN": "https://keybell.desk.example",
        "KEYBELL_OIDC_ISSUER": "https://id.example/r",
        "KEYBELL_OIDC_CLIENT_ID": "keybell",
    ]

    private func read(_ more: [String: String], but left: String? = nil) throws -> OpenIDSettings? {
        var environment = Self.least.merging(more) { $1 }
        if let left { environment[left] = nil }
        return try Settings(environment: environment, home: "/h", isRoot: false, cores: 1).openID
    }

    private func mistake(_ more: [String: String], but left: String? = nil) -> String {
        do {
            _ = try read(more, but: left)
            return ""
        } catch {
            return "\(error)"
        }
    }

    @Test func `an issuer and a client id are enough`() throws {
        let settings = try #require(try read([:]))
        #expect(settings.issuer == "https://id.example/r")
        #expect(settings.redirect == "https://keybell.desk.example/v1/oidc/callback")
        #expect(settings.scopes == ["openid", "email", "profile"])
        #expect(settings.algorithms == Set(TokenAlgorithm.allCases))
        #expect(settings.groupsClaim == "groups" && settings.mappings.isEmpty && !settings.createsUsers)
        #expect(!settings.linksInvited)
        #expect(settings.clientSecretFile == nil && !settings.allowance.privateAddresses)
        #expect(try Settings(environment: [:], home: "/h", isRoot: false, cores: 1).openID == nil)
    }

    @Test func `everything that can be said is read`() throws {
        let settings = try #require(
            try read([
                "KEYBELL_OIDC_CLIENT_SECRET_FILE": "/etc/keybell/secret",
                "KEYBELL_OIDC_SCOPES": "openid groups", "KEYBELL_OIDC_GROUPS_CLAIM": "roles",
                "KEYBELL_OIDC_ROLES": "Desk Admins=admin, traders=night-desk",
                "KEYBELL_OIDC_FACTOR_VALUES": "mfa, otp", "KEYBELL_OIDC_ALLOWED_ALGORITHMS": "ES256,EdDSA",
                "KEYBELL_OIDC_CREATE_USERS": "true", "KEYBELL_OIDC_PRIVATE": "true",
                "KEYBELL_OIDC_LINK_BY": "invited_email",
            ]))
        #expect(settings.clientSecretFile == "/etc/keybell/secret")
        #expect(settings.scopes == ["openid", "groups"] && settings.groupsClaim == "roles")
        #expect(
            settings.mappings == [
                GroupMapping(group: "Desk Admins", target: .role("admin")),
                GroupMapping(group: "traders", target: .role("night-desk")),
            ])
        #expect(settings.linksInvited)
        #expect(settings.factorValues == ["mfa", "otp"] && settings.algorithms == [.es256, .edDSA])
        #expect(settings.createsUsers && settings.allowance == .privateReceivers)
    }

    @Test(arguments: [
        ("KEYBELL_OIDC_ISSUER", "http://id.example"), ("KEYBELL_OIDC_ISSUER", "https://id.example/?a=b"),
        ("KEYBELL_OIDC_ISSUER", "https://id.example/#x"), ("KEYBELL_OIDC_ISSUER", "https://10.0.0.1/r"),
        ("KEYBELL_OIDC_ISSUER", "https://localhost/r"), ("KEYBELL_OIDC_CLIENT_SECRET_FILE", "secret"),
        ("KEYBELL_OIDC_SCOPES", "email profile"), ("KEYBELL_OIDC_SCOPES", "openid \"x\""),
        ("KEYBELL_OIDC_ROLES", "admins"), ("KEYBELL_OIDC_ROLES", "admins=Boss"),
        ("KEYBELL_OIDC_ROLES", "admins=grp_none"), ("KEYBELL_OIDC_LINK_BY", "email"),
        ("KEYBELL_OIDC_ROLES", "=admin"), ("KEYBELL_OIDC_ALLOWED_ALGORITHMS", "HS256"),
        ("KEYBELL_OIDC_ALLOWED_ALGORITHMS", "RS256,none"), ("KEYBELL_OIDC_CREATE_USERS", "yes"),
    ])
    func `what cannot be meant is refused by its name`(name: String, value: String) {
        #expect(mistake([name: value]).contains(name))
    }

    @Test func `what is missing is named, and what has no meaning without an issuer`() {
        #expect(mistake([:], but: "KEYBELL_OIDC_CLIENT_ID").contains("KEYBELL_OIDC_CLIENT_ID is missing"))
        #expect(
            mistake([:], but: "KEYBELL_PUBLIC_ORIGIN").contains("KEYBELL_OIDC_ISSUER needs KEYBELL_PUBLIC"))
        let alone = mistake(["KEYBELL_OIDC_ROLES": "a=admin"], but: "KEYBELL_OIDC_ISSUER")
        #expect(alone.contains("KEYBELL_OIDC_ROLES needs KEYBELL_OIDC_ISSUER"))
        #expect(alone.contains("KEYBELL_OIDC_CLIENT_ID needs KEYBELL_OIDC_ISSUER"))
    }
}
