import Access
import Exchanges
import HTTPServer
import JSON
import Kernel

/// What a client says of a key that is to be registered.
struct KeyDraft {
    let exchange: ExchangeName
    let account: String
    let label: String
    let environment: Environment
    let owner: PrincipalID
    let tags: [String]
    let permissions: [KeyPermission]
    let addresses: [CIDR]
    let expiresAt: Timestamp?
    let secretCreatedAt: Timestamp?
    let rotation: RotationPlan?
    let isReadable: Bool
    let isDecoy: Bool
    /// Nil: metadata only, for now.
    let credential: CredentialDraft?

    /// - Parameter caller: the owner unless another is named.
    init(_ fields: Fields, caller: PrincipalID?, now: Timestamp, asDecoy: Bool = false) throws {
        var f = fields
        exchange = f.choice("exchange", ExchangeName.self)
        account = f.name("account")
        label = f.name("label")
        environment = f.choice("environment", Environment.self)
        let owner = f.principal("owner_id") ?? caller
        tags = f.tags() ?? []
        permissions = f.permissions() ?? []
        addresses = f.addresses() ?? []
        expiresAt = f.time("expires_at")
        secretCreatedAt = f.pastTime("secret_created_at", now: now)
        rotation = f.rotation()
        if owner == nil { f.fail("owner_id", code: FieldCode.missing, "is required") }
        isReadable = f.bool("readable", default: false)
        isDecoy = asDecoy
        let sent = CredentialDraft.read(optional: &f)
        if asDecoy, case .generated? = sent?.matter {
            f.fail("credential", code: "not_allowed", "is brought, or left out: then one is invented")
        }
        credential = sent ?? (asDecoy ? .invented : nil)
        try f.finish()
        guard let owner else { throw Problem.notFound("owner") }
        self.owner = owner
    }
}

/// A merge patch (RFC 7396) of a key: nil is "stays", an inner nil is "cleared".
struct KeyChange {
    private static let names = [
        "label", "owner_id", "tags", "permissions", "ip_allow_list", "expires_at", "secret_created_at",
        "rotation", "readable",
    ]

    let label: String?
    let owner: PrincipalID?
    let tags: [String]?
    let permissions: [KeyPermission]?
    let addresses: [CIDR]?
    let expiresAt: Timestamp??
    let secretCreatedAt: Timestamp??
    let rotation: RotationPlan??
    let isReadable: Bool?
    /// The secret again: who makes a key readable must have it.
    let proof: CredentialDraft?

    init(_ fields: Fields, now: Timestamp) throws {
        var f = fields
        let isEmpty = !Self.names.contains { f.has($0) }
        label = f.name(optional: "label")
        owner = f.principal("owner_id")
        tags = f.tags()
        permissions = f.permissions()
        addresses = f.addresses()
        expiresAt = f.has("expires_at") ? .some(f.time("expires_at")) : nil
        secretCreatedAt = f.has("secret_created_at") ? .some(f.pastTime("secret_created_at", now: now)) : nil
        rotation = f.has("rotation") ? .some(f.rotation()) : nil
        f.refuseNull("readable")
        isReadable = f.bool(optional: "readable")
        proof = CredentialDraft.read(optional: &f)
        if proof != nil, isReadable != true {
            f.fail(
                "credential", code: "not_allowed", "goes with \"readable\": true; versions are added apart")
        }
        if isEmpty { f.fail(code: FieldCode.tooFew, "must change something") }
        try f.finish()
    }
}
