import Access
import Events
import HTTPServer
import JSON
import Kernel
import Keys
import Postgres

/// A restore, from the moment of it until an owner has confirmed what happened since the backup.
struct RestoreEndpoints {
    private static let shownActions = 1_000
    private static let bodyBytes = 16 * 1_024

    let ledger: Ledger
    let keys: KeyBook

    var operations: [Operation] {
        [
            Operation(
                .get, "/v1/system/restore", id: "getRestore", requires: .permission(.systemRead),
                bodyLimit: 0, handle: read),
            Operation(
                .post, "/v1/system/restore/confirm", id: "confirmRestore",
                requires: .permission(.systemRestore), errors: [.notFound, .countMismatch, .keyTampered],
                bodyLimit: Self.bodyBytes, stepUp: .recently, handle: confirm),
        ]
    }

    private nonisolated(nonsending) func read(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        guard let open = try await RestoreStore.open(in: ledger.database) else { return answer(nil, []) }
        return answer(open, try await RestoreStore.actions(of: open.id, in: ledger.database))
    }

    /// What the trail shows of keys is done again first; then everything goes on.
    private nonisolated(nonsending) func confirm(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        var fields = try await request.fields(limit: Self.bodyBytes)
        let reason = fields.string("reason", 1...1_000)
        let expected = fields.int("expect_actions", 0...Int(Int32.max))
        try fields.finish()
        return try await keys.changing(context) { change in
            guard let open = try await RestoreStore.lockOpen(in: change.transaction) else {
                throw Problem.notFound("restore")
            }
            let actions = try await RestoreStore.actions(of: open.id, in: change.transaction)
            guard actions.count == expected else {
                throw Problem(
                    .countMismatch,
                    "The trail shows \(actions.count) actions since the backup, not \(expected).",
                    members: [("matched", .number(JSONNumber(Int64(actions.count))))])
            }
            try await reapply(actions, of: open.id, change)
            change.audit(
                "system.confirm_restore", nil as NodeID?,
                detail: [
                    "reason": .string(reason), "backup_at": .string(open.backupAt.description),
                    "actions": .number(JSONNumber(Int64(actions.count))),
                ])
            change.underAuthority { transaction in
                try await RestoreStore.confirm(
                    open.id, by: context.actor.principal?.description ?? "", reason: reason,
                    at: context.now, in: transaction)
            }
            let settled = try await RestoreStore.actions(of: open.id, in: change.transaction)
            return answer(open, settled, isWaiting: false)
        }
    }

    /// The last word about a key counts: one that was suspended and went on is not suspended again.
    private nonisolated(nonsending) func reapply(
        _ actions: [RestoreStore.StoredAction], of id: UUID, _ change: Change
    ) async throws {
        let waiting = actions.filter { $0.state == "waiting" }
        var last: [ExchangeKeyID: RestoreStore.StoredAction] = [:]
        for action in waiting {
            if let key = action.key { last[key] = action }
        }
        let notes = try await keys.reapply(
            last.sorted { $0.value.position < $1.value.position }.map { key, action in
                ReplayedMode(key, mode: action.mode, reason: action.detail["reason"]?.asString)
            }, change)
        try await RestoreStore.settle(waiting, of: id, in: change.transaction) { action in
            action.key.flatMap { last[$0]?.position == action.position ? notes[$0] : nil }
        }
    }

    private func answer(
        _ restore: RestoreStore.Open?, _ actions: [RestoreStore.StoredAction], isWaiting: Bool = true
    ) -> Response {
        Response.object { w in
            w.field("waiting", restore != nil && isWaiting)
            w.field("restored_at", restore?.restoredAt.description)
            w.field("backup_at", restore?.backupAt.description)
            w.field("replayed_until", restore?.replayedUntil?.description)
            w.field("actions", actions.count)
            w.array("data", actions.prefix(Self.shownActions)) { w, action in
                w.object { w in
                    w.field("at", action.at.description)
                    w.field("action", action.action)
                    w.field("resource", action.resource)
                    w.field("detail", action.detail)
                    w.field("state", action.state)
                    w.field("note", action.note)
                }
            }
        }
    }
}

extension RestoreStore.StoredAction {
    fileprivate var key: ExchangeKeyID? { resource.flatMap { ExchangeKeyID($0) } }

    /// As the trail tells it: by the verb, or in the detail.
    fileprivate var mode: String {
        switch action {
        case "keys.revoke": "revoked"
        case "keys.suspend": "suspended"
        case "keys.activate": "active"
        default: detail["mode"]?.asString ?? ""
        }
    }
}
