import Crypto
import Kernel
import Postgres

/// Keys of the installation that outlive every rotation, sealed like everything else.
enum InstallationKeys {
    enum Purpose: String, CaseIterable {
        /// Tells equal secrets apart from others.
        case fingerprint
        /// The seed that signs checkpoints of the audit trail.
        case auditCheckpoint = "audit checkpoint"

        var field: SealedField { SealedField(table: "installation_key", id: rawValue, field: "key") }
    }

    private static let all = Statement("installation_key_all", "select purpose, sealed from installation_key")
    private static let insert = Statement(
        "installation_key_insert",
        "insert into installation_key (purpose, sealed, created_at) values ($1, $2, $3)")

    static nonisolated(nonsending) func read(
        in transaction: Transaction
    ) async throws(PostgresError) -> [Purpose: [UInt8]] {
        let rows = try await transaction.query(all)
        return rows.reduce(into: [:]) { keys, row in
            if let purpose = Purpose(rawValue: row.text(0)) { keys[purpose] = row.bytes(1) }
        }
    }

    /// Both, for an installation that has none. Checkpoints go on under the key that versions without such
    /// rows derived from the root key.
    static nonisolated(nonsending) func make(
        _ keyring: Keyring, _ root: RootKey, at now: Timestamp, in transaction: Transaction
    ) async throws {
        for purpose in Purpose.allCases {
            let key =
                switch purpose {
                case .fingerprint: try Secret(randomBytes: 32)
                case .auditCheckpoint: try root.derive(purpose.rawValue)
                }
            _ = try await transaction.query(
                insert, .text(purpose.rawValue), .bytes(try keyring.seal(key, for: purpose.field)),
                .timestamp(now))
        }
    }
}
