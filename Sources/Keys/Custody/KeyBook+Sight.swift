package import Access
import Events
import HTTPServer
import Kernel
package import Postgres

/// What of the keys a caller may see and do: their grants may be on some only.
extension KeyBook {
    /// Asked before anything is done with a key or told of it. Costs nothing for who has it everywhere; then
    /// a key that does not exist is for the handler to find out.
    package nonisolated(nonsending) func require(
        _ permission: Permission, on id: ExchangeKeyID, _ context: Context, in source: any Queryable
    ) async throws {
        if context.may(permission) { return }
        // What cannot be read is nothing that somebody was granted.
        guard let row = try await KeyStore.find(id, in: source), let target = try? row.target else {
            throw Problem.notFound("key")
        }
        try context.require(permission, on: target)
    }

    func sees(_ id: ExchangeKeyID, _ context: Context) async throws -> Bool {
        do {
            try await require(.keysRead, on: id, context, in: ledger.database)
            return true
        } catch let problem as Problem where [.notFound, .forbidden].contains(problem.code) {
            return false
        }
    }

    /// A refusal that names another key, for who may know of that one.
    func shown(_ refusal: Problem, to context: Context) async throws -> Problem {
        guard let other = refusal.twin, try await !sees(other, context) else { return refusal }
        return Problem(refusal.code, "This secret is registered already.", errors: refusal.errors)
    }

    /// Every scoped operation below `/v1/keys/{key_id}` asks for its permission on that key before its
    /// handler runs, so that none can forget it.
    package func narrowed(_ operations: [Operation]) -> [Operation] {
        operations.map { operation in
            guard case .scoped(let permission) = operation.requires,
                operation.path.hasPrefix("/v1/keys/{key_id}"), operation.id != "getKey"
            else { return operation }
            let handler = NarrowedHandler(book: self, permission: permission, operation: operation)
            return Operation(
                operation.method, operation.path, id: operation.id, requires: operation.requires,
                errors: operation.errors, bodyLimit: operation.bodyLimit, repeats: operation.repeats,
                acts: operation.acts, settlesItself: operation.settlesItself,
                isOneChange: operation.isOneChange, stepUp: operation.stepUp,
                tokensOnly: operation.tokensOnly,
                handle: handler.handle)
        }
    }
}

/// A type of its own: a closure with a capture list would leave its loop.
private struct NarrowedHandler {
    let book: KeyBook
    let permission: Permission
    let operation: Operation

    nonisolated(nonsending) func handle(_ request: Request, _ context: Context) async throws -> Response {
        try await book.require(permission, on: try request.keyID(), context, in: book.ledger.database)
        return try await operation.handle(request, context)
    }
}

extension KeyRow {
    /// Whether the caller may know if it is bait.
    func showsBait(to context: Context) -> Bool {
        if context.may(.decoysRead) { return true }
        guard context.rights.somewhere.contains(.decoysRead), let target = try? target else { return false }
        return context.may(.decoysRead, on: target)
    }
}

extension Sight {
    /// A condition on rows of `exchange_key`; the sight is parameter `$n`.
    static func ofKeys(_ n: Int, _ table: String = "exchange_key") -> String {
        condition(
            n,
            Columns(
                id: "\(table).id", exchange: "\(table).exchange", environment: "\(table).environment",
                account: "\(table).account", tags: "\(table).tags", owner: "\(table).owner"))
    }

    /// The same on rows of `account`, which have neither tags nor an owner.
    static func ofAccounts(_ n: Int, _ table: String) -> String {
        condition(
            n,
            Columns(
                id: "\(table).id", exchange: "\(table).exchange", environment: "\(table).environment",
                account: "\(table).name", tags: "'{}'::text[]", owner: "null::text"))
    }
}
