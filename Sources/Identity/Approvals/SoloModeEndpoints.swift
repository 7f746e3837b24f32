package import Access
package import Events
import HTTPServer
import JSON
import Kernel
import Postgres

/// `/v1/settings/solo-mode`.
package struct SoloModeEndpoints {
    private let ledger: Ledger

    package init(ledger: Ledger) { self.ledger = ledger }

    package var operations: [Operation] {
        let path = "/v1/settings/solo-mode"
        return [
            Endpoint(
                .get, path, id: "getSoloMode", requires: .permission(.approvalsRead), bodyLimit: 0,
                handle: get),
            Endpoint(
                .put, path, id: "setSoloMode", requires: .permission(.ownersWrite),
                errors: [.conflict, .preconditionFailed, .preconditionRequired], bodyLimit: 64 * 1_024,
                stepUp: .strictly, handle: set),
        ]
    }

    private nonisolated(nonsending) func get(_ request: Request, _ context: Context) async throws -> Response
    {
        try request.refuseParameters()
        let mode = try await SoloMode.read(in: ledger.database)
        return Response.json { w in w.value(mode) }.etag(mode.revision)
    }

    private nonisolated(nonsending) func set(_ request: Request, _ context: Context) async throws -> Response
    {
        try request.refuseParameters()
        try request.requireMatch()
        var fields = try await request.fields(limit: 64 * 1_024)
        let isOn = fields.bool("enabled")
        let delay = fields.period("delay", from: .minutes(1))
        let reason = fields.reason()
        try fields.finish()
        let mode = try await ledger.change(context) { change in
            var mode = try await SoloMode.lock(in: change.transaction)
            try request.match(revision: mode.revision, required: true)
            if isOn { try await checkAlone(change) }
            (mode.isOn, mode.delay, mode.reason) = (isOn, delay ?? mode.delay, reason)
            (mode.changedAt, mode.changedBy) = (context.now, context.actor.principal?.description)
            try await mode.write(in: change.transaction)
            mode.revision += 1
            note(mode, change)
            return mode
        }
        return Response.json { w in w.value(mode) }.etag(mode.revision)
    }

    /// Where two could approve each other's, nobody has to approve their own.
    private nonisolated(nonsending) func checkAlone(_ change: Change) async throws {
        let count = try await SoloMode.deciders(at: change.context.now, in: change.transaction)
        guard count <= 1 else {
            throw Problem(
                .conflict, "\(count) people may decide about approvals: they can approve each other's.")
        }
    }

    private func note(_ mode: SoloMode, _ change: Change) {
        change.touch(.approvals)
        let facts: KeyValuePairs<String, JSONValue> = [
            "enabled": .bool(mode.isOn), "delay": .string(mode.delay.description),
            "reason": JSONValue(mode.reason),
        ]
        change.audit(
            "settings.solo_mode", "solo-mode", detail: .object(JSONObject(members: facts.map { ($0, $1) })))
        change.emit(NewEvent(.approvalSoloModeChanged, subject: nil as String?, facts))
    }
}
