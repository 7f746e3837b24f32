import Access
import Events
import HTTPServer
import JSON
import Kernel

/// How users leave, and what is kept of it.
struct OffboardingEndpoints {
    let ledger: Ledger
    let offboarding: Offboarding

    var operations: [Operation] {
        let one = "/v1/users/{user_id}/offboard"
        return [
            Endpoint(
                .post, one, id: "offboardUser", requires: .permission(.usersWrite),
                errors: [.notFound, .conflict, .lastOwner], stepUp: .recently, handle: offboard),
            Endpoint(
                .get, one + "ing", id: "getOffboarding", requires: .permission(.usersRead),
                errors: [.notFound], handle: get),
            Endpoint(
                .get, one + "ing/keys", id: "listOffboardingKeys", requires: .permission(.usersRead),
                errors: [.notFound], handle: keys),
        ]
    }

    private nonisolated(nonsending) func offboard(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.refuseParameters()
        let id = try request.id("user_id", "user") { UserID($0) }
        var fields = try await request.fields(limit: 64 * 1_024)
        let wish = fields.offboarding()
        try fields.finish()
        let report = try await offboarding.carryOut(wish, of: id, context)
        return response(report, context)
    }

    private nonisolated(nonsending) func get(_ request: Request, _ context: Context) async throws -> Response
    {
        try request.refuseParameters()
        let id = try request.id("user_id", "user") { UserID($0) }
        return response(try await report(of: id), context)
    }

    private nonisolated(nonsending) func keys(_ request: Request, _ context: Context) async throws -> Response
    {
        let id = try request.id("user_id", "user") { UserID($0) }
        var parameters = try request.parameters()
        let limit = parameters.limit()
        let cursor = parameters.cursor()
        let after = cursor?.parts.first.flatMap { ExchangeKeyID($0) }
        if cursor != nil, after == nil {
            parameters.fail("cursor", code: "malformed", "must be the next_cursor of a page of this list")
        }
        try parameters.finish()
        try context.require(.keysRead)
        let report = try await report(of: id)
        let lines = try await OffboardingStore.keys(
            of: report.id, after: after, limit: limit, in: ledger.database)
        return Response.object { w in
            w.array("data", lines.prefix(limit)) { w, line in line.write(to: &w) }
            let last = lines.count > limit ? lines.prefix(limit).last : nil
            w.field("next_cursor", last.map { Cursor([$0.key.description]).text })
        }
    }

    private nonisolated(nonsending) func report(of id: UserID) async throws -> OffboardingReport {
        guard let report = try await OffboardingStore.latest(of: id, in: ledger.database) else {
            throw Problem.notFound("off-boarding")
        }
        return report
    }

    private func response(_ report: OffboardingReport, _ context: Context) -> Response {
        Response.object { w in report.write(to: &w, showingKeys: context.may(.keysRead)) }
    }
}

extension Fields {
    fileprivate mutating func offboarding() -> OffboardingWish {
        let isDryRun = bool("dry_run", default: false)
        let expect = string(optional: "expect", 1...64)
        if !isDryRun, expect == nil {
            fail(
                "expect", code: FieldCode.missing,
                "is required: what a dry run answered, or * for whatever is found")
        }
        if isDryRun, expect != nil {
            fail("expect", code: "excluded", "is what a dry run answers: it takes none")
        }
        let heir = parsed(optional: "reassign_to", expected: "the id of a user") { UserID($0) }
        return OffboardingWish(isDryRun: isDryRun, expect: expect, heir: heir, reason: reason())
    }
}
