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

    /// - Parameter caller: the owner unless another is named.
    init(_ fields: Fields, caller: PrincipalID?, now: Timestamp) throws {
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
        let unsupported = f.credential(mayBeReadable: true)
        try f.finish()
        guard let owner, unsupported.isEmpty else { throw Problem.notYetSupported(unsupported) }
        self.owner = owner
    }
}

/// A merge patch (RFC 7396) of a key: nil is "stays", an inner nil is "cleared".
struct KeyChange {
    private static let names = [
        "label", "owner_id", "tags", "permissions", "ip_allow_list", "expires_at", "secret_created_at",
        "rotation",
        "credential",
    ]

    let label: String?
    let owner: PrincipalID?
    let tags: [String]?
    let permissions: [KeyPermission]?
    let addresses: [CIDR]?
    let expiresAt: Timestamp??
    let secretCreatedAt: Timestamp??
    let rotation: RotationPlan??

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
        let unsupported = f.credential(mayBeReadable: false)
        if isEmpty { f.fail(code: FieldCode.tooFew, "must change something") }
        try f.finish()
        guard unsupported.isEmpty else { throw Problem.notYetSupported(unsupported) }
    }
}

extension Problem {
    fileprivate static func notYetSupported(_ errors: [FieldError]) -> Problem {
        Problem(.notYetSupported, "Keys are metadata only, for now: secrets come later.", errors: errors)
    }
}
