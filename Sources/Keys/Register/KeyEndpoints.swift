package import Access
package import Exchanges
import Events
import HTTPServer
import Identity
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
    private let book: KeyBook
    private let makeMatter: MakeMatter
    private let registrar: KeyRegistrar
    private let prober: KeyProber
    private let publicOrigin: String
    private let uses: PermissionUses.Read
    private let ordersSeen: OrdersSeen.Read
    /// What this node has measured at an exchange.
    private let state: (ExchangeName) -> ExchangeState

    /// - Parameters:
    ///   - makePair: makes key pairs, which takes up to seconds: not on the loop.
    ///   - publicOrigin: where deposit links lead, without a slash.
    package init(
        book: KeyBook, isActive: @escaping IsActive, makePair: @escaping MakePair,
        prober: KeyProber, publicOrigin: String, uses: @escaping PermissionUses.Read,
        ordersSeen: @escaping OrdersSeen.Read,
        state: @escaping (ExchangeName) -> ExchangeState = { _ in ExchangeState() }
    ) {
        (database, self.book) = (book.ledger.database, book)
        makeMatter = MakeMatter(makePair)
        registrar = KeyRegistrar(book: book, makeMatter: makeMatter, isActive: isActive)
        self.prober = prober
        self.publicOrigin = publicOrigin
        (self.uses, self.ordersSeen, self.state) = (uses, ordersSeen, state)
    }

    package var operations: [Operation] {
        let modes = ModeEndpoints(database: database, book: book, ordersSeen: ordersSeen)
        return book.narrowed(own + other(modes))
    }

    private var own: [Operation] {
        [
            Operation(
                .get, "/v1/exchanges", id: "listExchanges", requires: .scoped(.keysRead), bodyLimit: 0
            ) {
                try exchanges($0, $1)
            },
            Operation(.get, "/v1/keys", id: "listKeys", requires: .scoped(.keysRead), bodyLimit: 0) {
                try await KeySearch($0, for: $1).page(in: database)
            },
            Operation(
                .post, "/v1/keys", id: "createKey", requires: .scoped(.keysWrite),
                errors: [.alreadyExists, .duplicateSecret], bodyLimit: Self.bodyBytes, stepUp: .whenItGives
            ) { try await create($0, $1, asDecoy: false) },
            Operation(
                .post, "/v1/decoy-keys", id: "createDecoyKey", requires: .scoped(.decoysWrite),
                errors: [.alreadyExists, .duplicateSecret], bodyLimit: Self.bodyBytes
            ) { try await create($0, $1, asDecoy: true) },
            Operation(
                .get, "/v1/keys/{key_id}", id: "getKey", requires: .scoped(.keysRead),
                errors: [.notFound],
                bodyLimit: 0, handle: read),
            Operation(
                .patch, "/v1/keys/{key_id}", id: "updateKey", requires: .scoped(.keysWrite),
                errors: [.keyTampered, .notFound, .conflict, .alreadyExists],
                bodyLimit: Self.bodyBytes, stepUp: .whenItGives,
                handle: update),
        ]
    }

    private func other(_ modes: ModeEndpoints) -> [Operation] {
        ImportEndpoints(database: database, registrar: registrar).operations
            + AccountEndpoints(database: database, book: book, modes: modes).operations
            + modes.operations
            + AwayModeEndpoint(book: book).operations
            + VersionEndpoints(database: database, book: book, makeMatter: makeMatter).operations
            + RotationEndpoints(
                database: database, book: book, prober: prober, makeMatter: makeMatter
            ).operations
            + ProbeEndpoints(database: database, book: book, prober: prober, uses: uses).operations
            + KeyDeletionEndpoints(database: database, book: book, prober: prober).operations
            + DepositLinkEndpoints(database: database, book: book, publicOrigin: publicOrigin).operations
            + DepositEndpoints(database: database, book: book, makeMatter: makeMatter).operations
    }
}

// MARK: Reading

extension KeyEndpoints {
    private func exchanges(_ request: Request, _ context: Context) throws -> Response {
        var parameters = try request.parameters()
        let listsRoutes = parameters.bool("routes", default: false)
        try parameters.finish()
        return Response.object { w in
            w.array("data", Exchange.all) { w, exchange in
                exchange.write(to: &w, state: state(exchange.name), listsRoutes: listsRoutes)
            }
            w.null("next_cursor")
            w.field("not_offered", Exchange.neverOffered)
            PassedHeaders.write(to: &w)
        }
    }

    /// The measured hot path.
    private nonisolated(nonsending) func read(_ request: Request, _ context: Context) async throws -> Response
    {
        if request.head.queryBytes != nil { try request.parameters().finish() }
        guard let row = try await KeyStore.find(try request.keyID(), in: database) else {
            throw Problem.notFound("key")
        }
        if !context.may(.keysRead) { try context.require(.keysRead, on: row.target) }
        return row.response(for: context)
    }
}

// MARK: Changing

extension KeyEndpoints {
    private nonisolated(nonsending) func create(
        _ request: Request, _ context: Context, asDecoy: Bool
    ) async throws -> Response {
        try request.parameters().finish()
        let fields = try await request.fields(limit: Self.bodyBytes)
        let draft = try KeyDraft(fields, caller: context.actor.principal, now: context.now, asDecoy: asDecoy)
        if !asDecoy, draft.permissions.moveMoney { try context.needStepUp() }
        let row = try await registrar.register(draft, context)
        return row.response(.created, for: context).header(.location, "/v1/keys/\(row.id)")
    }

    private nonisolated(nonsending) func update(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.parameters().finish()
        let id = try request.keyID()
        let fields = try await request.fields(limit: Self.bodyBytes)
        let wanted = try KeyChange(fields, now: context.now)
        let row = try await book.change(context) { change in
            let orders = try await StandingOrders.held(in: change.transaction)
            var key = try await book.locked(id, change)
            try context.require(.keysWrite, on: key.target)
            try request.match(revision: key.revision, required: true)
            guard key.ownMode != .revoked else {
                throw Problem(.conflict, "The key was revoked, which is for good.")
            }
            if let owner = wanted.owner, owner != key.owner {
                try await registrar.requireActive(owner, change)
            }
            try wanted.check(key, egress: book.egress)
            if let proof = wanted.proof {
                try await book.prove(makeMatter(proof, key.exchange), isSecretOf: key, change)
            } else if wanted.shows(moreOf: key) {
                throw FieldErrors(
                    FieldError(
                        pointer: "/credential", code: FieldCode.missing,
                        message: "is required: whoever makes more of a key visible must have its secret"))
            }
            let (before, moved) = (key.target, key.permissions)
            let changed = key.apply(wanted, at: context.now)
            if key.permissions.filter({ !moved.contains($0) }).moveMoney { try context.needStepUp() }
            try await ScopeMoves.check(from: before, to: key.target, by: context, in: change.transaction)
            // Whoever acts by a key's snapshot asks for the epoch only: by an old address, bans would be
            // judged and booked at the wrong one.
            if !Set(changed).isDisjoint(with: ["passphrase_disclosable", "egress_address"]) {
                change.touch(.key(id))
            }
            let status = key.status
            key.obey(orders.strictest(over: key), at: context.now)
            if key.status != status {
                change.emit(key.statusEvent)
                change.touch(.key(id))
            }
            let row = try await book.update(key, change)
            let names: JSONValue = .array(changed.map { .string($0) })
            change.audit("keys.change", id, detail: ["changed": names])
            if !changed.isEmpty { change.emit(try ExchangeKey(row).changed(names)) }
            return row
        }
        return row.response(for: context)
    }
}
