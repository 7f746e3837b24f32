import Access
import Events
import HTTPServer
import JSON
import Kernel
import Postgres

/// `PUT /v1/keys/{key_id}/away-mode`: an owner says whether exits by a key may go without the database.
struct AwayModeEndpoint {
    private static let bodyBytes = 64 * 1_024
    /// Each is held open in a node's memory, which cannot be swapped and of which there is little.
    static let keysAtMost = 200

    private static let write = Statement(
        "key_away_mode", "update exchange_key set away_mode = $2 where id = $1")
    private static let count = Statement(
        "key_away_mode_count", "select count(*) from exchange_key where away_mode and status <> 'revoked'")

    let book: KeyBook

    var operations: [Operation] {
        [
            Operation(
                .put, "/v1/keys/{key_id}/away-mode", id: "setKeyAwayMode", requires: .scoped(.keysAway),
                errors: [.notFound, .conflict, .preconditionFailed, .keyTampered], bodyLimit: Self.bodyBytes,
                handle: set)
        ]
    }

    private nonisolated(nonsending) func set(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        let id = try request.keyID()
        var fields = try await request.fields(limit: Self.bodyBytes)
        let isOn = fields.bool("enabled")
        let reason = fields.reason()
        try fields.finish()
        let row = try await book.change(context) { change in
            var key = try await book.usable(id, change)
            try request.match(revision: key.revision, required: false)
            let isChanged = key.setAwayMode(isOn, at: context.now)
            if isChanged {
                if isOn { try await checkCount(change) }
                _ = try await change.transaction.query(Self.write, .id(id), .bool(isOn))
            }
            note(key, isChanged: isChanged, reason, change)
            return try await book.finish(key, change)
        }
        return row.response(for: context)
    }

    private nonisolated(nonsending) func checkCount(_ change: Change) async throws {
        let count = try await change.transaction.query(Self.count).first?.int64(0) ?? 0
        guard count < Self.keysAtMost else {
            throw Problem(.conflict, "Away mode is on for \(Self.keysAtMost) keys already: switch some off.")
        }
    }

    private func note(_ key: ExchangeKey, isChanged: Bool, _ reason: String, _ change: Change) {
        let enabled: JSONValue = .bool(key.isAwayModeOn)
        change.audit(
            "keys.away_mode", key.id,
            detail: ["enabled": enabled, "reason": .string(reason), "unchanged": .bool(!isChanged)])
        guard isChanged else { return }
        change.emit(key.event(.keyAwayModeChanged, ["enabled": enabled, "reason": .string(reason)]))
        // Nodes read it anew.
        change.touch(.key(key.id))
    }
}
