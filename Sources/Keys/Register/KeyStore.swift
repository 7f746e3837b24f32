import Exchanges
import Access
import HTTPServer
import JSON
import Kernel
import Postgres

/// Keys as rows.
enum KeyStore {
    /// The measured hot path: one row by its primary key.
    static let find = Statement(
        "key_find",
        derived: ["select", KeyColumns.list, "from exchange_key where id = $1"].joined(separator: " "))
    /// Waits for a change under way, and makes the next one wait; readers do not notice.
    static let lock = Statement(
        "key_lock",
        derived: ["select", KeyColumns.list, "from exchange_key where id = $1 for no key update"]
            .joined(separator: " "))
    static let insert = Statement(
        "key_insert",
        derived: [
            """
            insert into exchange_key (id, label, label_key, owner, tags, permissions, ip_allow_list, status,
                status_reason, status_changed_at, expires_at, secret_created_at, rotation_every,
                rotation_remind_before, rotation_due_at, rotation_notice_at, expiry_notice_at,
                handed_out_until, updated_at, revision, own_mode, quarantined, readable,
                current_version, risks_accepted, fingerprint, own_reason, exchange, account, environment,
                created_at, created_by, decoy, egress_address, passphrase_disclosable)
            values ($1, normalize($2), normalize($3), $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
                $16, $17, $18, $19, $20, $21, $22, $23, $24::integer, $25, $26, $27, $30, normalize($31),
                $32, $33, $34, $35, $28, $29)
            returning
            """, KeyColumns.list,
        ].joined(separator: " "))
    static let update = Statement(
        "key_update",
        derived: [
            """
            update exchange_key set label = normalize($2), label_key = normalize($3), owner = $4, tags = $5,
                permissions = $6, ip_allow_list = $7, status = $8, status_reason = $9,
                status_changed_at = $10, expires_at = $11, secret_created_at = $12, rotation_every = $13,
                rotation_remind_before = $14,
                rotation_due_at = $15, rotation_notice_at = $16, expiry_notice_at = $17,
                handed_out_until = $18, updated_at = $19, revision = $20, own_mode = $21,
                quarantined = $22, readable = $23, current_version = $24::integer, risks_accepted = $25,
                fingerprint = $26, own_reason = $27, egress_address = $28, passphrase_disclosable = $29
            where id = $1 returning
            """, KeyColumns.list,
        ].joined(separator: " "))

    static let ofIDs = Statement(
        "keys_of_ids",
        derived: ["select", KeyColumns.list, "from exchange_key where id = any($1)"].joined(separator: " "))

    static let lockIDs = Statement(
        "keys_lock_ids",
        derived: [
            "select", KeyColumns.list,
            "from exchange_key where id = any($1) order by id for no key update",
        ].joined(separator: " "))

    private static let seal = Statement("key_seal", "update exchange_key set mac = $2 where id = $1")

    /// The unique index over exchange, account and label of keys that are not revoked.
    private static let labelIndex = "exchange_key_label"

    private static let exchange = Statement(
        "key_exchange", "select exchange from exchange_key where id = $1")

    /// Never changes.
    nonisolated(nonsending) static func exchange(
        of id: ExchangeKeyID, in source: any Queryable
    ) async throws -> ExchangeName? {
        try await source.query(exchange, .id(id)).first.flatMap { ExchangeName(rawValue: $0.text(0)) }
    }

    private static let taken = Statement(
        "key_label_taken",
        """
        select 1::bigint from exchange_key
        where exchange = $1 and account = normalize($2) and label = normalize($3) and status <> 'revoked'
        """)

    nonisolated(nonsending) static func isTaken(
        _ label: String, of exchange: ExchangeName, account: String, in source: any Queryable
    ) async throws -> Bool {
        try await !source.query(
            taken, .text(exchange.rawValue), .text(account), .text(label)
        ).isEmpty
    }

    nonisolated(nonsending) static func find(
        _ id: ExchangeKeyID, in source: any Queryable
    ) async throws -> KeyRow? {
        try await source.query(find, .id(id)).first.map { KeyRow($0) }
    }

    /// Without those that cannot be read: whoever uses a tampered key tells of it.
    nonisolated(nonsending) static func all(
        _ ids: [ExchangeKeyID], in source: any Queryable
    ) async throws -> [ExchangeKeyID: ExchangeKey] {
        let rows = try await source.query(ofIDs, .idArray(ids))
        let keys = rows.compactMap { try? ExchangeKey(KeyRow($0)) }
        return Dictionary(keys.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// In the order in which everybody locks them; those that exist.
    nonisolated(nonsending) static func lock(
        _ ids: [ExchangeKeyID], in transaction: Transaction
    ) async throws -> [KeyRow] {
        try await transaction.query(lockIDs, .idArray(ids)).map { KeyRow($0) }
    }

    nonisolated(nonsending) static func lock(
        _ id: ExchangeKeyID, in transaction: Transaction
    ) async throws -> KeyRow? {
        try await transaction.query(lock, .id(id)).first.map { KeyRow($0) }
    }

    nonisolated(nonsending) static func seal(
        _ id: ExchangeKeyID, with tag: [UInt8], in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(seal, .id(id), .bytes(tag))
    }

    nonisolated(nonsending) static func insert(
        _ key: ExchangeKey, in transaction: Transaction
    ) async throws -> KeyRow {
        let parameters: [Parameter] =
            changeable(key) + [
                .text(key.exchange.rawValue), .text(key.account), .text(key.environment.rawValue),
                .timestamp(key.createdAt), .text(key.createdBy.description), .bool(key.isDecoy),
            ]
        return try await write(insert, parameters, in: transaction)
    }

    /// Of a row that is locked.
    nonisolated(nonsending) static func update(
        _ key: ExchangeKey, in transaction: Transaction
    ) async throws -> KeyRow {
        try await write(update, changeable(key), in: transaction)
    }

    private nonisolated(nonsending) static func write(
        _ statement: Statement, _ parameters: [Parameter], in transaction: Transaction
    ) async throws -> KeyRow {
        do throws(PostgresError) {
            guard let row = try await transaction.query(statement, parameters: parameters).first else {
                throw .unavailable
            }
            return KeyRow(row)
        } catch  where error.isUniqueViolation(labelIndex) {
            throw Problem(
                .alreadyExists, "There is a key of this exchange and account with that label.",
                errors: [FieldError(pointer: "/label", code: "already_exists", message: "is taken")])
        }
    }

    /// `$1` to `$29`: the id, and everything that may ever change.
    private static func changeable(_ key: ExchangeKey) -> [Parameter] {
        [
            .id(key.id), .text(key.label), .text(key.label.lowercased()), .text(key.owner.description),
            .textArray(key.tags), .textArray(key.permissions.map(\.rawValue)),
            .textArray(key.addresses.map(\.shortText)), .text(key.status.rawValue), .text(key.statusReason),
            .timestamp(key.statusChangedAt), .timestamp(key.expiresAt), .timestamp(key.secretCreatedAt),
            .text(key.rotation?.every.text), .textArray(key.rotation?.remindBefore.map(\.text) ?? []),
            .timestamp(key.rotationDueAt), .timestamp(key.rotationNoticeAt), .timestamp(key.expiryNoticeAt),
            .timestamp(key.handedOutUntil), .timestamp(key.updatedAt), .int64(key.revision),
            .text(key.ownMode.rawValue), .bool(key.isQuarantined), .bool(key.isReadable),
            .int(key.currentVersion), .text(key.risksAccepted), .text(key.fingerprint),
            .text(key.ownReason), .text(key.egressAddress), .bool(key.isPassphraseDisclosable),
        ]
    }
}

extension CIDR {
    /// A range of one address is written as the address.
    var shortText: String { prefix == address.bitCount ? address.description : description }
}
