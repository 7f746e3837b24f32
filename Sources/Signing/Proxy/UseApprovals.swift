package import Access
package import Exchanges
package import HTTPServer

/// What the room of approvals does with requests to exchanges that move money.
package struct UseApprovals {
    /// Keeps the request when its client said that it would wait, else throws where to ask; nil: no rule
    /// covers it.
    package typealias Asking =
        nonisolated(nonsending) (Request, Context, RequestOperation) async throws -> Response?

    private let ask: Asking

    package init(ask: @escaping Asking) { self.ask = ask }

    /// It is kept, and the answer says so.
    struct Waits: Error {}

    /// The answer to a request that waits from now on. What would be denied anyhow is not kept, and what was
    /// not asked to wait is denied, and recorded, as ever.
    nonisolated(nonsending) func parked(
        _ request: Request, _ asked: UseRequest, _ read: ReadUse, by batcher: UseBatcher
    ) async throws -> Response? {
        guard read.meaning.operation.movesMoney, asked.context.approval == nil, request.prefersAsync else {
            return nil
        }
        // Who asks is settled first: what is only assumed may be run again.
        guard asked.context.authority == nil else { throw AuthorityMoved() }
        guard try await batcher.trial(of: asked).judgement.lacksApprovalOnly else { return nil }
        request.body = RequestBody(bytes: asked.incoming.body)
        return try await ask(request, asked.context, read.meaning.operation)
    }

    /// Throws where to ask for what was denied for want of an approval, and nothing else.
    nonisolated(nonsending) func tell(
        _ request: Request, _ context: Context, _ denied: DeniedUse
    ) async throws {
        guard denied.judgement.operation.movesMoney, denied.judgement.lacksApprovalOnly,
            !request.prefersAsync
        else { return }
        _ = try await ask(request, context, denied.judgement.operation)
    }
}
