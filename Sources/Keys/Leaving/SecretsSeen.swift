package import Access
import Kernel
package import Postgres

/// Which secrets that are in use somebody saw: those that they brought, and those that were revealed to them.
/// The trail does not say which version that was before `secret_reveal` did: what it knows counts since the
/// secret is there, because a secret is rather rotated once too often.
package enum SecretsSeen {
    package struct Secret: Sendable {
        package let key: ExchangeKeyID
        package let label: String
        package let version: Int
        /// `imported`, `deposited`, `file`, `revealed`.
        package fileprivate(set) var ways: [String]

        fileprivate mutating func add(way: String) {
            if !ways.contains(way) { ways.append(way) }
        }
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
    private static let shown = Statement(
        "secrets_shown",
        """
        select k.id, k.label, v.version, 'revealed'::text
        from secret_reveal r join key_version v on v.key = r.key and v.version = r.version
            join exchange_key k on k.id = v.key
        where r.seen_by = any ($1) and v.state = 'current' and k.status <> 'revoked'
        order by k.id
        """)
    private static let note = Statement(
        "secret_reveal_note",
        """
        insert into secret_reveal (key, version, seen_by, at) values ($1, $2, $3, $4)
        on conflict (key, version, seen_by) do update set at = excluded.at
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

    /// Kept with the reveal itself.
    nonisolated(nonsending) static func note(
        _ key: ExchangeKeyID, version: Int, by context: Context, in transaction: Transaction
    ) async throws {
        guard let principal = context.actor.principal else { return }
        _ = try await transaction.query(
            note, .id(key), .int32(Int32(version)), .text(principal.description), .timestamp(context.now))
    }

    package nonisolated(nonsending) static func by(
        _ principals: [PrincipalID], in source: any Queryable
    ) async throws -> [Secret] {
        let names = Parameter.textArray(principals.map(\.description))
        var rows =
            try await source.query(brought, names).map { $0 } + source.query(Self.shown, names).map { $0 }
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
                .add(way: row.text(3))
        }
        return secrets.values.sorted { $0.key < $1.key }
    }
}
