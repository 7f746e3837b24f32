import Access
import HTTPServer
import JSON
import Kernel
import Postgres

/// Approvals as rows.
enum ApprovalStore {
    private static let columns = """
        a.id, a.action, a.operation, a.state, a.requester, p.kind, a.humans, a.access_token, a.address,
        a.reason, a.needs, a.method, a.path, a.subject, a.key, a.key_readable, a.key_policy, a.digest,
        a.fetched, a.requested_at, a.expires_at, a.delay, a.valid_for, a.approved_at, a.due_at, a.lapses_at,
        a.finished_at, a.ended_by, a.end_reason, a.status, a.session
        """
    private static let source = "approval a join principal p on p.id = a.requester"
    static let find = Statement(
        "approval_find", derived: "select \(columns) from \(source) where a.id = $1")
    static let lock = Statement(
        "approval_lock",
        derived: "select \(columns) from \(source) where a.id = $1 for no key update of a")
    /// - `$1`: the caller, who sees their own and those of their service accounts; by a narrowed token,
    ///   `$5`, only what that asked for.
    /// - `$6`: whether they see those of others, too, where they may see the key or account, `$7`.
    static let list = Statement(
        "approval_list",
        derived: """
            select \(columns) from \(source)
            where ((a.requester = $1 or p.owner = $1) and ($5::uuid is null or a.access_token = $5)
                    or $6 and ($7::jsonb is null or a.key is null and a.account is null
                        or exists (select from exchange_key k
                            where k.id = a.key and \(Sight.condition(7, key)))
                        or exists (select from account c
                            where c.id = a.account and \(Sight.condition(7, account)))))
                and ($2::text is null or a.state = $2) and ($3::text is null or a.action = $3)
                and ($4::uuid is null or a.requester = $4)
            """ + ApprovalSort.newest.tail(id: "a.id", from: 8))
    private static let key = Sight.Columns(
        id: "k.id", exchange: "k.exchange", environment: "k.environment", account: "k.account",
        tags: "k.tags", owner: "k.owner")
    private static let account = Sight.Columns(
        id: "c.id", exchange: "c.exchange", environment: "c.environment", account: "c.name",
        tags: "'{}'::text[]", owner: "null::text")
    static let open = Statement(
        "approval_open_of",
        "select count(*) from approval where requester = $1 and state in ('pending', 'approved', 'running')")
    private static let openOf = Statement(
        "approval_ids_open_of",
        """
        select id from approval where requester = any ($1) and state in ('pending', 'approved')
        order by id
        """)
    private static let insert = Statement(
        "approval_insert",
        """
        insert into approval (id, action, operation, state, requester, humans, access_token, address, reason,
            needs, method, path, subject, key, key_readable, key_policy, request, digest, fetched,
            requested_at, expires_at, delay, valid_for, session, account)
        values ($1, $2, $3, 'pending', $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15::integer, $16,
            $17, $18, $19, $20, $21, $22, $23, $24)
        """)
    private static let step = Statement(
        "approval_step",
        """
        update approval set state = $2, approved_at = $3, due_at = $4, lapses_at = $5, finished_at = $6,
            ended_by = $7, end_reason = $8, status = $9::smallint, result = coalesce($10, result),
            claimed_at = coalesce($11, claimed_at), revision = revision + 1
        where id = $1
        """)
    private static let sealed = Statement(
        "approval_sealed", "select request, result from approval where id = $1")
    private static let isMet = Statement("approval_met", "select approval_is_met($1, $2)")

    static nonisolated(nonsending) func find(
        _ id: ApprovalID, in source: any Queryable
    ) async throws -> Approval {
        try await one(find, id, in: source)
    }

    static nonisolated(nonsending) func lock(
        _ id: ApprovalID, in transaction: Transaction
    ) async throws -> Approval {
        try await one(lock, id, in: transaction)
    }

    private static nonisolated(nonsending) func one(
        _ statement: Statement, _ id: ApprovalID, in source: any Queryable
    ) async throws -> Approval {
        guard let row = try await source.query(statement, .id(id)).first else {
            throw Problem.notFound("approval")
        }
        guard let approval = Approval(row) else {
            throw Problem(.conflict, "The approval cannot be read: it was changed past this service.")
        }
        return approval
    }

    /// What may still be taken back.
    static nonisolated(nonsending) func open(
        of principals: [PrincipalID], in transaction: Transaction
    ) async throws -> [ApprovalID] {
        try await transaction.query(openOf, .uuidArray(principals.map { $0.uuid })).map { $0.id(0) }
    }

    static nonisolated(nonsending) func openCount(
        of principal: PrincipalID, in transaction: Transaction
    ) async throws -> Int {
        try await transaction.query(open, .uuid(principal.uuid)).first?.int(0) ?? 0
    }

    static nonisolated(nonsending) func insert(
        _ approval: Approval, sealed: [UInt8], in transaction: Transaction
    ) async throws {
        let subject = approval.subject
        _ = try await transaction.query(
            insert, .id(approval.id), .text(approval.action.rawValue), .text(approval.operation),
            .uuid(approval.requester.uuid), .idArray(approval.humans), .id(approval.accessToken),
            .text(approval.address?.description), .text(approval.reason),
            .json(JSONValue.array(approval.needs.map(\.stored)).bytes), .text(approval.method),
            .text(approval.path), .text(subject.id), .id(subject.key), .bool(subject.isKeyReadable),
            .int(subject.keyPolicy), .bytes(sealed), .bytes(approval.digest), .bool(approval.isFetched),
            .timestamp(approval.requestedAt), .timestamp(approval.expiresAt),
            .int64(approval.delay.microseconds), .int64(approval.validFor?.microseconds),
            .id(approval.session), .id(subject.account))
    }

    /// - Parameters:
    ///   - claimedAt: set with the step that begins its run.
    ///   - result: sealed.
    static nonisolated(nonsending) func step(
        _ approval: Approval, claimedAt: Timestamp? = nil, result: [UInt8]? = nil,
        in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(
            step, .id(approval.id), .text(approval.state.rawValue), .timestamp(approval.approvedAt),
            .timestamp(approval.dueAt), .timestamp(approval.lapsesAt), .timestamp(approval.finishedAt),
            .text(approval.endedBy), .text(approval.endReason), .int(approval.status), .bytes(result),
            .timestamp(claimedAt))
    }

    static nonisolated(nonsending) func sealed(
        _ id: ApprovalID, in source: any Queryable
    ) async throws -> (request: [UInt8], result: [UInt8]?) {
        guard let row = try await source.query(sealed, .id(id)).first else {
            throw Problem.notFound("approval")
        }
        return (row.bytes(0), row.optionalBytes(1))
    }

    /// Whether all that is needed was given, by people who may give it now.
    static nonisolated(nonsending) func isMet(
        _ id: ApprovalID, at now: Timestamp, in transaction: Transaction
    ) async throws -> Bool {
        try await transaction.query(isMet, .id(id), .timestamp(now)).first?.bool(0) ?? false
    }
}

enum ApprovalSort: String, ListSort {
    case newest = "-requested_at"

    var isText: Bool { false }
    var expression: String { "a.requested_at" }
}

extension Approval {
    /// Nil for what this service never wrote.
    init?(_ row: Row) {
        guard let state = State(rawValue: row.text(3)),
            let kind = PrincipalID.Kind(rawValue: row.text(5)),
            let stored = (try? JSONValue.parse(row.json(10)))?.asArray
        else { return nil }
        let needs = stored.compactMap(Need.init(stored:))
        guard needs.count == stored.count, !needs.isEmpty else { return nil }
        self.init(
            id: row.id(0), action: ApprovalAction(row.text(1)), operation: row.text(2), state: state,
            requester: PrincipalID(kind, row.uuid(4)), humans: row.idArray(6), accessToken: row.optionalID(7),
            session: row.optionalID(30),
            address: row.optionalText(8).flatMap { IPAddress($0) }, reason: row.optionalText(9), needs: needs,
            method: row.text(11), path: row.text(12),
            subject: ApprovalSubject(
                id: row.optionalText(13), key: row.optionalID(14), isKeyReadable: row.optionalBool(15),
                keyPolicy: row.optionalInt(16)), digest: row.bytes(17), isFetched: row.bool(18),
            requestedAt: row.timestamp(19), expiresAt: row.timestamp(20),
            delay: Period(microseconds: row.int64(21)),
            validFor: row.optionalInt64(22).map { Period(microseconds: $0) },
            approvedAt: row.optionalTimestamp(23), dueAt: row.optionalTimestamp(24),
            lapsesAt: row.optionalTimestamp(25), finishedAt: row.optionalTimestamp(26),
            endedBy: row.optionalText(27), endReason: row.optionalText(28), status: row.optionalInt(29))
    }
}
