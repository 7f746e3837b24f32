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
                standing: { actor, permission, source in
                    try await RequesterStanding.context(
                        actor, needing: permission, at: shared.clock.now(), in: source)
                },
                keyring: { try shared.seal.opened().keyring }))
        executor = ApprovalExecutor(
            book: book, log: shared.log,
            problem: { error, id in Problem.from(error, log: shared.log, requestID: id) })
        self.book = book
        jobs = ApprovalJobs(book: book, executor: executor).jobs
        operations =
            ApprovalRuleEndpoints(book: book).operations
            + ApprovalEndpoints(book: book, executor: executor).operations
            + SoloModeEndpoints(ledger: ledger).operations
    }

    /// For requests to exchanges, which are understood only when they are looked at.
    var ofUses: UseApprovals {
        UseApprovals { [book] request, context, operation in
            let action = ApprovalAction(operation.rawValue)
            guard ApprovalAction.atExchange.contains(action),
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
    func bind(_ operations: [Operation]) {
        book.bind(operations)
        executor.bind(operations)
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
