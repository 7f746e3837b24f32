package import Access
import Events
package import HTTPServer
import JSON
package import Kernel
import Postgres

/// `/v1/approvals`. Everybody sees their own, and those of their service accounts; `approvals:read` sees all
/// that is about nothing that is out of their sight.
package struct ApprovalEndpoints {
    private static let bodyBytes = 64 * 1_024

    private let book: ApprovalBook
    private let executor: ApprovalExecutor

    package init(book: ApprovalBook, executor: ApprovalExecutor) {
        (self.book, self.executor) = (book, executor)
    }

    package var operations: [Operation] {
        let one = "/v1/approvals/{approval_id}"
        let approver = Requirement.permission(.approvalsDecide)
        let deciding: [ProblemCode] = [.notFound, .conflict, .notAnApprover, .humanRequired]
        return [
            Endpoint(.get, "/v1/approvals", id: "listApprovals", requires: .self, bodyLimit: 0, handle: list),
            Endpoint(
                .get, one, id: "getApproval", requires: .self, errors: [.notFound, .conflict], bodyLimit: 0,
                handle: get),
            Endpoint(
                .post, one + "/approve", id: "approveApproval", requires: approver, errors: deciding,
                bodyLimit: Self.bodyBytes, stepUp: .recently
            ) { try await decide($0, $1, .approve) },
            Endpoint(
                .post, one + "/reject", id: "rejectApproval", requires: approver, errors: deciding,
                bodyLimit: Self.bodyBytes
            ) { try await decide($0, $1, .reject) },
            Endpoint(
                .post, one + "/cancel", id: "cancelApproval", requires: .self,
                errors: [.notFound, .conflict], bodyLimit: Self.bodyBytes, handle: cancel),
            Endpoint(
                .post, one + "/fetch", id: "fetchApproval", requires: .self,
                errors: [.forbidden, .notFound, .conflict, .alreadyDone], bodyLimit: 0, repeats: .refusal,
                stepUp: .strictlyOfPeople, handle: fetch),
        ]
    }

    // MARK: Reading

    private nonisolated(nonsending) func list(_ request: Request, _ context: Context) async throws -> Response
    {
        var parameters = try request.parameters()
        let state = parameters.choice("state", Approval.State.self)
        let action = parameters.parsed("action", expected: "what a rule may name") { text in
            book.actions.contains(ApprovalAction(text)) ? ApprovalAction(text) : nil
        }
        let requester = parameters.parsed(
            "requester_id", expected: "the id of a user or service account"
        ) { PrincipalID($0) }
        let page = PageRequest(&parameters, default: ApprovalSort.newest)
        try parameters.finish()
        let isNarrow = try await WholePerson.isNarrow(context, in: book.ledger.database)
        let rows = try await book.ledger.database.query(
            ApprovalStore.list,
            parameters: [
                .uuid(context.actor.principal?.uuid), .text(state?.rawValue), .text(action?.rawValue),
                .uuid(requester?.uuid), .id(isNarrow ? context.actor.accessToken : nil),
                .bool(context.may(.approvalsRead)), context.rights.sight(.keysRead).parameter,
            ] + page.parameters)
        let found = rows.compactMap(Approval.init)
        let votes = try await ApprovalVoteStore.all(of: found.map(\.id), in: book.ledger.database)
        return page.response(found) { approval in
            (.time(approval.requestedAt), approval.id.uuid)
        } write: { w, approval in
            w.value(ApprovalView(approval, votes[approval.id] ?? [], at: context.now))
        }
    }

    private nonisolated(nonsending) func get(_ request: Request, _ context: Context) async throws -> Response
    {
        try request.refuseParameters()
        return try await answer(try await visible(try Self.id(request), context), context, isWhole: true)
    }

    /// Unknown and not to be seen look alike.
    private nonisolated(nonsending) func visible(
        _ id: ApprovalID, _ context: Context
    ) async throws -> Approval {
        let approval = try await ApprovalStore.find(id, in: book.ledger.database)
        if try await isOwn(approval, context) { return approval }
        guard context.may(.approvalsRead), try await book.isInSight(approval, context) else {
            throw Problem.notFound("approval")
        }
        return approval
    }

    /// A narrowed access token has asked for what it has asked for, and for nothing else.
    private nonisolated(nonsending) func isOwn(
        _ approval: Approval, _ context: Context
    ) async throws -> Bool {
        guard approval.isOf(context.actor.principal) else { return false }
        if approval.accessToken == context.actor.accessToken { return true }
        return try await !WholePerson.isNarrow(context, in: book.ledger.database)
    }

    private nonisolated(nonsending) func answer(
        _ approval: Approval, _ context: Context, isWhole: Bool
    ) async throws -> Response {
        let database = book.ledger.database
        let votes = try await ApprovalVoteStore.all(of: [approval.id], in: database)
        var view = ApprovalView(approval, votes[approval.id] ?? [], at: context.now)
        if isWhole {
            let sealed = try await ApprovalStore.sealed(approval.id, in: database)
            view.request = try book.parked(approval, sealed.request).shown
            if let result = sealed.result, approval.isOf(context.actor.principal) {
                view.result = try? JSONValue.parse(try book.open(result, "result", of: approval.id))
            }
        }
        return Response.json { w in w.value(view) }
    }

    // MARK: Deciding

    private nonisolated(nonsending) func decide(
        _ request: Request, _ context: Context, _ verdict: Approval.Vote.Verdict
    ) async throws -> Response {
        try request.refuseParameters()
        let id = try Self.id(request)
        var fields = try await request.fields(limit: Self.bodyBytes)
        let reason = fields.reason()
        try fields.finish()
        _ = try await visible(id, context)
        let decided = try await book.decide(verdict, id, reason: reason, context)
        if decided.state == .approved, !decided.isFetched, decided.dueAt.map({ $0 <= context.now }) ?? false {
            await executor.run(id)
        }
        return try await answer(
            try await ApprovalStore.find(id, in: book.ledger.database), context, isWhole: false)
    }

    private nonisolated(nonsending) func cancel(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.refuseParameters()
        let (id, reason) = (try Self.id(request), try await request.reason())
        guard try await isOwn(try await visible(id, context), context) else {
            throw Problem.notFound("approval")
        }
        return try await answer(
            try await book.cancel(id, reason: reason, context), context, isWhole: false)
    }

    private nonisolated(nonsending) func fetch(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.refuseParameters()
        let id = try Self.id(request)
        // A service account has nothing to show: what it fetches was approved by people, for the very access
        // token that it comes with.
        if context.actor.principal?.kind != .serviceAccount { try context.needStepUp() }
        return try await executor.fetch(id, context)
    }

    private static func id(_ request: Request) throws(Problem) -> ApprovalID {
        try request.id("approval_id", "approval") { ApprovalID($0) }
    }
}

extension Approval {
    /// The answer to a request that was parked: accepted, and where to look.
    package func accepted(at now: Timestamp) -> Response {
        Response.json(.accepted) { w in w.value(ApprovalView(self, [], at: now)) }
            .header(.location, "/v1/approvals/\(id)").header(.preferenceApplied, "respond-async")
    }
}
