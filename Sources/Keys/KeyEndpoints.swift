package import Access
import Exchanges
package import Events
import HTTPServer
import JSON
import Kernel
package import Postgres

/// Keys over HTTP.
package struct KeyEndpoints {
    /// Whether a principal exists and may still act; Identity knows.
    package typealias IsActive = nonisolated(nonsending) (PrincipalID, Transaction) async throws -> Bool

    /// A JSON body, as everywhere.
    private static let bodyBytes = 1 << 20

    private let database: Database
    private let ledger: Ledger
    private let isActive: IsActive

    package init(database: Database, ledger: Ledger, isActive: @escaping IsActive) {
        (self.database, self.ledger, self.isActive) = (database, ledger, isActive)
    }

    package var operations: [Operation] {
        [
            Operation(
                .get, "/v1/exchanges", id: "listExchanges", requires: .permission(.keysRead), bodyLimit: 0
            ) {
                try Self.exchanges($0, $1)
            },
            Operation(.get, "/v1/keys", id: "listKeys", requires: .permission(.keysRead), bodyLimit: 0) {
                try await KeySearch($0, now: $1.now).page(in: database)
            },
            Operation(
                .post, "/v1/keys", id: "createKey", requires: .permission(.keysWrite),
                errors: [.alreadyExists, .notYetSupported], bodyLimit: Self.bodyBytes, handle: create),
            Operation(
                .get, "/v1/keys/{key_id}", id: "getKey", requires: .permission(.keysRead),
                errors: [.notFound],
                bodyLimit: 0, handle: read),
            Operation(
                .patch, "/v1/keys/{key_id}", id: "updateKey", requires: .permission(.keysWrite),
                errors: [.notFound, .conflict, .alreadyExists, .notYetSupported], bodyLimit: Self.bodyBytes,
                handle: update),
            status(.suspend, requires: .keysSuspend, errors: [.notFound, .conflict, .preconditionFailed]),
            status(.activate, requires: .keysSuspend, errors: [.notFound, .conflict, .preconditionFailed]),
            status(.revoke, requires: .keysRevoke, errors: [.notFound, .preconditionFailed]),
        ]
    }

    private func status(
        _ command: StatusCommand, requires permission: Permission, errors: [ProblemCode]
    ) -> Operation {
        let path = "/v1/keys/{key_id}/\(command.rawValue)"
        return Operation(
            .post, path, id: "\(command.rawValue)Key", requires: .permission(permission), errors: errors,
            bodyLimit: Self.bodyBytes
        ) { request, context in
            try await obey(command, request, context)
        }
    }
}

// MARK: Reading

extension KeyEndpoints {
    private static func exchanges(_ request: Request, _ context: Context) throws -> Response {
        try request.parameters().finish()
        return Response.object { w in
            w.field("data", Exchange.all)
            w.null("next_cursor")
        }
    }

    /// The measured hot path.
    private nonisolated(nonsending) func read(_ request: Request, _ context: Context) async throws -> Response
    {
        if request.head.queryBytes != nil { try request.parameters().finish() }
        guard let row = try await KeyStore.find(try Self.keyID(request), in: database) else {
            throw Problem.notFound("key")
        }
        return row.response(now: context.now)
    }

    private static func keyID(_ request: Request) throws(Problem) -> ExchangeKeyID {
        guard let id = ExchangeKeyID(request.pathParameter("key_id")) else { throw .notFound("key") }
        return id
    }
}

// MARK: Changing

extension KeyEndpoints {
    private nonisolated(nonsending) func create(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.parameters().finish()
        let fields = try await request.fields(limit: Self.bodyBytes)
        let draft = try KeyDraft(fields, caller: context.actor.principal, now: context.now)
        let key = ExchangeKey(
            draft, id: ledger.newID(), createdBy: context.actor.principal ?? draft.owner, at: context.now)
        let row = try await ledger.change(context) { change in
            try await requireActive(key.owner, change)
            let row = try await KeyStore.insert(key, in: change.transaction)
            // The database has the names in NFC; what is told is what is stored.
            let stored = ExchangeKey(row)
            change.audit("keys.register", key.id, detail: .object(stored.registered.data))
            change.emit(stored.registered)
            return row
        }
        return row.response(.created, now: context.now).header(.location, "/v1/keys/\(key.id)")
    }

    private nonisolated(nonsending) func update(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.parameters().finish()
        let id = try Self.keyID(request)
        let fields = try await request.fields(limit: Self.bodyBytes)
        let wanted = try KeyChange(fields, now: context.now)
        let row = try await ledger.change(context) { change in
            var key = try await locked(id, change)
            try request.match(revision: key.revision, required: true)
            guard key.status != .revoked else {
                throw Problem(.conflict, "The key was revoked, which is for good.")
            }
            if let owner = wanted.owner, owner != key.owner { try await requireActive(owner, change) }
            let changed = key.apply(wanted, at: context.now)
            let row = try await KeyStore.update(key, in: change.transaction)
            let names: JSONValue = .array(changed.map { .string($0) })
            change.audit("keys.change", id, detail: ["changed": names])
            if !changed.isEmpty { change.emit(ExchangeKey(row).event(.keyChanged, ["changed": names])) }
            return row
        }
        return row.response(now: context.now)
    }

    private nonisolated(nonsending) func obey(
        _ command: StatusCommand, _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        let id = try Self.keyID(request)
        let reason = try await reason(request, required: command != .activate)
        let row = try await ledger.change(context) { change in
            var key = try await locked(id, change)
            try request.match(revision: key.revision, required: false)
            switch command.outcome(from: key.status) {
            case .refused(let why): throw Problem(.conflict, why)
            case .unchanged: change.audit("keys.\(command.rawValue)", id, detail: ["unchanged": true])
            case .become(let status):
                key.become(status, reason: reason, at: context.now)
                change.audit(
                    "keys.\(command.rawValue)", id, detail: ["reason": reason.map { .string($0) } ?? .null])
                change.emit(key.statusEvent)
                change.touchesAuthority = true
            }
            return try await KeyStore.update(key, in: change.transaction)
        }
        return row.response(now: context.now)
    }

    /// An optional body may be missing altogether.
    private nonisolated(nonsending) func reason(_ request: Request, required: Bool) async throws -> String? {
        if !required, request.body.isEmpty { return nil }
        var fields = try await request.fields(limit: Self.bodyBytes)
        let reason = fields.reason()
        try fields.finish()
        return reason
    }

    private nonisolated(nonsending) func locked(
        _ id: ExchangeKeyID, _ change: Change
    ) async throws -> ExchangeKey {
        guard let key = try await KeyStore.lock(id, in: change.transaction) else {
            throw Problem.notFound("key")
        }
        return key
    }

    /// The caller is active, or would not be here.
    private nonisolated(nonsending) func requireActive(_ owner: PrincipalID, _ change: Change) async throws {
        if owner == change.context.actor.principal { return }
        guard try await isActive(owner, change.transaction) else {
            throw FieldErrors(
                FieldError(pointer: "/owner_id", code: "not_found", message: "is no active principal"))
        }
    }
}
