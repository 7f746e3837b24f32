import Access
import HTTPServer
import JSON
import Kernel

/// What somebody wants to grant.
struct GrantDraft {
    let grantee: Grantee
    let role: String
    let effect: GrantEffect
    let scope: Scope
    let expiresAt: Timestamp?

    init(_ fields: Fields, now: Timestamp) throws {
        var f = fields
        let grantee = f.parsed("principal_id", expected: "the id of a user, a service account or a group") {
            Grantee($0)
        }
        role = f.parsed("role", expected: "the name of a role", standIn: "") { Role.isName($0) ? $0 : nil }
        effect = f.choice("effect", GrantEffect.self, default: .allow)
        scope = Scope.readNamed("on", in: &f)
        expiresAt = f.parsed(optional: "expires_at", expected: "an RFC 3339 time") { Timestamp($0) }
        if let expiresAt, expiresAt <= now {
            f.fail("expires_at", code: FieldCode.outOfRange, "must be in the future")
        }
        try f.finish()
        guard let grantee else { throw Problem.wrongField("principal_id", "is required") }
        self.grantee = grantee
    }
}
