package import Access
package import Events
import Crypto
package import Exchanges
import JSON
package import Postgres

/// A key with what signs for it, as they stood together at one moment.
package struct UsableKey: Sendable {
    package let key: ExchangeKey
    package let account: AccountID?
    /// By how much the number of a request may lie below the highest so far.
    package let nonceWindow: Int64
    /// What the exchange itself lets its current version do, as last probed; nil: not known.
    package let granted: Set<KeyPermission>?
    /// Whether its orders only reduce where a mark says so, as far as the account's mode is known.
    package let readsReduceOnly: Bool
    private let matter: CredentialMatter?

    fileprivate init(_ key: ExchangeKey, _ row: Row, _ matter: CredentialMatter?) {
        (self.key, self.matter) = (key, matter)
        account = row.optionalID(KeyBook.accountColumn)
        nonceWindow = row.optionalInt64(KeyBook.windowColumn) ?? 0
        readsReduceOnly = key.exchange.readsReduceOnly(in: row.optionalText(KeyBook.modeColumn))
        granted =
            row.isNull(KeyBook.grantedColumn)
            ? nil : Set(row.textArray(KeyBook.grantedColumn).compactMap(KeyPermission.init(rawValue:)))
    }

    package var credential: ExchangeCredential? { matter?.credential }

    /// What is told when somebody uses it; nil unless it is bait.
    package func decoyTouched(_ operation: String) -> NewEvent? {
        key.isDecoy ? key.decoyTouched(operation) : nil
    }

    /// Whether its secret or passphrase stands in bytes from outside.
    package func isSeen(in bytes: [UInt8]) throws -> Bool { try matter?.isSeen(in: bytes) ?? false }
}

/// A key that cannot be used, because its row or its secret was changed past the service.
package struct UnusableKey: Error, Sendable {
    package let id: ExchangeKeyID
    let tampering: TamperedKey
}

extension KeyBook {
    static let usable = Statement(
        "keys_usable",
        derived: [
            "select", KeyColumns.list,
            """
            , (select credential from key_version v
                where v.key = exchange_key.id and v.version = exchange_key.current_version),
            (select a.id from account a where a.exchange = exchange_key.exchange
                and a.environment = exchange_key.environment and a.name = exchange_key.account),
            (select nonce_window from key_probe p where p.key = exchange_key.id),
            (select permissions from key_probe p
                where p.key = exchange_key.id and p.version = exchange_key.current_version),
            (select account_mode from key_probe p where p.key = exchange_key.id)
            from exchange_key where id = any ($1)
            """,
        ].joined(separator: " "))
    private static let credentialColumn = KeyColumns.count
    fileprivate static let accountColumn = KeyColumns.count + 1
    fileprivate static let windowColumn = KeyColumns.count + 2
    fileprivate static let grantedColumn = KeyColumns.count + 3
    fileprivate static let modeColumn = KeyColumns.count + 4

    /// Keys ready for use, those of them that exist. Throws while the node is sealed.
    /// - Parameter opening: false for whoever judges uses and makes none: there is little locked memory.
    package nonisolated(nonsending) func usableKeys(
        _ ids: [ExchangeKeyID], opening: Bool = true, in source: any Queryable
    ) async throws -> [Result<UsableKey, UnusableKey>] {
        try await source.query(Self.usable, .idArray(ids)).map { row in
            let keyRow = KeyRow(row)
            do {
                let key = try checked(keyRow)
                let matter: CredentialMatter? =
                    if opening, let version = key.currentVersion,
                        let sealed = row.optionalBytes(Self.credentialColumn)
                    { try custody.open(sealed, of: key, version: version) } else { nil }
                return .success(UsableKey(key, row, matter))
            } catch let tampered as TamperedKey {
                return .failure(UnusableKey(id: keyRow.id, tampering: tampered))
            }
        }
    }

    /// Tells of a key that was changed past the service, once for each of its revisions.
    package nonisolated(nonsending) func tell(_ unusable: UnusableKey, _ context: Context) async throws {
        try await tell(unusable.tampering, context)
    }

    /// A code over something of the installation's own that outlives every key-encryption key.
    package func lastingTag(of bytes: [UInt8]) throws -> [UInt8] { try custody.lastingTag(of: bytes) }
}
