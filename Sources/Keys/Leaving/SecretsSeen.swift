package import Access
import Kernel
package import Postgres

/// Which secrets that are in use somebody saw: those that they brought, and those that were revealed to them
/// since they are there. Which version was revealed is not on record, and one that waits for its use can be:
/// a secret is rather rotated once too often.
package enum SecretsSeen {
    package struct Secret: Sendable {
        package let key: ExchangeKeyID
        package let label: String
        package let version: Int
        /// `imported`, `deposited`, `file`, `revealed`.
        package var ways: [String]
    }

    /// Through a deposit link that they made, a secret may have come from their own hands.
    private static let brought = Statement(
        "secrets_brought",
        """
        select k.id, k.label, v.version, v.origin
        from key_version v join exchange_key k on k.id = v.key
        where v.created_by = any ($1) and v.origin <> 'generated' and v.state = 'current'
            and k.status <> 'revoked'
        order by k.id
        """)
    private static let reveals = Statement(
        "secrets_revealed",
        """
        select resource, max(at) from audit_line
        where actor = any ($1) and action = 'keys.reveal' and outcome = 'allowed' group by resource
        """)
    private static let revealed = Statement(
        "secrets_revealed_in_use",
        """
        select k.id, k.label, v.version, 'revealed'::text
        from unnest($1::uuid[], $2::timestamptz[]) as r (key, at)
            join exchange_key k on k.id = r.key
            join key_version v on v.key = k.id and v.state = 'current'
        where r.at >= v.created_at and k.status <> 'revoked'
        order by k.id
        """)

    package nonisolated(nonsending) static func by(
        _ principals: [PrincipalID], in source: any Queryable
    ) async throws -> [Secret] {
        let names = Parameter.textArray(principals.map(\.description))
        var rows = try await source.query(brought, names).map { $0 }
        let shown = try await source.query(reveals, names).compactMap { row in
            row.optionalText(0).flatMap { ExchangeKeyID($0) }.map { (key: $0, at: row.timestamp(1)) }
        }
        if !shown.isEmpty {
            rows += try await source.query(
                revealed, .idArray(shown.map(\.key)), .timestampArray(shown.map(\.at))
            ).map { $0 }
        }
        var secrets: [ExchangeKeyID: Secret] = [:]
        for row in rows {
            let key: ExchangeKeyID = row.id(0)
            secrets[key, default: Secret(key: key, label: row.text(1), version: row.int(2), ways: [])]
                .ways.append(row.text(3))
        }
        return secrets.values.sorted { $0.key < $1.key }
    }
}
