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

    private static let key = Statement("usage_key", "select id from exchange_key where id = $1")

    package init(database: Database, writer: ReportWriter) {
        (self.database, self.writer) = (database, writer)
    }

    package var operations: [Operation] {
        [
            Operation(
                .get, "/v1/usage-events", id: "listUsageEvents", requires: .permission(.usageRead),
                bodyLimit: 0
            ) { request, context in try await UsageSearch(request).page(context, in: database) },
            Operation(
                .get, "/v1/usage-events/{usage_id}", id: "getUsageEvent", requires: .permission(.usageRead),
                errors: [.notFound], bodyLimit: 0, handle: get),
            Operation(
                .post, "/v1/usage-events", id: "uploadUsageEvents", requires: .permission(.usageWrite),
                errors: [.rowsRefused], bodyLimit: 0, repeats: .nothing
            ) { request, context in try await writer.receive(request, context) },
            Operation(
                .get, "/v1/usage-summary", id: "summariseUsage", requires: .permission(.usageRead),
                bodyLimit: 0
            ) { request, context in
                try await UsageSummary(request, now: context.now).response(in: database)
            },
            Operation(
                .get, "/v1/keys/{key_id}/usage", id: "listKeyUsage", requires: .permission(.usageRead),
                errors: [.notFound], bodyLimit: 0, handle: listOfKey),
        ]
    }

    private nonisolated(nonsending) func get(_ request: Request, _ context: Context) async throws -> Response
    {
        try request.parameters().finish()
        guard let id = UsageID(request.pathParameter("usage_id")),
            let use = try await UsageRow.find(id, in: database)
        else { throw Problem.notFound("use of a key") }
        return Response.json { w in use.write(to: &w, for: context) }
    }

    private nonisolated(nonsending) func listOfKey(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        let id = try request.keyID()
        let search = try UsageSearch(request, of: id)
        guard try await !database.query(Self.key, .id(id)).isEmpty else { throw Problem.notFound("key") }
        return try await search.page(context, in: database)
    }
}
