package import Access
package import Events
import HTTPServer
import JSON
import Kernel
import Postgres

/// `/v1/maintenance-windows`.
package struct MaintenanceWindowEndpoints {
    private static let bodyBytes = 32 * 1_024

    private let ledger: Ledger

    package init(ledger: Ledger) { self.ledger = ledger }

    package var operations: [Operation] {
        let (all, one) = ("/v1/maintenance-windows", "/v1/maintenance-windows/{maintenance_window_id}")
        return [
            Operation(
                .get, all, id: "listMaintenanceWindows", requires: .permission(.silencesRead), bodyLimit: 0
            ) { request, _ in try await list(request) },
            Operation(
                .post, all, id: "createMaintenanceWindow", requires: .permission(.silencesWrite),
                errors: [.conflict], bodyLimit: Self.bodyBytes
            ) { try await create($0, $1) },
            Operation(
                .get, one, id: "getMaintenanceWindow", requires: .permission(.silencesRead),
                errors: [.notFound], bodyLimit: 0
            ) { request, _ in try await get(request) },
            Operation(
                .delete, one, id: "deleteMaintenanceWindow", requires: .permission(.silencesWrite),
                errors: [.notFound], bodyLimit: 0
            ) { try await delete($0, $1) },
        ]
    }

    /// All of them: there are few.
    private nonisolated(nonsending) func list(_ request: Request) async throws -> Response {
        try request.parameters().finish()
        let windows = try await MaintenanceWindowStore.all(in: ledger.database)
        return Response.object { w in
            w.array("data", windows) { w, window in window.write(to: &w) }
            w.field("next_cursor", String?.none)
        }
    }

    private nonisolated(nonsending) func get(_ request: Request) async throws -> Response {
        try request.parameters().finish()
        let window = try await MaintenanceWindowStore.find(try id(of: request), in: ledger.database)
        guard let window else { throw Problem.notFound("maintenance window") }
        return Response.json { w in window.write(to: &w) }
    }

    private nonisolated(nonsending) func create(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        let draft = try MaintenanceWindow.Draft(
            try await request.fields(limit: Self.bodyBytes), at: context.now)
        if case .weekly(_, let zone) = draft.when {
            try await TimeZones.refuseUnknown(zone, in: ledger.database)
        }
        let window = MaintenanceWindow(
            id: ledger.newID(), name: draft.name, matchers: draft.matchers, reason: draft.reason,
            when: draft.when, author: context.author, createdAt: context.now)
        try await ledger.change(context) { change in
            try await MaintenanceWindowStore.insert(window, in: change.transaction)
            note("maintenance_windows.create", "created", window, in: change)
        }
        var response = Response.json(.created) { w in window.write(to: &w) }
        response.head.add(.location, "/v1/maintenance-windows/\(window.id)")
        return response
    }

    private nonisolated(nonsending) func delete(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        let id = try id(of: request)
        try await ledger.change(context) { change in
            guard let window = try await MaintenanceWindowStore.find(id, in: change.transaction) else {
                throw Problem.notFound("maintenance window")
            }
            try await MaintenanceWindowStore.delete(id, in: change.transaction)
            try await TellingStore.lookAgain(at: context.now, in: change.transaction)
            note("maintenance_windows.delete", "deleted", window, in: change)
        }
        return Response(.noContent)
    }

    private func note(_ action: String, _ what: String, _ window: MaintenanceWindow, in change: Change) {
        change.touchesConfiguration = true
        change.audit(
            action, window.id,
            detail: ["name": .string(window.name), "matchers": window.matchers.texts])
        change.emit(window.event(what))
    }

    private func id(of request: Request) throws(Problem) -> MaintenanceWindowID {
        guard let id = MaintenanceWindowID(request.pathParameter("maintenance_window_id")) else {
            throw Problem.notFound("maintenance window")
        }
        return id
    }
}
