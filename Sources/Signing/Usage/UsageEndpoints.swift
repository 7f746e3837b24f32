import Keys
package import Access
import HTTPServer
import JSON
import Kernel
package import Postgres

/// Records of use over HTTP.
package struct UsageEndpoints {
    private let database: Database
    private let writer: ReportWriter

    package init(database: Database, writer: ReportWriter) {
        (self.database, self.writer) = (database, writer)
    }

    package var operations: [Operation] {
        [
            Operation(
                .get, "/v1/usage-events", id: "listUsageEvents", requires: .scoped(.usageRead),
                bodyLimit: 0
            ) { request, context in try await UsageSearch(request).page(context, in: database) },
            Operation(
                .get, "/v1/usage-events/{usage_id}", id: "getUsageEvent", requires: .scoped(.usageRead),
                errors: [.notFound], bodyLimit: 0, handle: get),
            Operation(
                .post, "/v1/usage-events", id: "uploadUsageEvents", requires: .scoped(.usageWrite),
                errors: [.rowsRefused], bodyLimit: 0, repeats: .nothing
            ) { request, context in try await writer.receive(request, context) },
            Operation(
                .get, "/v1/usage-summary", id: "summariseUsage", requires: .scoped(.usageRead),
                bodyLimit: 0
            ) { request, context in
                try await UsageSummary(request, now: context.now).response(
                    seenBy: context.rights, in: database)
            },
            Operation(
                .get, "/v1/keys/{key_id}/usage", id: "listKeyUsage", requires: .scoped(.usageRead),
                errors: [.notFound], bodyLimit: 0, handle: listOfKey),
        ]
    }

    private nonisolated(nonsending) func get(_ request: Request, _ context: Context) async throws -> Response
    {
        try request.parameters().finish()
        guard let id = UsageID(request.pathParameter("usage_id")),
            let use = try await UsageRow.find(id, in: database)
        else { throw Problem.notFound("use of a key") }
        let sight = try await UsageSight(context.rights, of: [use], in: database)
        guard sight.sees(use) else { throw Problem.notFound("use of a key") }
        return Response.json { w in use.write(to: &w, for: sight) }
    }

    private nonisolated(nonsending) func listOfKey(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        let id = try request.keyID()
        let search = try UsageSearch(request, of: id)
        let target = try await KeyTargets.source.find([id.description], database)[id.description]
        guard let target else { throw Problem.notFound("key") }
        try context.require(.usageRead, on: target)
        return try await search.page(context, in: database)
    }
}
