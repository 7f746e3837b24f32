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
    let isPassphraseDisclosable: Bool
    let egressAddress: String?
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
        isPassphraseDisclosable = f.bool("passphrase_disclosable", default: false)
        if isPassphraseDisclosable { f.checkPassphrase(of: exchange) }
        egressAddress = f.egressAddress()
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

extension Collection where Element == KeyPermission {
    /// Whether money can leave an account by one of them.
    var moveMoney: Bool { contains(.withdraw) || contains(.transfer) }
}

/// A merge patch (RFC 7396) of a key: nil is "stays", an inner nil is "cleared".
struct KeyChange {
    private static let names = [
        "label", "owner_id", "tags", "permissions", "ip_allow_list", "expires_at", "secret_created_at",
        "rotation", "readable", "passphrase_disclosable", "egress_address",
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
    let isPassphraseDisclosable: Bool?
    let egressAddress: String??
    /// The secret again: who makes a key readable, or its passphrase, must have it.
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
        f.refuseNull("passphrase_disclosable")
        isPassphraseDisclosable = f.bool(optional: "passphrase_disclosable")
        egressAddress = f.has("egress_address") ? .some(f.egressAddress()) : nil
        proof = CredentialDraft.read(optional: &f)
        if proof != nil, isReadable != true, isPassphraseDisclosable != true {
            f.fail(
                "credential", code: "not_allowed",
                "goes with \"readable\": true or \"passphrase_disclosable\": true; versions are added apart")
        }
        if isEmpty { f.fail(code: FieldCode.tooFew, "must change something") }
        try f.finish()
    }
}

extension KeyChange {
    /// Whether the secret or the passphrase could be seen afterwards, and not before.
    func shows(moreOf key: ExchangeKey) -> Bool {
        let isShown = isReadable == true && !key.isReadable
        let isDisclosed = isPassphraseDisclosable == true && !key.isPassphraseDisclosable
        return (isShown || isDisclosed) && key.currentVersion != nil
    }

    /// What can be said of it only beside the key and the settings.
    func check(_ key: ExchangeKey, egress: EgressAddresses) throws(FieldErrors) {
        if isPassphraseDisclosable == true, !Exchange.of(key.exchange).hasPassphrase {
            throw FieldErrors(
                FieldError(
                    pointer: "/passphrase_disclosable", code: "not_allowed",
                    message: "is for exchanges whose credentials have a passphrase"))
        }
        if case .some(let name) = egressAddress { try egress.requireName(name) }
    }
}

extension EgressAddresses {
    /// Another node may have others, but then somebody should ask that one.
    func requireName(_ name: String?) throws(FieldErrors) {
        guard let name, self[name] == nil else { return }
        throw FieldErrors(
            FieldError(
                pointer: "/egress_address", code: "not_found",
                message: "is none of KEYBELL_EGRESS_ADDRESSES"))
    }
}
