import Access
import Crypto
package import Events
import Exchanges
import HTTPServer
import JSON
import Kernel
package import Keys
import Postgres

/// Publishes policies, and keeps drafts.
package struct PolicyBook {
    let ledger: Ledger
    let keys: KeyBook

    package init(ledger: Ledger, keys: KeyBook) { (self.ledger, self.keys) = (ledger, keys) }

    /// Makes a document the one that counts, for every use begun after this returns.
    /// - Parameter expected: the version that it takes the place of; 0 for none.
    nonisolated(nonsending) func publish(
        _ policy: Policy, at place: PolicyPlace, note: String?, context: Context,
        expecting check: (Int) throws -> Void
    ) async throws -> PolicyVersion {
        try await keys.changing(context) { change in
            try await publish(policy, at: place, note: note, change, check)
        }
    }

    /// The same of the draft, as long as it is the very one that was meant: whoever asked for it, approved it
    /// or proved that they are there looked at that one.
    nonisolated(nonsending) func publish(
        draft digest: [UInt8], at place: PolicyPlace, note: String?, context: Context,
        expecting check: (Int) throws -> Void
    ) async throws -> PolicyVersion {
        try await keys.changing(context) { change in
            guard let draft = try await heldDraft(at: place, change) else { throw Problem.notFound("draft") }
            guard draft.digest == digest else {
                throw Problem(.preconditionFailed, "The draft is another by now: look at it again.")
            }
            let policy = try Policy(Fields(Array(draft.document.utf8)), of: place.kind)
            return try await publish(policy, at: place, note: note, change, check)
        }
    }

    private nonisolated(nonsending) func publish(
        _ policy: Policy, at place: PolicyPlace, note: String?, _ change: Change,
        _ check: (Int) throws -> Void
    ) async throws -> PolicyVersion {
        let document = String(decoding: policy.canonicalBytes, as: UTF8.self)
        let digest = PolicyStore.digest(of: document)
        var version = 0
        switch place {
        case .key(let id):
            try await keys.mark(id, in: change) { key in
                // It may have been moved out of sight meanwhile.
                try change.context.require(.policiesWrite, on: key.target)
                try check(key.policy?.version ?? 0)
                version = (key.policy?.version ?? 0) + 1
                return PolicyMark(version: version, digest: digest)
            }
        case .account, .desk:
            version = try await markHead(place, digest, change, check)
        }
        let old = try await policyInForce(place, version - 1, change.transaction)
        try await moveCounters(of: place, from: old, to: policy, change)
        return try await write(document, policy.diff(from: old).count, place, version, note, change)
    }

    private nonisolated(nonsending) func write(
        _ document: String, _ changes: Int, _ place: PolicyPlace, _ version: Int, _ note: String?,
        _ change: Change
    ) async throws -> PolicyVersion {
        let context = change.context
        let rows = try await change.transaction.query(
            Self.insert, .text(place.owner), .int32(Int32(version)), .text(document), .text(note),
            .timestamp(context.now), .text(context.actor.principal?.description ?? ""))
        guard let row = rows.first else { throw PostgresError.unavailable }
        _ = try await change.transaction.query(Self.clearDraft, .text(place.owner))
        change.audit(
            "policies.publish", place.owner,
            detail: [
                "version": .number(JSONNumber(Int64(version))), "note": note.map { .string($0) } ?? .null,
                "digest": .string(Hex.encode(PolicyStore.digest(of: document))),
            ])
        change.emit(
            NewEvent(
                .policyChanged, subject: place.owner,
                [
                    "owner": .string(place.owner), "version": .number(JSONNumber(Int64(version))),
                    "note": note.map { .string($0) } ?? .null,
                    "changes": .number(JSONNumber(Int64(changes))),
                ]))
        change.touch(.uses)
        return PolicyVersion(row)
    }

    private static let insert = Statement(
        "policy_insert",
        """
        insert into policy (owner, version, document, note, published_at, published_by)
        values ($1, $2, $3, $4, $5, $6)
        returning owner, version, document, note, published_at, published_by
        """)
}

// MARK: Accounts and the desk

extension PolicyBook {
    private static let account = Statement(
        "policy_account",
        "select exchange, environment, name from account where id = $1 for key share")
    private static let newest = Statement(
        "policy_newest", "select coalesce(max(version), 0)::bigint from policy where owner = $1")

    private nonisolated(nonsending) func markHead(
        _ place: PolicyPlace, _ digest: [UInt8], _ change: Change, _ check: (Int) throws -> Void
    ) async throws -> Int {
        let account = try await account(at: place, change.transaction)
        var register = try await heldRegister(for: place, change.transaction)
        let before = register[place.owner]?.mark.version ?? 0
        try check(before)
        // Of a register that was begun anew, versions go on where they were.
        let newest = try await change.transaction.query(Self.newest, .text(place.owner)).first?.int(0) ?? 0
        let mark = PolicyMark(version: max(before, newest) + 1, digest: digest)
        register.set(PolicyRegister.Entry(owner: place.owner, account: account, mark: mark))
        try await register.write(keys.lastingTag(of: register.bytes), in: change.transaction)
        return mark.version
    }

    private nonisolated(nonsending) func account(
        at place: PolicyPlace, _ transaction: Transaction
    ) async throws -> PolicyRegister.Account? {
        guard case .account(let id) = place else { return nil }
        guard let row = try await transaction.query(Self.account, .id(id)).first else {
            throw Problem.notFound("account")
        }
        return PolicyRegister.Account(exchange: row.text(0), environment: row.text(1), name: row.text(2))
    }

    /// As nobody else can change it before the commit. One that was changed past the service is begun anew
    /// by whoever publishes the desk's policy.
    private nonisolated(nonsending) func heldRegister(
        for place: PolicyPlace, _ transaction: Transaction
    ) async throws -> PolicyRegister {
        let row = try await transaction.query(PolicyRegister.lock).first
        if let row, let register = try PolicyRegister(row.text(1), under: row.bytes(0), by: keys) {
            return register
        }
        guard place == .desk else { throw Self.tampered }
        return PolicyRegister()
    }
}

// MARK: Counters

extension PolicyBook {
    /// Whose: null is everybody's, of the desk's policy, which has numbers of its own. Numbers of what is
    /// being moved are negative meanwhile.
    private static let lift = Statement(
        "limit_counters_lift",
        """
        update limit_counter c set clause = -d.target
        from unnest($1::integer[], $2::integer[]) as d (source, target)
        where c.clause = d.source and ($3::text[] is null or c.owner = any ($3))
        """)
    private static let clear = Statement(
        "limit_counters_clear",
        """
        delete from limit_counter
        where (clause = any ($1::integer[]) or clause >= $3 and window_start < $4)
            and ($2::text[] is null or owner = any ($2))
        """)
    private static let settle = Statement(
        "limit_counters_settle",
        """
        update limit_counter set clause = -clause
        where clause < 0 and ($1::text[] is null or owner = any ($1))
        """)
    /// No window is longer than half of it.
    private static let keptAside: Period = .days(62)

    /// A limit that counts what it counted goes on; one that counts something else begins at nothing. Under
    /// the authority lock: no batch holds a counter then.
    private nonisolated(nonsending) func moveCounters(
        of place: PolicyPlace, from old: Policy?, to new: Policy, _ change: Change
    ) async throws {
        let moves = new.counterMoves(from: old, of: place.kind)
        let fresh = new.counterNumbers(startingAnewFrom: old, of: place.kind)
        guard !moves.isEmpty || !fresh.isEmpty else { return }
        var owners: [String]? = [place.owner]
        if place == .desk { owners = nil }
        if case .account(let id) = place { owners = try await owned(by: id, change.transaction) }
        let counted = Parameter.textArray(owners)
        let over = Parameter.timestamp(change.context.now - Self.keptAside)
        change.underAuthority { transaction in
            try await transaction.query(
                Self.lift, .int32Array(moves.map(\.source)), .int32Array(moves.map(\.target)), counted)
            try await transaction.query(
                Self.clear, .int32Array(moves.map(\.target) + fresh), counted,
                .int32(CounterMove.firstAside), over)
            _ = try await transaction.query(Self.settle, counted)
        }
    }

    private static let keysOfAccount = Statement(
        "policy_account_keys",
        """
        select k.id from account a join exchange_key k on k.exchange = a.exchange
            and k.environment = a.environment and k.account = a.name
        where a.id = $1
        """)

    private nonisolated(nonsending) func owned(
        by account: AccountID, _ transaction: Transaction
    ) async throws -> [String] {
        let rows = try await transaction.query(Self.keysOfAccount, .id(account))
        return [account.description]
            + rows.map { row in
                let id: ExchangeKeyID = row.id(0)
                return id.description
            }
    }
}
