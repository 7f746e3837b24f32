package import Access
import Exchanges
import Kernel
import Postgres

/// Keys and accounts as scopes see them, for rooms that show or use what is about them.
package enum KeyTargets {
    package static let source = TargetSource(find: find, inSight: inSight)

    private static let named = Statement(
        "targets_named",
        """
        select true, id, exchange, environment, account, tags, owner from exchange_key where id = any ($1)
        union all
        select false, id, exchange, environment, name, '{}', null from account where id = any ($2)
        """)
    private static let seen = Statement(
        "targets_seen",
        """
        select true, id, exchange, environment, account, tags, owner from exchange_key
        where in_sight($1, id, exchange, environment, account, tags, owner)
        union all
        select false, id, exchange, environment, name, '{}', null from account
        where in_sight($1, id, exchange, environment, name, '{}', null)
        """)

    private nonisolated(nonsending) static func find(
        _ ids: Set<String>, in source: any Queryable
    ) async throws(PostgresError) -> Targets {
        targets(
            try await source.query(
                named, .idArray(ids.compactMap { ExchangeKeyID($0) }),
                .idArray(ids.compactMap { AccountID($0) })))
    }

    private nonisolated(nonsending) static func inSight(
        _ permission: Permission, _ rights: Rights, in source: any Queryable
    ) async throws(PostgresError) -> Targets {
        targets(try await source.query(seen, rights.sight(permission).parameter))
    }

    private static func targets(_ rows: Rows) -> Targets {
        var targets: Targets = [:]
        for row in rows {
            guard let target = Target(row), let id = target.id else { continue }
            targets[id] = target
        }
        return targets
    }
}

extension Target {
    fileprivate init?(_ row: Row) {
        guard let exchange = ExchangeName(rawValue: row.text(2)),
            let environment = Environment(rawValue: row.text(3))
        else { return nil }
        self.init(
            row.bool(0) ? .key(row.id(1)) : .account(row.id(1)), exchange: exchange,
            environment: environment, account: row.text(4), tags: row.textArray(5),
            owner: row.optionalText(6).flatMap { PrincipalID($0) })
    }
}
