package import Access
package import Events
import HTTPServer
import JSON
import Kernel
import Postgres
import Webhooks

/// `/v1/routes`: which webhooks are told of which alerts.
package struct AlertRouteEndpoints {
    private static let bodyBytes = 32 * 1_024

    private let ledger: Ledger

    package init(ledger: Ledger) { self.ledger = ledger }

    package var operations: [Operation] {
        let path = "/v1/routes/{route_id}"
        return [
            Operation(
                .get, "/v1/routes", id: "listRoutes", requires: .permission(.routesRead), bodyLimit: 0
            ) { request, _ in try await list(request) },
            Operation(
                .post, "/v1/routes", id: "createRoute", requires: .permission(.routesWrite),
                errors: [.alreadyExists, .conflict], bodyLimit: Self.bodyBytes
            ) { try await create($0, $1) },
            Operation(
                .get, path, id: "getRoute", requires: .permission(.routesRead), errors: [.notFound],
                bodyLimit: 0
            ) { request, _ in try await get(request) },
            Operation(
                .put, path, id: "replaceRoute", requires: .permission(.routesWrite),
                errors: [.notFound, .alreadyExists, .preconditionFailed, .preconditionRequired],
                bodyLimit: Self.bodyBytes
            ) { try await replace($0, $1) },
            Operation(
                .delete, path, id: "deleteRoute", requires: .permission(.routesWrite),
                errors: [.notFound, .preconditionFailed, .preconditionRequired], bodyLimit: 0
            ) { try await delete($0, $1) },
        ]
    }

    /// All of them: there are few.
    private nonisolated(nonsending) func list(_ request: Request) async throws -> Response {
        try request.parameters().finish()
        let routes = try await AlertRouteStore.all(in: ledger.database)
        return Response.object { w in
            w.array("data", routes) { w, route in route.write(to: &w) }
            w.field("next_cursor", String?.none)
        }
    }

    private nonisolated(nonsending) func get(_ request: Request) async throws -> Response {
        try request.parameters().finish()
        guard let route = try await AlertRouteStore.find(try id(of: request), in: ledger.database) else {
            throw Problem.notFound("route")
        }
        return answer(route)
    }

    private nonisolated(nonsending) func create(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        let content = try AlertRoute.Content(try await request.fields(limit: Self.bodyBytes))
        let route = AlertRoute(
            id: ledger.newID(), name: content.name, matchers: content.matchers, webhooks: content.webhooks,
            steps: content.steps, digestAbove: content.digestAbove, updatedAt: context.now,
            updatedBy: context.author, createdAt: context.now, revision: 1)
        try await ledger.change(context) { change in
            try await refuseUnknown(content, in: change.transaction)
            try await AlertRouteStore.insert(route, in: change.transaction)
            note("routes.create", "created", route, in: change)
        }
        var response = Response.json(.created) { w in route.write(to: &w) }.etag(route.revision)
        response.head.add(.location, "/v1/routes/\(route.id)")
        return response
    }

    private nonisolated(nonsending) func replace(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        let id = try id(of: request)
        let content = try AlertRoute.Content(try await request.fields(limit: Self.bodyBytes))
        let route = try await ledger.change(context) { change in
            guard var route = try await AlertRouteStore.lock(id, in: change.transaction) else {
                throw Problem.notFound("route")
            }
            try request.match(revision: route.revision, required: true)
            try await refuseUnknown(content, in: change.transaction)
            (route.name, route.matchers, route.webhooks) = (content.name, content.matchers, content.webhooks)
            (route.steps, route.digestAbove) = (content.steps, content.digestAbove)
            (route.updatedAt, route.updatedBy) = (context.now, context.author)
            route.revision += 1
            try await AlertRouteStore.update(route, in: change.transaction)
            note("routes.replace", "changed", route, in: change)
            return route
        }
        return answer(route)
    }

    private nonisolated(nonsending) func delete(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        let id = try id(of: request)
        try request.requireMatch()
        try await ledger.change(context) { change in
            guard let route = try await AlertRouteStore.lock(id, in: change.transaction) else {
                throw Problem.notFound("route")
            }
            try request.match(revision: route.revision, required: true)
            try await AlertRouteStore.delete(id, in: change.transaction)
            note("routes.delete", "deleted", route, in: change)
        }
        return Response(.noContent)
    }

    // MARK: Inside

    private func id(of request: Request) throws(Problem) -> AlertRouteID {
        guard let id = AlertRouteID(request.pathParameter("route_id")) else {
            throw Problem.notFound("route")
        }
        return id
    }

    private func answer(_ route: AlertRoute) -> Response {
        Response.json { w in route.write(to: &w) }.etag(route.revision)
    }

    private nonisolated(nonsending) func refuseUnknown(
        _ content: AlertRoute.Content, in transaction: Transaction
    ) async throws {
        let unknown = try await AlertDeliveries.unknown(content.named.sorted(), in: transaction)
        guard !unknown.isEmpty else { return }
        var errors = content.webhooks.enumerated().filter { unknown.contains($1) }.map {
            FieldError.unknownWebhook(at: "/webhook_ids/\($0.offset)")
        }
        for (index, step) in content.steps.enumerated() {
            errors += step.webhooks.enumerated().filter { unknown.contains($1) }.map {
                FieldError.unknownWebhook(at: "/escalation/\(index)/webhook_ids/\($0.offset)")
            }
        }
        throw Problem(.validationFailed, "Some webhooks do not exist.", errors: errors)
    }

    private func note(_ action: String, _ what: String, _ route: AlertRoute, in change: Change) {
        change.touchesConfiguration = true
        change.audit(
            action, route.id, detail: ["name": .string(route.name), "matchers": route.matchers.texts])
        change.emit(
            NewEvent(
                .routeChanged, subject: route.id,
                [
                    "route_id": .string(route.id.description), "name": .string(route.name),
                    "change": .string(what), "matchers": route.matchers.texts,
                    "webhook_ids": .array(route.webhooks.map { .string($0.description) }),
                ]))
    }
}

extension FieldError {
    static func unknownWebhook(at pointer: String) -> FieldError {
        FieldError(pointer: pointer, code: "unknown", message: "there is no such webhook")
    }
}

extension Context {
    /// Who it is, for a record.
    var author: String { actor.principal?.description ?? "" }
}
