import Access
import Identity
import Kernel
import Keys
import Postgres

/// Which keys principals can use by what they were granted, or could until they were disabled.
enum KeyReach {
    /// What lets somebody use a key, or see its secret.
    static let uses: Set<Permission> = [.keysSign, .keysProxy, .keysReveal]

    private static let keys = Statement(
        "keys_in_reach",
        """
        select id, label, exchange, environment, account, tags, owner from exchange_key
        where status <> 'revoked' order by id
        """)

    nonisolated(nonsending) static func of(
        _ principals: [PrincipalID], at now: Timestamp, in source: any Queryable
    ) async throws -> [KeyFinding] {
        let rights = try await PrincipalRights.granted(to: principals, at: now, in: source)
        let users = principals.filter { rights[$0].map { !uses.isDisjoint(with: $0.somewhere) } ?? false }
        if users.isEmpty { return [] }
        return try await source.query(keys).compactMap { row in
            guard let target = ScopeTargets.target(row.id(0), row, from: 2) else { return nil }
            var finding = KeyFinding(row.id(0), label: row.text(1))
            for user in users {
                let could = uses.filter { rights[user]?.may($0, on: target) ?? false }
                finding.could.formUnion(could)
                if !could.isEmpty { finding.through.append(user) }
            }
            return finding.could.isEmpty ? nil : finding
        }
    }
}
