import Access
import Events
import HTTPServer
import JSON
import Kernel
import Postgres

/// Accounts over HTTP.
struct AccountEndpoints {
    private static let bodyBytes = 1 << 16

    let database: Database
    let book: KeyBook
    let modes: ModeEndpoints

    var operations: [Operation] {
        let one = "/v1/accounts/{account_id}"
        return [
            Operation(
                .get, "/v1/accounts", id: "listAccounts", requires: .scoped(.accountsRead), bodyLimit: 0,
                handle: list),
            Operation(
                .post, "/v1/accounts", id: "createAccount", requires: .scoped(.accountsWrite),
                errors: [.alreadyExists], bodyLimit: Self.bodyBytes, handle: create),
            Operation(
                .get, one, id: "getAccount", requires: .scoped(.accountsRead), errors: [.notFound],
                bodyLimit: 0, handle: read),
            Operation(
                .patch, one, id: "updateAccount", requires: .scoped(.accountsWrite), errors: [.notFound],
                bodyLimit: Self.bodyBytes, handle: update),
            Operation(
                .post, one + "/mode", id: "setAccountMode", requires: .scoped(.keysSuspend),
                errors: [.notFound, .conflict, .countMismatch], bodyLimit: Self.bodyBytes,
                stepUp: .whenItGives, handle: setMode),
        ]
    }
}

// MARK: Reading

extension AccountEndpoints {
    private nonisolated(nonsending) func list(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        let query = try AccountQuery(request)
        let orders = try await StandingOrders.read(in: database)
        let found = try await AccountStore.list(query, for: context, in: database)
        let page = found.prefix(query.limit)
        let last = found.count > query.limit ? page.last : nil
        return Response.object { w in
            w.array("data", page) { w, row in row.write(to: &w, under: orders) }
            w.field("next_cursor", last.map { AccountQuery.cursor(behind: $0.account).text })
        }
    }

    private nonisolated(nonsending) func read(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        let row = try await find(try request.accountID(), .accountsRead, context, in: database)
        return row.response(under: try await StandingOrders.read(in: database))
    }

    private nonisolated(nonsending) func find(
        _ id: AccountID, _ permission: Permission, _ context: Context, in source: any Queryable
    ) async throws -> AccountRow {
        guard let row = try await AccountStore.find(id, for: context, in: source) else {
            throw Problem.notFound("account")
        }
        try context.require(permission, on: row.account.target)
        return row
    }
}

// MARK: Changing

extension AccountEndpoints {
    private nonisolated(nonsending) func create(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        let draft = try AccountDraft(try await request.fields(limit: Self.bodyBytes))
        let account = Account(
            id: book.ledger.newID(), exchange: draft.exchange, environment: draft.environment,
            name: draft.name, uid: draft.uid, parent: draft.parent, holder: draft.holder,
            supportContact: draft.supportContact, createdAt: context.now,
            createdBy: context.actor.principal?.description ?? "installation", updatedAt: context.now)
        try context.require(.accountsWrite, on: account.newTarget)
        return try await book.ledger.change(context) { change in
            if account.parent != nil { try await AccountTree.hold(in: change.transaction) }
            try await AccountTree.check(account, for: context, in: change.transaction)
            try await AccountStore.insert(account, in: change.transaction)
            // The database has the name in NFC; what is told is what is stored.
            let row = try await find(account.id, .accountsWrite, context, in: change.transaction)
            let told = row.account.event(.accountCreated)
            change.audit("accounts.create", account.id, detail: .object(told.data))
            change.emit(told)
            return row.response(.created, under: try await StandingOrders.read(in: change.transaction))
                .header(.location, "/v1/accounts/\(account.id)")
        }
    }

    private nonisolated(nonsending) func update(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        let id = try request.accountID()
        let wanted = try AccountChange(try await request.fields(limit: Self.bodyBytes))
        return try await book.ledger.change(context) { change in
            if case .some(.some) = wanted.parent { try await AccountTree.hold(in: change.transaction) }
            guard var account = try await AccountStore.locked(id, in: change.transaction) else {
                throw Problem.notFound("account")
            }
            try context.require(.accountsWrite, on: account.target)
            try request.match(revision: account.revision, required: true)
            let changed = account.apply(wanted, at: context.now)
            if changed.contains("parent_id") {
                try await AccountTree.check(account, for: context, in: change.transaction)
            }
            try await AccountStore.update(account, in: change.transaction)
            let names: JSONValue = .array(changed.map { .string($0) })
            change.audit("accounts.change", id, detail: ["changed": names])
            if !changed.isEmpty { change.emit(account.event(.accountChanged, ["changed": names])) }
            let row = try await find(id, .accountsWrite, context, in: change.transaction)
            return row.response(under: try await StandingOrders.read(in: change.transaction))
        }
    }

    /// The mode of a selection whose selector is the account.
    private nonisolated(nonsending) func setMode(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        let id = try request.accountID()
        let fields = try await request.fields(limit: Self.bodyBytes)
        // Its name never changes, so there is nothing to lock.
        let selector = try await find(id, .keysSuspend, context, in: database).account.selector
        return try await modes.carryOut(try ModeCommand(fields, of: selector), context)
    }
}

extension Request {
    fileprivate func accountID() throws(Problem) -> AccountID {
        guard let id = AccountID(pathParameter("account_id")) else { throw .notFound("account") }
        return id
    }
}
