import Access
import HTTPServer
import JSON
import Kernel
import Postgres
import Signals

/// `/v1/grades/investor`.
struct InvestorEndpoints {
    let database: Database

    var operations: [Operation] {
        [
            Operation(
                .get, "/v1/grades/investor", id: "listInvestorGrades", requires: .permission(.signalsRead),
                errors: [.notFound], bodyLimit: 0
            ) { request, context in try await list(request, context) }
        ]
    }

    private nonisolated(nonsending) func list(_ request: Request, _ context: Context) async throws -> Response
    {
        var parameters = try request.parameters()
        let token = parameters.token()
        let watchlist = parameters.watchlist()
        var filter = InvestorStore.Filter(
            source: parameters.source(), atLeast: parameters.grade("grade_gte"),
            below: parameters.grade("grade_lt"), asOf: parameters.asOf(context.now))
        let hasWhy = parameters.bool("why", default: false)
        let sort = parameters.choice("sort", InvestorStore.Sort.self)
        let limit = parameters.limit()
        let mark = parameters.mark
        let cursor = parameters.cursor(parts: 3, of: mark)
        if token != nil && sort != nil {
            parameters.fail(
                "sort", code: "not_with_token", "is not taken of one token: its newest grade is first")
        }
        if token != nil && watchlist != nil {
            parameters.fail("watchlist", code: FieldCode.notAChoice, "is not taken with token")
        }
        try parameters.finish()
        filter.tokens = try await WatchedTokens.of(watchlist, for: context, asOf: filter.asOf, in: database)
        let found: [StoredInvestorGrade]
        if let token {
            found = try await InvestorStore.history(
                of: SeriesFinder(database: database).token(token, asOf: filter.asOf), filter,
                after: cursor?.parts,
                limit: limit + 1, in: database)
        } else {
            found = try await InvestorStore.newest(
                filter, sort: sort ?? .best, after: cursor?.parts, limit: limit + 1, in: database)
        }
        let page = Page(found, limit: limit, of: mark) { grade in
            let first = token == nil ? "\(grade.value)" : String(grade.time.microseconds)
            return [first, grade.entry.token.description, grade.source]
        }
        return .object { w in
            w.array("data", page.items) { w, grade in grade.write(hasWhy: hasWhy, to: &w) }
            w.field("next_cursor", page.next)
        }
    }
}
