import Access
import Crypto
import Events
import Exchanges
import HTTPServer
import Identity
import Jobs
import Kernel
import Postgres
import Signing

/// Approvals on one worker: who asks, who decides, and what carries it out.
struct ApprovalRooms {
    let operations: [Operation]
    let jobs: [Job]
    let book: ApprovalBook
    private let executor: ApprovalExecutor

    init(_ shared: NodeShared, ledger: Ledger) {
        let book = ApprovalBook(
            ledger: ledger,
            ApprovalBook.Surroundings(
                key: { id, source in try await ApprovalSubject.read(id, in: source) },
                account: { id, source in try await ApprovalSubject.read(id, in: source) },
                standing: { actor, source in
                    try await RequesterStanding.context(actor, at: shared.clock.now(), in: source)
                },
                keyring: { try shared.seal.opened().keyring }))
        executor = ApprovalExecutor(
            book: book, log: shared.log,
            problem: { error, id in Problem.from(error, log: shared.log, requestID: id) })
        self.book = book
        jobs = ApprovalJobs(book: book, executor: executor).jobs
        operations =
            ApprovalRuleEndpoints(ledger: ledger).operations
            + ApprovalEndpoints(book: book, executor: executor).operations
            + SoloModeEndpoints(ledger: ledger).operations
    }

    /// For requests to exchanges, which are understood only when they are looked at.
    var ofUses: UseApprovals {
        UseApprovals { [book] request, context, operation in
            guard let action = ApprovalAction(rawValue: operation.rawValue),
                let caught = try await book.caught(
                    action, request.pathParameters, needing: .keysProxy, context)
            else { return nil }
            let method = request.head.method.name
            return try await book.answer(
                request, action, by: "proxy\(method.prefix(1))\(method.dropFirst().lowercased())", caught,
                context)
        }
    }

    /// All operations of the service, once they are there.
    func bind(_ operations: [Operation]) { executor.bind(operations) }
}

/// In whose name something is carried out that was asked for a while ago.
enum RequesterStanding {
    private static let principal = Statement(
        "requester_principal", "select granted(id) from principal where id = $1 and status = 'active'")
    private static let token = Statement(
        "requester_token",
        """
        select revoked_at is null and (expires_at is null or expires_at > $2), scopes from access_token
        where id = $1
        """)

    /// Nil: they, or the access token that they asked with, may do nothing any more.
    static nonisolated(nonsending) func context(
        _ actor: Actor, at now: Timestamp, in source: any Queryable
    ) async throws -> Context? {
        guard let row = try await source.query(principal, .uuid(actor.principal?.uuid)).first else {
            return nil
        }
        var scopes: [Permission]?
        if let id = actor.accessToken {
            guard let row = try await source.query(token, .id(id), .timestamp(now)).first, row.bool(0) else {
                return nil
            }
            scopes = row.isNull(1) ? nil : row.textArray(1).compactMap(Permission.init)
        }
        let rights = Rights(try GrantedRole.list(row.json(0)), scopes: scopes, at: now)
        return Context(actor: actor, rights: rights, now: now, requestID: "")
    }
}

extension ApprovalSubject {
    private static let key = Statement(
        "approval_subject_key",
        """
        select exchange, environment, account, tags, owner, readable, coalesce(policy_version, 0)
        from exchange_key where id = $1
        """)
    private static let account = Statement(
        "approval_subject_account", "select exchange, environment, name from account where id = $1")

    fileprivate static nonisolated(nonsending) func read(
        _ id: ExchangeKeyID, in source: any Queryable
    ) async throws -> ApprovalSubject? {
        guard let row = try await source.query(key, .id(id)).first,
            let exchange = ExchangeName(rawValue: row.text(0)),
            let environment = Environment(rawValue: row.text(1))
        else { return nil }
        return ApprovalSubject(
            id: id.description, key: id, isKeyReadable: row.bool(5), keyPolicy: row.int(6),
            target: Target(
                .key(id), exchange: exchange, environment: environment, account: row.text(2),
                tags: row.textArray(3), owner: PrincipalID(row.text(4))))
    }

    fileprivate static nonisolated(nonsending) func read(
        _ id: AccountID, in source: any Queryable
    ) async throws -> ApprovalSubject? {
        guard let row = try await source.query(account, .id(id)).first,
            let exchange = ExchangeName(rawValue: row.text(0)),
            let environment = Environment(rawValue: row.text(1))
        else { return nil }
        return ApprovalSubject(
            id: id.description,
            target: Target(
                .account(id), exchange: exchange, environment: environment, account: row.text(2)))
    }
}
