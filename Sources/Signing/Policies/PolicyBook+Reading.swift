import Access
import Events
import Exchanges
import HTTPServer
import JSON
import Kernel
import Keys
import Postgres

extension PolicyBook {
    static let one = Statement(
        "policy_one",
        derived: ["select", PolicyVersion.columns, "from policy where owner = $1 and version = $2"].joined(
            separator: " "))
    static let page = Statement(
        "policy_page",
        derived: [
            "select", PolicyVersion.columns,
            """
            from policy where owner = $1 and ($2::integer is null or version < $2)
            order by version desc limit $3
            """,
        ].joined(separator: " "))
    static let tampered = Problem(
        .keyTampered,
        "The register of policies was changed past this service, and every use is refused. "
            + "To begin a new one, publish the desk's policy with If-Match: *, then those of accounts.")

    /// 0: none was ever published. Throws when there is no such key or account.
    nonisolated(nonsending) func version(at place: PolicyPlace) async throws -> Int {
        switch place {
        case .key(let id):
            do {
                guard let key = try await keys.seen(id, in: ledger.database) else {
                    throw Problem.notFound("key")
                }
                return key.policy?.version ?? 0
            }
        case .account(let id):
            guard try await !ledger.database.query(Self.account, .id(id)).isEmpty else {
                throw Problem.notFound("account")
            }
        case .desk: break
        }
        let row = try await ledger.database.query(PolicyRegister.read).first
        guard let row, let register = try PolicyRegister(row.text(1), under: row.bytes(0), by: keys) else {
            throw Self.tampered
        }
        return register[place.owner]?.mark.version ?? 0
    }

    private static let account = Statement("policy_account_seen", "select name from account where id = $1")

    nonisolated(nonsending) func version(
        _ version: Int, at place: PolicyPlace
    ) async throws -> PolicyVersion? {
        try await ledger.database.query(Self.one, .text(place.owner), .int32(Int32(version))).first.map {
            PolicyVersion($0)
        }
    }

    nonisolated(nonsending) func page(
        of place: PolicyPlace, below: Int?, limit: Int
    ) async throws -> [PolicyVersion] {
        try await ledger.database.query(
            Self.page, .text(place.owner), .int32(below.map { Int32($0) }), .int(limit)
        ).map { PolicyVersion($0) }
    }

    nonisolated(nonsending) func policyInForce(
        _ place: PolicyPlace, _ version: Int, _ transaction: Transaction
    ) async throws -> Policy? {
        guard version > 0 else { return nil }
        return try await transaction.query(Self.one, .text(place.owner), .int32(Int32(version))).first
            .flatMap { try? Policy(Fields(PolicyVersion($0).document), of: place.kind) }
    }
}

// MARK: Hosts

extension PolicyBook {
    private static let exchange = Statement(
        "policy_exchange",
        """
        select exchange from exchange_key where id = $1 union all select exchange from account where id = $1
        """)

    /// A policy that names another exchange's hosts would allow nothing, and say so to nobody. The desk's is
    /// for all exchanges.
    nonisolated(nonsending) func checkHosts(of policy: Policy, at place: PolicyPlace) async throws {
        let id: Parameter
        switch place {
        case .key(let key): id = .id(key)
        case .account(let account): id = .id(account)
        case .desk: return
        }
        guard let hosts = policy.hosts, let row = try await ledger.database.query(Self.exchange, id).first,
            let exchange = ExchangeName(rawValue: row.text(0)).map(Exchange.of)
        else { return }
        var errors = FieldErrors()
        for (place, host) in hosts.enumerated() where !exchange.aliases.contains(host) {
            errors.append(
                FieldError(
                    pointer: "/hosts/\(place)", code: FieldCode.notAChoice,
                    message: "\(exchange.title) has \(exchange.aliases.joined(separator: ", "))"))
        }
        if !errors.isEmpty { throw errors }
    }
}

// MARK: Drafts

extension PolicyBook {
    static let draft = Statement(
        "policy_draft",
        derived: [
            "select", PolicyDraft.columns,
            "from policy_draft where owner = $1 and document is not null",
        ].joined(separator: " "))
    private static let putDraft = Statement(
        "policy_draft_put",
        """
        insert into policy_draft (owner, document, revision, updated_at, updated_by)
        values ($1, $2, 1, $3, $4)
        on conflict (owner) do update set document = excluded.document,
            revision = policy_draft.revision + 1, updated_at = excluded.updated_at,
            updated_by = excluded.updated_by
        returning owner, document, revision, updated_at, updated_by
        """)
    /// Its revision stays: the next draft of the place goes on from there, and no ETag of this one fits it.
    static let clearDraft = Statement(
        "policy_draft_clear", "update policy_draft set document = null where owner = $1")
    /// Whoever makes the first draft of a place waits for whoever makes it, too.
    private static let place = Statement(
        "policy_draft_place", "select pg_advisory_xact_lock(hashtextextended('policy_draft ' || $1, 0))")

    nonisolated(nonsending) func draft(at place: PolicyPlace) async throws -> PolicyDraft? {
        try await ledger.database.query(Self.draft, .text(place.owner)).first.map { PolicyDraft($0) }
    }

    /// - Parameter check: of the revision that it has; 0 is none.
    nonisolated(nonsending) func putDraft(
        _ policy: Policy, at place: PolicyPlace, _ context: Context, _ check: (Int64) throws -> Void
    ) async throws -> PolicyDraft {
        try await ledger.change(context) { change in
            try check(try await heldDraft(at: place, change)?.revision ?? 0)
            let rows = try await change.transaction.query(
                Self.putDraft, .text(place.owner),
                .text(String(decoding: policy.canonicalBytes, as: UTF8.self)), .timestamp(context.now),
                .text(context.actor.principal?.description ?? ""))
            guard let row = rows.first else { throw PostgresError.unavailable }
            change.audit("policies.draft", place.owner)
            return PolicyDraft(row)
        }
    }

    nonisolated(nonsending) func dropDraft(
        at place: PolicyPlace, _ context: Context, _ check: (Int64) throws -> Void
    ) async throws {
        try await ledger.change(context) { change in
            guard let draft = try await heldDraft(at: place, change) else { throw Problem.notFound("draft") }
            try check(draft.revision)
            _ = try await change.transaction.query(Self.clearDraft, .text(place.owner))
            change.audit("policies.draft.delete", place.owner)
        }
    }

    /// As nobody else changes it before the commit.
    nonisolated(nonsending) func heldDraft(
        at place: PolicyPlace, _ change: Change
    ) async throws -> PolicyDraft? {
        _ = try await change.transaction.query(Self.place, .text(place.owner))
        return try await change.transaction.query(Self.draft, .text(place.owner)).first.map {
            PolicyDraft($0)
        }
    }
}
