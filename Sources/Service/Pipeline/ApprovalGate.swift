import Access
import Events
import HTTPServer
import Identity
import JSON

/// What needs approvals is kept until it has them, or is told where to ask, before its handler knows of it.
/// Requests to exchanges are looked at where they are understood: `ProxyEndpoints`.
final class ApprovalGate {
    private let book: ApprovalBook

    init(_ book: ApprovalBook) { self.book = book }

    /// Nil: it may be carried out now.
    /// - Parameter proving: shows that the person who asks is there. Approvals stand in for that of programs
    ///   only: else a stolen token could have its wishes approved as its owner's.
    @inline(never)
    func intercept(
        _ operation: Operation, _ request: Request, _ context: Context, proving: () async throws -> Void
    ) async throws -> Response? {
        guard operation.canWait else { return nil }
        let action = ApprovalAction(operation.id)
        let caught = try await book.caught(
            action, request.pathParameters, needing: operation.requires.permission,
            patch: { try await patch(request, operation) }, context)
        guard let caught else { return nil }
        try await checkForm(request, operation)
        let isPerson = context.actor.principal?.kind == .user
        if request.prefersAsync, operation.stepUp != nil, isPerson { try await proving() }
        return try await book.answer(
            request, action, by: operation.id, isFetched: operation.repeats == .refusal, caught, context
        ) { try await rehearse(operation, request, context) }
    }

    /// What the operation itself would refuse is refused at once, where that can be found out without doing
    /// anything: nobody has to approve it first.
    private func rehearse(_ operation: Operation, _ request: Request, _ context: Context) async throws {
        guard let rehearsal = Rehearsal.of(operation.id) else { return }
        let body = try await body(of: request, operation)
        defer { request.body = RequestBody(bytes: body) }
        var context = context
        (context.rehearsal, context.idempotency) = (rehearsal, nil)
        do {
            _ = try await operation.handle(request, context)
        } catch is Rehearsed {
            return
        }
    }

    /// What no handler could read is refused at once: nobody has to approve it first.
    private func checkForm(_ request: Request, _ operation: Operation) async throws {
        let body = try await body(of: request, operation)
        if body.isEmpty { return }
        try request.requireType("application/json")
        _ = try Fields(body, nulls: .kept)
    }

    /// Looked at ahead of its handler; nil for what is no JSON, which the handler says.
    private func patch(_ request: Request, _ operation: Operation) async throws -> JSONValue? {
        let body = try await body(of: request, operation)
        return try? JSONValue.parse(body)
    }

    /// All of it; it can be read again.
    private func body(of request: Request, _ operation: Operation) async throws -> [UInt8] {
        let body = try await request.body.collect(limit: operation.bodyLimit)
        request.body = RequestBody(bytes: body)
        return body
    }
}
