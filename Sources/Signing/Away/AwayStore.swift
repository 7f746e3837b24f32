import Access
import Audit
import Events
import JSON
import Kernel
import Postgres

/// Uses of a journal as rows, in the transaction that says how far the journal has come.
struct AwayStore {
    /// Their lines of the trail are written later than they happened, so they have a place of their own there
    /// and none here.
    private static let insert = Statement(
        "away_uses_insert",
        """
        insert into usage_event (era, id, at, type, subject, actor, access_token, address, data, action,
            verdict, operation, symbol, outcome, request, http_status, code, microseconds, answered_at,
            told_at, symbols)
        select installation.era, u.id, u.at, 'key.used', u.subject, u.actor, u.access_token, u.address,
            u.data::json, 'keys.proxy', 'allowed', u.operation, u.symbol, u.outcome, u.request,
            u.status::smallint, u.code, u.microseconds, u.answered_at,
            case when u.outcome = 'unknown' then $15::timestamptz end, u.symbols::text[]
        from installation, unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::text[],
            $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::bigint[],
            $13::text[], $14::bigint[], $16::timestamptz[], $17::text[])
            as u (id, at, subject, actor, access_token, address, data, operation, symbol, outcome, request,
                status, code, microseconds, answered_at, symbols)
        """)
    /// Nonces only rise; what another window was charged meanwhile stays.
    private static let charge = Statement(
        "away_counters_charge",
        """
        insert into limit_counter as c (owner, clause, window_start, used)
        select owner, clause, window_start, used
        from unnest($1::text[], $2::integer[], $3::timestamptz[], $4::bigint[])
            as d (owner, clause, window_start, used)
        order by owner, clause
        on conflict (owner, clause) do update set
            used = case
                when c.clause = 0 then greatest(c.used, excluded.used)
                when c.window_start = excluded.window_start
                    then least(c.used::numeric + excluded.used, 9223372036854775807)::bigint
                when c.window_start < excluded.window_start then excluded.used
                else c.used end,
            window_start = greatest(c.window_start, excluded.window_start)
        """)

    let change: Change
    let ledger: Ledger
    let journal: AwayJournalID

    nonisolated(nonsending) func write(
        _ uses: [AwayUse], _ outcomes: [UsageID: AwayOutcome]
    ) async throws {
        guard !uses.isEmpty else { return }
        let found = uses.map { outcomes[$0.id] }
        try await charge(uses, givenBack: found.flatMap { $0?.refunds ?? [] })
        try await insert(uses, found)
        for (use, outcome) in zip(uses, found) {
            change.add(use.item(in: journal))
            // Also what nobody heard of: the node may have died before it left, or behind it.
            guard outcome?.outcome ?? .unknown == .unknown else { continue }
            change.emit(NewEvent(.keyUseUnknown, subject: use.subject, data: use.data))
        }
        for effect in try await ledger.react(to: uses.map(\.event), in: change.transaction) {
            change.afterCommit(effect)
        }
    }

    private nonisolated(nonsending) func insert(_ uses: [AwayUse], _ outcomes: [AwayOutcome?]) async throws {
        try await change.transaction.query(
            Self.insert,
            parameters: [
                .idArray(uses.map(\.id)), .timestampArray(uses.map(\.at)), .textArray(uses.map(\.subject)),
                .optionalTextArray(uses.map { $0.actor.principal?.description }),
                .optionalTextArray(uses.map { $0.actor.accessToken?.description }),
                .optionalTextArray(uses.map { $0.actor.address?.description }),
                .textArray(uses.map { String(decoding: JSONValue.object($0.data).bytes, as: UTF8.self) }),
                .textArray(uses.map(\.operation)), .optionalTextArray(uses.map(\.symbol)),
                .textArray(outcomes.map { ($0?.outcome ?? .unknown).rawValue }),
                .optionalTextArray(uses.map(\.request)),
                .optionalInt64Array(outcomes.map { $0?.status.map { Int64($0) } }),
                .optionalTextArray(outcomes.map { $0?.code }),
                .optionalInt64Array(outcomes.map { $0?.microseconds }), .timestamp(change.context.now),
                .optionalTimestampArray(outcomes.map { $0?.at }),
                .optionalTextArray(uses.map(\.symbols)),
            ])
    }

    private nonisolated(nonsending) func charge(
        _ uses: [AwayUse], givenBack refunds: [AwayTally.Charge]
    ) async throws {
        let rows = Self.rows(uses, givenBack: refunds)
        guard !rows.isEmpty else { return }
        let keys = rows.keys.sorted()
        let values = keys.compactMap { rows[$0] }
        try await change.transaction.query(
            Self.charge, .textArray(keys.map(\.owner)), .int32Array(keys.map { Int32($0.clause) }),
            .timestampArray(values.map(\.windowStart)), .int64Array(values.map(\.used)))
    }

    /// The highest nonce of each key, and of each limit what its newest window was charged.
    static func rows(
        _ uses: [AwayUse], givenBack refunds: [AwayTally.Charge] = []
    ) -> [CounterKey: LimitCounters.Row] {
        var rows: [CounterKey: LimitCounters.Row] = [:]
        for use in uses {
            if let nonce = use.nonce, let key = ExchangeKeyID(use.subject) {
                let row = LimitCounters.Row(
                    windowStart: Timestamp(microseconds: 0), used: Int64(clamping: nonce))
                let known = rows[.nonce(of: key)] ?? row
                rows[.nonce(of: key)] = known.used < row.used ? row : known
            }
            for charge in use.charges { add(charge, to: &rows) }
        }
        for refund in refunds where rows[refund.counter]?.windowStart == refund.window {
            rows[refund.counter]?.used -= refund.amount
        }
        return rows.mapValues { LimitCounters.Row(windowStart: $0.windowStart, used: max($0.used, 0)) }
    }

    private static func add(_ charge: AwayTally.Charge, to rows: inout [CounterKey: LimitCounters.Row]) {
        let row = LimitCounters.Row(windowStart: charge.window, used: charge.amount)
        guard let known = rows[charge.counter], known.windowStart >= charge.window else {
            rows[charge.counter] = row
            return
        }
        guard known.windowStart == charge.window else { return }
        let (sum, overflows) = known.used.addingReportingOverflow(charge.amount)
        rows[charge.counter] = LimitCounters.Row(
            windowStart: charge.window, used: overflows ? .max : sum)
    }
}
