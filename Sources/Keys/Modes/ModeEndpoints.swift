package import Access
import Events
package import HTTPServer
import JSON
import Kernel
import Postgres

/// Who stops keys, one or many, and lets them go on.
struct ModeEndpoints {
    private static let bodyBytes = 1 << 20

    let database: Database
    let book: KeyBook
    let ordersSeen: OrdersSeen.Read

    var operations: [Operation] {
        [
            single("suspend", .suspended, requires: .keysSuspend),
            single("activate", .active, requires: .keysSuspend),
            single("revoke", .revoked, requires: .keysRevoke),
            Operation(
                .post, "/v1/keys/{key_id}/mode", id: "setKeyMode", requires: .scoped(.keysSuspend),
                errors: Self.singleErrors, bodyLimit: Self.bodyBytes, stepUp: .whenItGives, handle: setOne),
            Operation(
                .post, "/v1/keys/mode", id: "setKeysMode", requires: .scoped(.keysSuspend),
                errors: [.conflict, .countMismatch], bodyLimit: Self.bodyBytes, stepUp: .whenItGives
            ) { request, context in
                try await setMany(request, context, mode: nil)
            },
            Operation(
                .post, "/v1/keys/revoke", id: "revokeKeys", requires: .scoped(.keysRevoke),
                errors: [.conflict, .countMismatch], bodyLimit: Self.bodyBytes
            ) { request, context in
                try await setMany(request, context, mode: .revoked)
            },
            Operation(
                .get, "/v1/mode-orders", id: "listModeOrders", requires: .scoped(.keysRead),
                bodyLimit: 0, handle: listOrders),
        ]
    }

    private static let singleErrors: [ProblemCode] = [
        .notFound, .conflict, .preconditionFailed, .keyTampered,
    ]

    private func single(_ verb: String, _ mode: KeyMode, requires permission: Permission) -> Operation {
        Operation(
            .post, "/v1/keys/{key_id}/\(verb)", id: "\(verb)Key", requires: .scoped(permission),
            errors: mode == .revoked ? Self.singleErrors.filter { $0 != .conflict } : Self.singleErrors,
            bodyLimit: Self.bodyBytes, stepUp: mode == .active ? .recently : nil
        ) { request, context in
            let reason = try await reason(request, required: mode != .active)
            return try await set(mode, reason: reason, action: "keys.\(verb)", request, context)
        }
    }
}

// MARK: One key

extension ModeEndpoints {
    private nonisolated(nonsending) func setOne(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        var fields = try await request.fields(limit: Self.bodyBytes)
        let mode = fields.choice("mode", KeyMode.self)
        let reason = fields.reason()
        try fields.finish()
        if mode == .revoked {
            try await book.require(.keysRevoke, on: try request.keyID(), context, in: database)
        }
        return try await set(mode, reason: reason, action: "keys.mode", request, context)
    }

    private nonisolated(nonsending) func set(
        _ mode: KeyMode, reason: String?, action: String, _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        let id = try request.keyID()
        let (row, deletion) = try await book.change(context) { change in
            let orders = try await StandingOrders.held(in: change.transaction)
            var key = try await book.locked(id, change)
            try request.match(revision: key.revision, required: false)
            let detail: JSONValue = [
                "mode": .string(mode.rawValue), "reason": reason.map { .string($0) } ?? .null,
            ]
            switch ModeChange(from: key.ownMode, to: mode) {
            case .refused(let why): throw Problem(.conflict, why)
            case .unchanged: change.audit(action, id, detail: ["unchanged": true])
            case .become(let mode):
                if mode < key.ownMode, action == "keys.mode" { try context.needStepUp() }
                let order = orders.strictest(over: key)
                key.become(mode, under: order, reason: mode == .active ? nil : reason, at: context.now)
                change.audit(action, id, detail: detail)
                change.emit(key.statusEvent)
                change.touch(.key(id))
                if mode == .revoked {
                    try await RotationStore.cancel(of: [id], at: context.now, in: change.transaction)
                }
            }
            let row = try await book.update(key, change)
            return (row, try await openDeletion(of: key, change))
        }
        return row.response(for: context, deletion: deletion)
    }

    /// What is to be done at the exchange, once a key is revoked.
    private nonisolated(nonsending) func openDeletion(
        of key: ExchangeKey, _ change: Change
    ) async throws -> DeletionSummary? {
        guard key.ownMode == .revoked else { return nil }
        _ = try await book.openDeletions(of: [key], change)
        let all = try await KeyDeletionStore.all(of: key.id, in: change.transaction)
        return DeletionSummary(exchange: key.exchange, deletions: all)
    }

    /// An optional body may be missing altogether.
    private nonisolated(nonsending) func reason(_ request: Request, required: Bool) async throws -> String? {
        if !required, request.body.isEmpty { return nil }
        var fields = try await request.fields(limit: Self.bodyBytes)
        let reason = fields.reason()
        try fields.finish()
        return reason
    }
}

// MARK: Many keys

extension ModeEndpoints {
    private nonisolated(nonsending) func setMany(
        _ request: Request, _ context: Context, mode: KeyMode?
    ) async throws -> Response {
        try request.parameters().finish()
        return try await carryOut(
            try ModeCommand(try await request.fields(limit: Self.bodyBytes), mode: mode), context)
    }

    nonisolated(nonsending) func carryOut(
        _ command: ModeCommand, _ context: Context
    ) async throws -> Response {
        try command.check(for: context)
        var outcome = ModeOutcome()
        do {
            outcome = try await book.change(context) { change in
                let outcome = try await carryOut(command, change)
                guard !command.isDryRun else { throw DryRun(outcome: outcome) }
                return outcome
            }
        } catch let dryRun as DryRun {
            outcome = dryRun.outcome
            // What is told of uses is for whoever may see them.
            let told = outcome.changed.filter { context.may(.usageRead, on: $0.target) }
            outcome.ordersSeen = try await ordersSeen(told.map(\.id), context.now)
        }
        for key in outcome.tampered { try await book.tell(key, context) }
        return outcome.response(command, now: context.now)
    }

    /// Rolls back what was tried.
    private struct DryRun: Error { let outcome: ModeOutcome }

    private nonisolated(nonsending) func carryOut(
        _ command: ModeCommand, _ change: Change
    ) async throws -> ModeOutcome {
        try await StandingOrders.lock(in: change.transaction)
        let sweep = KeySweep(book: book, change: change)
        let keys = try await sweep.lock(command.selector, seeing: command.permission)
        try check(keys.sound.count + keys.tampered.count, command)
        var outcome = ModeOutcome()
        outcome.tampered = keys.tampered
        outcome.isLooser = try await StandingOrders.read(in: change.transaction).contains {
            $0.selector == command.selector && command.mode < $0.mode
        }
        outcome.order = try await place(command, change)
        let orders = try await StandingOrders.read(in: change.transaction)
        for key in keys.sound { outcome.judge(key, command, orders, at: change.context.now) }
        if outcome.isLooser, !command.isDryRun { try change.context.needStepUp() }
        try await sweep.write(outcome.changed)
        if command.mode == .revoked {
            try await RotationStore.cancel(
                of: outcome.changed.map(\.id), at: change.context.now, in: change.transaction)
            outcome.deletions = try await book.openDeletions(of: outcome.changed, change)
        }
        note(command, outcome, change)
        return outcome
    }

    private func check(_ count: Int, _ command: ModeCommand) throws {
        guard count <= KeySweep.keyLimit else {
            throw Problem(.conflict, "The selector matches more than \(KeySweep.keyLimit) keys: narrow it.")
        }
        guard let expected = command.expectedCount, expected != count else { return }
        throw Problem(
            .countMismatch, "The selector matches \(count) keys, not \(expected). Nothing was changed.",
            members: [("matched", .number(JSONNumber(Int64(count))))])
    }

    /// Modes of lasting selections stand for keys that come later; `active` takes the order back.
    private nonisolated(nonsending) func place(
        _ command: ModeCommand, _ change: Change
    ) async throws -> String? {
        guard command.selector.isLasting, command.mode != .revoked else { return nil }
        if command.mode == .active {
            return try await StandingOrders.remove(command.selector, in: change.transaction)
                ? "taken_back" : nil
        }
        let order = StandingOrder(
            id: book.ledger.newID(), selector: command.selector, mode: command.mode, reason: command.reason,
            orderedBy: change.context.actor.principal?.description ?? "", orderedAt: change.context.now)
        try await StandingOrders.put(order, in: change.transaction)
        guard try await StandingOrders.read(in: change.transaction).count <= StandingOrders.limit else {
            throw Problem(
                .conflict, "There are \(StandingOrders.limit) standing orders already: take some back.")
        }
        return "set"
    }

    private func note(_ command: ModeCommand, _ outcome: ModeOutcome, _ change: Change) {
        let action = command.mode == .revoked ? "keys.revoke" : "keys.mode"
        change.audit(
            action, nil as ExchangeKeyID?,
            detail: [
                "selector": command.selector.json, "mode": .string(command.mode.rawValue),
                "reason": .string(command.reason),
                "changed": .number(JSONNumber(Int64(outcome.changed.count))),
            ])
        for key in outcome.changed {
            change.audit(action, key.id)
            change.emit(key.statusEvent)
        }
        change.touch(keys: outcome.changed.map(\.id))
    }

    private nonisolated(nonsending) func listOrders(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        let orders = try await StandingOrders.read(in: database).filter { order in
            order.selector.all || context.rights.covers(.keysRead, on: order.selector.scope)
        }
        return Response.object { w in
            w.array("data", orders) { w, order in
                w.object { w in
                    w.field("id", order.id.description)
                    w.field("selector", order.selector.json)
                    w.field("mode", order.mode.rawValue)
                    w.field("reason", order.reason)
                    w.field("ordered_by", order.orderedBy)
                    w.field("ordered_at", order.orderedAt.description)
                }
            }
            w.null("next_cursor")
        }
    }
}

extension ModeOutcome {
    fileprivate mutating func judge(
        _ key: ExchangeKey, _ command: ModeCommand, _ orders: [StandingOrder], at now: Timestamp
    ) {
        var next = key
        let order = orders.strictest(over: key)
        // A lasting selection is held by its order; only revocation, and keys named one by one, touch the
        // keys' own modes.
        if command.mode == .revoked || !command.selector.isLasting {
            if case .become(let mode) = ModeChange(from: key.ownMode, to: command.mode) {
                next.become(
                    mode, under: order, reason: mode == .active ? nil : command.reason, at: now)
            }
        } else if next.obey(order, at: now) {
            next.touch(at: now)
        }
        if next.ownMode < key.ownMode { isLooser = true }
        if next.revision != key.revision {
            changed.append(next)
        } else if command.mode == .active, key.status != .active {
            held.append(key)
        } else {
            unchanged += 1
        }
    }
}

extension Request {
    package func keyID() throws(Problem) -> ExchangeKeyID {
        guard let id = ExchangeKeyID(pathParameter("key_id")) else { throw .notFound("key") }
        return id
    }
}
