package import Access
package import Events
import HTTPServer
import JSON
import Kernel

/// `/v1/settings/heartbeat`: Keybell's own.
package struct OwnHeartbeatEndpoints {
    private static let bodyBytes = 16 * 1_024
    private static let path = "/v1/settings/heartbeat"

    private let ledger: Ledger

    package init(ledger: Ledger) { self.ledger = ledger }

    package var operations: [Operation] {
        [
            Operation(
                .get, Self.path, id: "getHeartbeatSettings", requires: .permission(.webhooksRead),
                bodyLimit: 0, handle: get),
            Operation(
                .put, Self.path, id: "putHeartbeatSettings", requires: .permission(.webhooksWrite),
                errors: [.preconditionFailed, .preconditionRequired], bodyLimit: Self.bodyBytes, handle: put),
        ]
    }

    private nonisolated(nonsending) func get(_ request: Request, _ context: Context) async throws -> Response
    {
        try request.parameters().finish()
        return answer(try await OwnHeartbeatSettings.read(in: ledger.database))
    }

    private nonisolated(nonsending) func put(_ request: Request, _ context: Context) async throws -> Response
    {
        try request.parameters().finish()
        var fields = try await request.fields(limit: Self.bodyBytes)
        let webhook = fields.parsed(optional: "webhook_id", expected: "the id of a webhook") { WebhookID($0) }
        let every = fields.heartbeatLapse("every")
        try fields.finish()
        try request.requireMatch()
        let settings = try await ledger.change(context) { change in
            let transaction = change.transaction
            var settings = try await OwnHeartbeatSettings.locked(in: transaction)
            try request.match(revision: settings.revision, required: true)
            let unknown = try await AlertDeliveries.unknown([webhook].compactMap(\.self), in: transaction)
            guard unknown.isEmpty else {
                throw FieldErrors(
                    FieldError(pointer: "/webhook_id", code: "unknown", message: "there is no such webhook"))
            }
            settings.webhook = webhook
            if let every { settings.every = every }
            (settings.updatedAt, settings.updatedBy) = (context.now, context.actor.principal?.description)
            settings.revision += 1
            try await settings.store(in: transaction)
            change.audit("heartbeats.own", "heartbeat", detail: settings.detail)
            return settings
        }
        return answer(settings)
    }

    private func answer(_ settings: OwnHeartbeatSettings) -> Response {
        Response.json { w in settings.write(to: &w) }.etag(settings.revision)
    }
}
