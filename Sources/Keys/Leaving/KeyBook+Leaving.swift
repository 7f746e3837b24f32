package import Access
package import Events
import HTTPServer
import Identity
import JSON
import Kernel
package import Postgres

/// One key that somebody left behind.
package struct LeftKey: Sendable {
    package enum Fate: Sendable { case reassigned, kept }

    package let key: ExchangeKeyID
    package let label: String
    package let fate: Fate
    package let note: String?
}

/// What becomes of the keys of somebody who leaves.
extension KeyBook {
    private static let owned = Statement(
        "keys_owned", "select id from exchange_key where owner = $1 and status <> 'revoked' order by id")
    /// Secrets that they brought or saw and that are not in use: they would be, or still work at the
    /// exchange.
    private static let spare = Statement(
        "key_versions_spare",
        """
        select k.id, k.label, v.version, v.state
        from key_version v join exchange_key k on k.id = v.key
        where v.state in ('pending', 'previous') and k.status <> 'revoked'
            and (v.created_by = any ($1) and v.origin <> 'generated' or exists (
                select from secret_reveal r
                where r.key = v.key and r.version = v.version and r.seen_by = any ($1)))
        order by k.id, v.version
        """)
    private static let ofOthers = Statement(
        "mode_orders_of",
        """
        select id, mode from mode_order where ordered_by = $1 or selector ->> 'owner_id' = $1 order by id
        """)

    /// Gives what they own to the heir, and opens rotations of what they knew. All keys are locked at once,
    /// in the order that everybody locks them.
    package nonisolated(nonsending) func leave(
        _ leaver: PrincipalID, with bots: [PrincipalID], heir: PrincipalID?, knew: [ExchangeKeyID],
        _ exposure: KeyExposure, _ change: Change
    ) async throws -> [LeftKey] {
        let orders = try await StandingOrders.held(in: change.transaction)
        let owned = try await change.transaction.query(Self.owned, .text(leaver.description))
            .map { $0.id(0, as: ExchangeKeyKind.self) }
        let first = knew.sorted().prefix(RotationWishes.stepRows)
        let sweep = KeySweep(book: self, change: change)
        let (sound, tampered) = try await sweep.lock(ids: Set(owned).union(first).sorted())
        let guards = try await RuleScopes.read(in: change.transaction)
        let will = Will(leaver: leaver, heir: heir, orders: orders, guards: guards)
        var (left, changed): ([LeftKey], [ExchangeKey]) = ([], [])
        for key in sound where key.owner == leaver {
            left.append(try await hand(key, will, &changed, change))
        }
        for key in tampered where owned.contains(key.id) {
            left.append(
                LeftKey(
                    key: key.id, label: "", fate: .kept, note: "Its row was changed past the service."))
        }
        try await sweep.write(changed)
        try await RotationWishes.insert(knew, exposure, in: change.transaction)
        let known = Set(first)
        let byID = Dictionary(uniqueKeysWithValues: changed.map { ($0.id, $0) })
        try await RotationWishes(book: self).open(
            sound.filter { known.contains($0.id) }.map { byID[$0.id] ?? $0 }, of: exposure.source, change)
        return left.sorted { $0.key < $1.key } + (try await spare(of: [leaver] + bots, change))
    }

    private nonisolated(nonsending) func spare(
        of everybody: [PrincipalID], _ change: Change
    ) async throws -> [LeftKey] {
        let names = everybody.map(\.description)
        return try await change.transaction.query(Self.spare, .textArray(names)).map { row in
            let what = row.text(3) == "pending" ? "waits to be used" : "is not used any more"
            return LeftKey(
                key: row.id(0), label: row.text(1), fate: .kept,
                note: "They knew version \(row.int(2)), which \(what): destroy it.")
        }
    }

    private struct Will {
        let leaver: PrincipalID
        let heir: PrincipalID?
        let orders: [StandingOrder]
        let guards: RuleScopes
    }

    private nonisolated(nonsending) func hand(
        _ key: ExchangeKey, _ will: Will, _ changed: inout [ExchangeKey], _ change: Change
    ) async throws -> LeftKey {
        func kept(_ note: String?) -> LeftKey {
            LeftKey(key: key.id, label: key.label, fate: .kept, note: note)
        }
        guard let heir = will.heir else { return kept(nil) }
        guard change.context.may(.keysWrite) else { return kept("Giving it away needs keys:write.") }
        // With another owner the order would let it go.
        guard !will.orders.contains(where: { $0.selector.owner == will.leaver && $0.selector.matches(key) })
        else { return kept("A standing order holds the keys of this owner.") }
        var given = key
        given.owner = heir
        if let rule = will.guards.firstLeft(from: key.target, to: given.target) {
            return kept("The approval rule \"\(rule)\" guards the keys of this owner.")
        }
        do {
            try await ScopeMoves.check(
                from: key.target, to: given.target, by: change.context, in: change.transaction)
        } catch let problem as Problem where problem.code == .forbidden {
            return kept("Giving it away would give somebody rights on it that whoever gives it lacks.")
        }
        given.obey(will.orders.strictest(over: given), at: change.context.now)
        given.touch(at: change.context.now)
        changed.append(given)
        let names: JSONValue = ["owner_id"]
        change.audit("keys.change", key.id, detail: ["changed": names])
        change.emit(given.changed(names))
        if given.status != key.status {
            change.emit(given.statusEvent)
            change.touch(.key(key.id))
        }
        return LeftKey(key: key.id, label: key.label, fate: .reassigned, note: nil)
    }

    /// Standing orders that they gave, or that are about their keys: they stay, for safety.
    package nonisolated(nonsending) func standingOrders(
        of leaver: PrincipalID, in transaction: Transaction
    ) async throws -> [(id: ModeOrderID, mode: String)] {
        try await transaction.query(Self.ofOthers, .text(leaver.description)).map {
            ($0.id(0), $0.text(1))
        }
    }
}

/// Links through which somebody could still hand over a secret under a leaver's name.
package enum LeftDeposits {
    private static let withdraw = Statement(
        "deposits_of_leaver",
        """
        update key_deposit set withdrawn_at = $2
        where created_by = any ($1) and used_at is null and withdrawn_at is null and expires_at > $2
        returning id, key
        """)

    package nonisolated(nonsending) static func withdraw(
        of everybody: [PrincipalID], _ change: Change
    ) async throws -> [DepositID] {
        let rows = try await change.transaction.query(
            withdraw, .textArray(everybody.map(\.description)), .timestamp(change.context.now))
        for row in rows {
            change.audit(
                "keys.deposits.withdraw", row.id(1, as: ExchangeKeyKind.self),
                detail: ["deposit_id": .string(row.id(0, as: DepositKind.self).description)])
        }
        return rows.map { $0.id(0) }.sorted()
    }
}
