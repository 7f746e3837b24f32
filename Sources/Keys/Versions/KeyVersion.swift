import Access
import Exchanges
import JSON
import Kernel
import Postgres

/// One sealed secret of a key. What is sealed is not here.
struct KeyVersion: Sendable {
    enum State: String, CaseIterable, Sendable {
        /// Waits to be activated.
        case pending
        /// The one that is used. Never two.
        case current
        /// Was current, and can be again.
        case previous
        /// Its credential is gone for good.
        case destroyed
    }

    enum Origin: String, CaseIterable, Sendable {
        case imported, generated, deposited
        /// Lay in a file before it came here: it is to be renewed.
        case file
    }

    let number: Int
    var state: State
    let kind: Exchange.CredentialKind
    let origin: Origin
    /// `vmPU…9xYz`; nil while a generated pair waits for the exchange's name for it.
    var apiKeyHint: String?
    let publicKeyPEM: String?
    let fingerprint: [UInt8]
    let createdAt: Timestamp
    let createdBy: PrincipalID
    var verifiedAt: Timestamp?
    var activatedAt: Timestamp?
    var retiredAt: Timestamp?
    var destroyedAt: Timestamp?

    var waitsForAPIKey: Bool { apiKeyHint == nil && state == .pending }

    static func hint(of apiKey: String) -> String? {
        guard !apiKey.isEmpty else { return nil }
        guard apiKey.count >= 12 else { return "\(apiKey.prefix(2))…" }
        return "\(apiKey.prefix(4))…\(apiKey.suffix(4))"
    }
}

extension KeyVersion: JSONWritable {
    func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("version", number)
            w.field("state", state.rawValue)
            w.field("kind", kind.rawValue)
            w.field("origin", origin.rawValue)
            w.field("api_key_hint", apiKeyHint)
            w.field("public_key_pem", publicKeyPEM)
            w.field("waiting_for", waitsForAPIKey ? "api_key" : nil)
            w.field("fingerprint", KeyCustody.text(ofFingerprint: fingerprint))
            w.field("created_at", createdAt.description)
            w.field("created_by", createdBy.description)
            w.field("verified_at", verifiedAt?.description)
            w.field("activated_at", activatedAt?.description)
            w.field("retired_at", retiredAt?.description)
            w.field("destroyed_at", destroyedAt?.description)
        }
    }
}

extension KeyVersion {
    /// In the order that `init` reads.
    static let columns = """
        version, state, kind, origin, api_key_hint, public_key_pem, fingerprint, created_at, created_by,
        verified_at, activated_at, retired_at, destroyed_at
        """

    init(_ row: Row) {
        guard let state = State(rawValue: row.text(1)),
            let kind = Exchange.CredentialKind(rawValue: row.text(2)),
            let origin = Origin(rawValue: row.text(3)), let createdBy = PrincipalID(row.text(8))
        else { preconditionFailure("the constraints of key_version hold") }
        self.init(
            number: row.int(0), state: state, kind: kind, origin: origin, apiKeyHint: row.optionalText(4),
            publicKeyPEM: row.optionalText(5), fingerprint: row.bytes(6), createdAt: row.timestamp(7),
            createdBy: createdBy, verifiedAt: row.optionalTimestamp(9),
            activatedAt: row.optionalTimestamp(10), retiredAt: row.optionalTimestamp(11),
            destroyedAt: row.optionalTimestamp(12))
    }
}
