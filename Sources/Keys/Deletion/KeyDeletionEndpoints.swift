import Access
import Events
import Exchanges
import HTTPServer
import JSON
import Kernel
import Postgres

/// Deletions at the exchanges over HTTP.
struct KeyDeletionEndpoints {
    private static let path = "/v1/keys/{key_id}/versions/{version}/deletion"

    let database: Database
    let book: KeyBook
    let prober: KeyProber

    var operations: [Operation] {
        [
            Operation(
                .get, "/v1/key-deletions", id: "listKeyDeletions", requires: .scoped(.keysRead),
                bodyLimit: 0
            ) { request, context in
                try await KeyDeletionSearch(request, context).page(in: database)
            },
            Operation(
                .post, Self.path + "/check", id: "checkKeyDeletion", requires: .scoped(.keysRevoke),
                errors: [.notFound, .conflict, .keyTampered], bodyLimit: 0,
                handle: check),
            Operation(
                .post, Self.path + "/mark", id: "markKeyDeleted", requires: .scoped(.keysRevoke),
                errors: [.notFound, .conflict, .keyTampered], bodyLimit: 0, handle: mark),
        ]
    }

    private nonisolated(nonsending) func check(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        let (id, version) = (try request.keyID(), try request.versionNumber())
        guard let deletion = try await KeyDeletionStore.find(id, version, in: database) else {
            throw Problem.notFound("deletion")
        }
        guard deletion.isWaiting else {
            throw Problem(.conflict, "Version \(version) does not wait to be deleted any more.")
        }
        let looked = try await KeyDeleter(book: book, prober: prober).look(deletion, context)
        return Response.json { w in w.value(looked) }
    }

    /// Somebody's word that it is done: the exchange is asked by the next run of the job.
    private nonisolated(nonsending) func mark(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        let (id, version) = (try request.keyID(), try request.versionNumber())
        let deletion = try await book.changeDeletion(id, version, context) { deletion, change in
            guard deletion.isWaiting else {
                throw Problem(.conflict, "Version \(version) does not wait to be deleted any more.")
            }
            deletion.mark(by: context.actor.principal?.description ?? "", at: context.now)
            change.audit("keys.deletions.mark", id, detail: deletion.auditDetail)
        }
        return Response.json { w in w.value(deletion) }
    }
}

/// What the answer to a revocation says of the key at its exchange.
struct DeletionSummary {
    let exchange: ExchangeName
    let deletions: [KeyDeletion]
}

extension DeletionSummary: JSONWritable {
    private var way: KeyDeletion.Way { deletions.contains { $0.way == .api } ? .api : .person }

    /// The least of all versions; nothing is known of a key without a credential.
    private var state: String {
        let order: [KeyDeletion.State] = [.due, .deleted, .proven]
        let found = order.first { state in deletions.contains { $0.state == state } }
        return found?.rawValue ?? "untracked"
    }

    private var instructions: String {
        if deletions.isEmpty {
            let title = Exchange.of(exchange).title
            return """
                No credential of the key is kept here that could be asked with: if the key exists, delete it \
                on \(title)'s website (\(exchange.pageOfKeys)).
                """
        }
        let isDone = !deletions.contains { $0.isWaiting }
        return KeyDeletion.instructions(way, exchange, isDone: isDone)
    }

    func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("way", way.rawValue)
            w.field("state", state)
            w.field("versions", deletions.count)
            w.field("instructions", instructions)
        }
    }
}

extension OpenedDeletions: JSONWritable {
    func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("exchange", exchange.rawValue)
            w.field("way", way.rawValue)
            w.field("keys", keys)
            w.field("versions", versions)
            w.field("instructions", KeyDeletion.instructions(way, exchange))
        }
    }
}
