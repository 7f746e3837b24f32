import Access
import Events
import Exchanges
import HTTPServer
import Identity
import JSON
import Kernel
import Postgres

/// Deposits as the holder sees them: the link's token is all the proof there is, and counts once.
struct DepositEndpoints {
    private static let bodyBytes = 1 << 16

    let database: Database
    let book: KeyBook
    let makeMatter: MakeMatter

    var operations: [Operation] {
        [
            Operation(
                .post, "/v1/deposits/look", id: "lookAtDeposit", requires: .none, errors: [.unauthenticated],
                bodyLimit: Self.bodyBytes, repeats: .nothing, handle: look),
            Operation(
                .post, "/v1/deposits", id: "deposit", requires: .none,
                errors: [.unauthenticated, .conflict, .duplicateSecret, .keyTampered],
                bodyLimit: Self.bodyBytes, repeats: .nothing, handle: deposit),
        ]
    }

    /// What somebody should see before they paste a secret, and nothing more.
    private nonisolated(nonsending) func look(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        var fields = try await request.fields(limit: Self.bodyBytes)
        let secret = fields.depositToken()
        try fields.finish()
        let open = try await open(secret, at: context.now)
        let exchange = Exchange.of(open.exchange)
        return Response.object { w in
            w.field("exchange", open.exchange.rawValue)
            w.field("exchange_title", exchange.title)
            w.field("account", open.row.text(KeyColumns.account))
            w.field("label", open.row.text(KeyColumns.label))
            w.field("environment", open.row.text(KeyColumns.environment))
            w.field("kinds", exchange.credentialKinds.map(\.rawValue))
            w.field("passphrase", exchange.hasPassphrase)
            w.field("expires_at", open.link.expiresAt.description)
        }.header(.cacheControl, "no-store")
    }

    private nonisolated(nonsending) func deposit(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        var fields = try await request.fields(limit: Self.bodyBytes)
        let secret = fields.depositToken()
        let draft = CredentialDraft.deposited(&fields)
        try fields.finish()
        guard let secret, let draft else { throw Problem.noDeposit }
        let open = try await open(secret, at: context.now)
        // A mistake ends here, and the link is still good.
        let matter = try await makeMatter(draft, open.exchange)
        do {
            let version = try await take(matter, draft, for: open.link.key, secret, context)
            return Response.object(.created) { w in
                w.field("api_key_hint", version.apiKeyHint)
                w.field("version", version.number)
            }.header(.cacheControl, "no-store")
        } catch let problem as Problem {
            throw problem.forHolder
        }
    }

    /// Unknown, used, lapsed and withdrawn ones look alike, and so does one whose key was revoked, or whose
    /// maker may not bring a secret any more.
    private nonisolated(nonsending) func open(
        _ secret: AccessTokenSecret?, at now: Timestamp
    ) async throws -> (link: DepositLink, row: KeyRow, exchange: ExchangeName) {
        guard let secret, let link = try await DepositStore.find(secret.hash, in: database),
            link.state(at: now) == .open,
            let row = try await KeyStore.find(link.key, in: database),
            row.text(KeyColumns.ownMode) != KeyMode.revoked.rawValue,
            let exchange = ExchangeName(rawValue: row.text(KeyColumns.exchange)),
            try await makerMayStill(link, at: now, in: database)
        else { throw Problem.noDeposit }
        return (link, row, exchange)
    }

    /// What comes by the link is registered in its maker's name: who was disabled, or lost the key, brings
    /// nothing.
    private nonisolated(nonsending) func makerMayStill(
        _ link: DepositLink, at now: Timestamp, in source: any Queryable
    ) async throws -> Bool {
        guard let maker = PrincipalID(link.createdBy),
            let target = try await ScopeTargets.find(link.key, in: source)
        else { return false }
        do {
            return try await RequesterStanding.context(
                Actor(principal: maker, accessToken: nil, address: nil), needing: .keysWrite, at: now,
                in: source
            ).may(.keysWrite, on: target)
        } catch is ApprovalBook.Obstacle {
            return false
        }
    }

    /// The version and the end of the link, in one transaction. The key's row makes them come one by one.
    private nonisolated(nonsending) func take(
        _ matter: CredentialMatter, _ draft: CredentialDraft, for id: ExchangeKeyID,
        _ secret: AccessTokenSecret, _ context: Context
    ) async throws -> KeyVersion {
        try await book.change(context) { change in
            let orders = try await StandingOrders.held(in: change.transaction)
            var key = try await book.locked(id, change)
            guard let link = try await DepositStore.locked(secret.hash, in: change.transaction),
                link.state(at: context.now) == .open, key.ownMode != .revoked,
                try await makerMayStill(link, at: context.now, in: change.transaction)
            else { throw Problem.noDeposit }
            let version = try await book.take(
                matter, draft, into: &key, orders, by: PrincipalID(link.createdBy), change)
            let address = context.actor.address?.description ?? "unix"
            try await DepositStore.spend(
                link.id, on: version.number, from: address, at: context.now, in: change.transaction)
            _ = try await book.finish(key, change)
            let told: KeyValuePairs<String, JSONValue> = [
                "deposit_id": .string(link.id.description),
                "version": .number(JSONNumber(Int64(version.number))), "address": .string(address),
            ]
            change.audit("keys.deposit", id, detail: .object(JSONObject(told)))
            change.emit(key.event(.keyDeposited, told))
            return version
        }
    }
}

extension Fields {
    /// Nil: no token of a link, whatever else it may be.
    fileprivate mutating func depositToken() -> AccessTokenSecret? {
        AccessTokenSecret(.deposit, parsing: string("token", 8...200).utf8)
    }
}

extension Problem {
    fileprivate static var noDeposit: Problem {
        unauthenticated("The link is unknown, was used already, was withdrawn, or has lapsed.")
    }

    /// The same refusal without what the desk only may know.
    fileprivate var forHolder: Problem {
        switch code {
        case .duplicateSecret:
            Problem(
                .duplicateSecret, "This secret is registered already. Make a new one at the exchange.",
                errors: errors)
        case .keyTampered:
            Problem(.keyTampered, "The key takes no secret now. Tell whoever sent you the link.")
        case .conflict:
            Problem(
                .conflict,
                "Another secret waits for this key already. Tell whoever sent you the link: it stays good.")
        default: self
        }
    }
}

extension JSONObject {
    fileprivate init(_ members: KeyValuePairs<String, JSONValue>) {
        self.init()
        for (name, value) in members { _ = append(name, value) }
    }
}
