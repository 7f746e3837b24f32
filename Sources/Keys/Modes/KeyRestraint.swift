package import Access
package import Events
import Identity
import JSON
import Kernel
package import Postgres

/// Deeds on keys that nobody sent a request for: alert rules do them in their people's names.
package struct KeyRestraint {
    private static let rotated = Statement(
        "keys_being_rotated",
        "select key from key_rotation where key = any ($1) and state not in ('done', 'rolled_back')")

    let book: KeyBook

    package init(book: KeyBook) { self.book = book }

    /// How far it would go now. Nothing is locked.
    package nonisolated(nonsending) func look(
        _ deed: KeyDeed, on scope: Scope, by holders: [Rights], in source: any Queryable
    ) async throws -> DeedReach {
        guard let selector = KeySelector(scope) else { return DeedReach() }
        let rows = try await source.query(
            KeySelector.look, parameters: selector.parameters(limit: KeySweep.keyLimit, .everything))
        let keys = rows.compactMap { try? book.checked(KeyRow($0)) }
        let plan = try await Plan(deed, on: scope, keys, by: holders, in: source)
        return plan.reach
    }

    /// Does it, unless `allows` refuses how far it goes: then nothing happens. Answers what was done, or
    /// would have been.
    package nonisolated(nonsending) func act(
        _ deed: KeyDeed, on scope: Scope, _ cause: DeedCause, _ change: Change,
        allows: nonisolated(nonsending) (DeedReach) async throws -> Bool
    ) async throws -> DeedReach {
        guard let selector = KeySelector(scope) else { return DeedReach() }
        let orders = try await StandingOrders.held(in: change.transaction)
        let sweep = KeySweep(book: book, change: change)
        // Who was tampered with is of no use to anybody already, and must not keep the others from it.
        let keys = try await sweep.lock(selector).sound
        let plan = try await Plan(deed, on: scope, keys, by: cause.holders, in: change.transaction)
        guard try await allows(plan.reach), !plan.keys.isEmpty else { return plan.reach }
        switch deed {
        case .reduceOnly: try await restrict(plan.keys, to: .reduceOnly, cause, orders, sweep)
        case .suspend: try await restrict(plan.keys, to: .suspended, cause, orders, sweep)
        case .rotate:
            for key in plan.keys {
                _ = try await book.openRotation(of: key, .usual(cause.reason), .rule, change)
            }
        }
        return plan.reach
    }

    private nonisolated(nonsending) func restrict(
        _ keys: [ExchangeKey], to mode: KeyMode, _ cause: DeedCause, _ orders: [StandingOrder],
        _ sweep: KeySweep
    ) async throws {
        let change = sweep.change
        var detail = JSONObject()
        _ = detail.append("mode", .string(mode.rawValue))
        _ = detail.append("reason", .string(cause.reason))
        for member in cause.detail.members { _ = detail.append(member.name, member.value) }
        var restricted: [ExchangeKey] = []
        for var key in keys {
            key.become(mode, under: orders.strictest(over: key), reason: cause.reason, at: change.context.now)
            restricted.append(key)
            change.audit("keys.mode", key.id, detail: .object(detail))
            change.emit(key.statusEvent)
        }
        try await sweep.write(restricted)
        change.touch(keys: restricted.map(\.id))
    }

    /// Which of the keys it is for, and why not the others.
    private struct Plan {
        private(set) var reach = DeedReach()
        private(set) var keys: [ExchangeKey] = []

        nonisolated(nonsending) init(
            _ deed: KeyDeed, on scope: Scope, _ found: [ExchangeKey], by holders: [Rights],
            in source: any Queryable
        ) async throws {
            let guards = try await GuardedActions.read(in: source)
            let rotated =
                deed == .rotate
                ? Set(
                    try await source.query(rotated, .idArray(found.map(\.id))).map {
                        $0.id(0, as: ExchangeKeyKind.self)
                    }) : []
            for key in found where scope.matches(key.target) {
                let mayAct =
                    !holders.isEmpty && holders.allSatisfy { $0.may(deed.permission, on: key.target) }
                if !mayAct || guards.guards(deed.operations, on: key.target) {
                    reach.forbidden += 1
                } else if key.isOpen(to: deed, rotated) {
                    keys.append(key)
                    reach.changed.append(ReachedKey(id: key.id, label: key.label, target: key.target))
                } else {
                    reach.unchanged += 1
                }
            }
        }
    }
}

extension ExchangeKey {
    /// Whether it changes anything of it.
    fileprivate func isOpen(to deed: KeyDeed, _ rotated: Set<ExchangeKeyID>) -> Bool {
        switch deed {
        case .reduceOnly: ownMode < .reduceOnly
        case .suspend: ownMode < .suspended
        case .rotate: currentVersion != nil && !rotated.contains(id)
        }
    }
}

extension KeySelector {
    /// Nil for what is of nothing. Of several tags, the scope itself asks for the others.
    fileprivate init?(_ scope: Scope) {
        self.init()
        switch scope {
        case .everything: all = true
        case .key(let id): ids = [id]
        case .account(_, nil): return nil
        case .account(_, let place?): take(Scope.Selector(place))
        case .selector(let selector): take(selector)
        }
    }

    private mutating func take(_ selector: Scope.Selector) {
        (exchange, environment, account) = (selector.exchange, selector.environment, selector.account)
        (owner, tag) = (selector.owner, selector.tags.first)
    }
}
