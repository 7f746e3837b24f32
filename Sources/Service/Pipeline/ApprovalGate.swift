import Access
import HTTPServer
import Identity

/// What needs approvals is kept until it has them, or is told where to ask, before its handler knows of it.
/// Requests to exchanges are looked at where they are understood: `ProxyEndpoints`.
final class ApprovalGate {
    private let book: ApprovalBook

    init(_ book: ApprovalBook) { self.book = book }

    /// Nil: it may be carried out now.
    @inline(never)
    func intercept(
        _ operation: Operation, _ request: Request, _ context: Context
    ) async throws -> Response? {
        guard operation.acts, !operation.settlesItself,
            let action = ApprovalAction(rawValue: operation.id)
        else { return nil }
        let caught = try await book.caught(
            action, request.pathParameters, needing: operation.requires.permission, context)
        guard let caught else { return nil }
        return try await book.answer(
            request, action, by: operation.id, isFetched: operation.repeats == .refusal, caught, context)
    }
}
