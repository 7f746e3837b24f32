import Access
import HTTPServer
import JSON
import Kernel
import Postgres

/// The columns that every statement about keys answers, and where each stands.
enum KeyColumns {
    static let list = """
        id, exchange, account, label, environment, owner, tags, permissions, ip_allow_list, status,
        status_reason, status_changed_at, expires_at, secret_created_at, rotation_every,
        rotation_remind_before, rotation_due_at, handed_out_until, created_at, created_by, updated_at,
        revision, rotation_notice_at, expiry_notice_at, label_key, own_mode, quarantined, readable, decoy,
        current_version, risks_accepted, fingerprint, version_list, mac, own_reason,
        policy_version, policy_digest, egress_address, passphrase_disclosable, away_mode
        """

    static let id = 0
    static let exchange = 1
    static let account = 2
    static let label = 3
    static let environment = 4
    static let owner = 5
    static let tags = 6
    static let permissions = 7
    static let addresses = 8
    static let status = 9
    static let statusReason = 10
    static let statusChangedAt = 11
    static let expiresAt = 12
    static let secretCreatedAt = 13
    static let rotationEvery = 14
    static let rotationRemindBefore = 15
    static let rotationDueAt = 16
    static let handedOutUntil = 17
    static let createdAt = 18
    static let createdBy = 19
    static let updatedAt = 20
    static let revision = 21
    static let rotationNoticeAt = 22
    static let expiryNoticeAt = 23
    static let labelKey = 24
    static let ownMode = 25
    static let quarantined = 26
    static let readable = 27
    static let decoy = 28
    static let currentVersion = 29
    static let risksAccepted = 30
    static let fingerprint = 31
    static let versionList = 32
    static let tag = 33
    static let ownReason = 34
    static let policyVersion = 35
    static let policyDigest = 36
    static let egressAddress = 37
    static let passphraseDisclosable = 38
    static let awayMode = 39
    static let count = 40
}

/// One key as the database answers it. An answer to a client is written from here, without a value between:
/// the columns hold what the JSON holds.
struct KeyRow {
    private let row: Row

    init(_ row: Row) { self.row = row }

    var id: ExchangeKeyID { row.id(KeyColumns.id) }
    var revision: Int64 { row.int64(KeyColumns.revision) }

    func text(_ column: Int) -> String { row.text(column) }
    func optionalText(_ column: Int) -> String? { row.optionalText(column) }
    func flag(_ column: Int) -> Bool { row.bool(column) }
    func optionalInt(_ column: Int) -> Int? { row.optionalInt64(column).map { Int($0) } }
    func optionalBytes(_ column: Int) -> [UInt8]? { row.optionalBytes(column) }
    /// Over the rest of the row.
    var tag: [UInt8]? { row.optionalBytes(KeyColumns.tag) }
    func texts(_ column: Int) -> [String] { row.textArray(column) }
    func time(_ column: Int) -> Timestamp { row.timestamp(column) }
    func optionalTime(_ column: Int) -> Timestamp? { row.optionalTimestamp(column) }

    /// A value of a closed set. Whatever else stands there was not written by us.
    func closed<Value: RawRepresentable<String>>(
        _ column: Int, as type: Value.Type = Value.self
    ) throws(TamperedKey) -> Value {
        guard let value = Value(rawValue: row.text(column)) else { throw tampering }
        return value
    }

    func principal(_ column: Int) throws(TamperedKey) -> PrincipalID {
        guard let principal = PrincipalID(row.text(column)) else { throw tampering }
        return principal
    }

    var tampering: TamperedKey { TamperedKey(self) }

    /// As they stand, readable or not.
    var sharedFields: KeyValuePairs<String, JSONValue> {
        [
            "key_id": .string(id.description), "label": .string(text(KeyColumns.label)),
            "exchange": .string(text(KeyColumns.exchange)), "account": .string(text(KeyColumns.account)),
            "environment": .string(text(KeyColumns.environment)),
            "owner_id": .string(text(KeyColumns.owner)),
            "tags": .array(texts(KeyColumns.tags).map { .string($0) }),
            "status": .string(text(KeyColumns.status)),
        ]
    }

    var rotation: RotationPlan? {
        guard let every = row.optionalText(KeyColumns.rotationEvery).flatMap({ WrittenPeriod($0) }) else {
            return nil
        }
        let reminders = row.textArray(KeyColumns.rotationRemindBefore).compactMap { WrittenPeriod($0) }
        return RotationPlan(every: every, remindBefore: reminders)
    }
}

// MARK: JSON

extension KeyRow {
    /// A `Key` of openapi.yaml, as of the context's moment; whether it is a decoy, for whoever may know.
    /// - Parameter deletion: in the answer to a revocation.
    func write(to w: inout JSONWriter, for context: Context, deletion: DeletionSummary? = nil) {
        w.object { w in
            w.field("id", id.description)
            for (name, column) in Self.texts { w.field(name, row.text(column)) }
            for (name, column) in Self.lists { w.field(name, row.textArray(column)) }
            w.field("status", row.text(KeyColumns.status))
            w.field("status_reason", row.optionalText(KeyColumns.statusReason))
            write("status_changed_at", KeyColumns.statusChangedAt, to: &w)
            write("expires_at", KeyColumns.expiresAt, to: &w)
            write("secret_created_at", KeyColumns.secretCreatedAt, to: &w)
            writeRotation(to: &w, now: context.now)
            writeCredential(to: &w)
            w.field("policy_version", row.int(KeyColumns.policyVersion))
            w.field("away_mode", flag(KeyColumns.awayMode))
            write("handed_out_until", KeyColumns.handedOutUntil, to: &w)
            write("created_at", KeyColumns.createdAt, to: &w)
            w.field("created_by", row.text(KeyColumns.createdBy))
            write("updated_at", KeyColumns.updatedAt, to: &w)
            w.field("revision", revision)
            if showsBait(to: context) { w.field("decoy", flag(KeyColumns.decoy)) }
            if let deletion { w.field("at_the_exchange", deletion) }
        }
    }

    private static let texts = [
        ("exchange", KeyColumns.exchange), ("account", KeyColumns.account), ("label", KeyColumns.label),
        ("environment", KeyColumns.environment), ("owner_id", KeyColumns.owner),
    ]
    private static let lists = [
        ("tags", KeyColumns.tags), ("permissions", KeyColumns.permissions),
        ("ip_allow_list", KeyColumns.addresses),
    ]

    private func write(_ name: String, _ column: Int, to w: inout JSONWriter) {
        w.field(name, row.optionalTimestamp(column)?.description)
    }

    private func writeRotation(to w: inout JSONWriter, now: Timestamp) {
        guard let due = row.optionalTimestamp(KeyColumns.rotationDueAt) else { return w.null("rotation") }
        w.object("rotation") { w in
            w.field("every", row.text(KeyColumns.rotationEvery))
            w.field("remind_before", row.textArray(KeyColumns.rotationRemindBefore))
            w.field("due_at", due.description)
            w.field("overdue", due <= now && row.text(KeyColumns.status) != KeyStatus.revoked.rawValue)
        }
    }

    private func writeCredential(to w: inout JSONWriter) {
        w.field("egress_address", row.optionalText(KeyColumns.egressAddress))
        w.field("passphrase_disclosable", flag(KeyColumns.passphraseDisclosable))
        w.field("readable", flag(KeyColumns.readable))
        w.field("fingerprint", row.optionalText(KeyColumns.fingerprint))
        w.field("current_version", optionalInt(KeyColumns.currentVersion))
        w.raw("versions", row.text(KeyColumns.versionList).utf8)
    }

    /// Whoever may do something to it, and not read it, is told that it is done.
    func response(
        _ status: HTTPStatus = .ok, for context: Context, deletion: DeletionSummary? = nil
    ) -> Response {
        let isSeen = (try? target).map { context.may(.keysRead, on: $0) } ?? context.may(.keysRead)
        guard status == .created || isSeen else { return Response(.noContent).etag(revision) }
        return Response.json(status) { w in write(to: &w, for: context, deletion: deletion) }.etag(revision)
    }
}
