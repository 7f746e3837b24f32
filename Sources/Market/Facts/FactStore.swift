import Access
import Events
import JSON
import Kernel
import Postgres
import Signals

/// Facts as rows, in revisions.
enum FactStore {
    /// Facts of one token, of all names and sources, that have not expired.
    static let mostOfToken = 100

    /// What differs from what is said already is the next revision, and what was is kept. One that does not
    /// say when it was observed, and says nothing else that is new, is the same again. What replaces another
    /// is known behind it, whatever the clocks say.
    private static let write = Statement(
        "fact_write",
        """
        with input as materialized (
            select i.*, f.revision as old
            from unnest($1::uuid[], $2::text[], $3::text[], $4::float8[], $5::timestamptz[],
                $6::timestamptz[], $9::boolean[]) with ordinality
                as i (token_id, name, source, value, observed_at, expires_at, is_dated, place)
            left join fact f using (token_id, name, source)
            where f.token_id is null
                or (f.value, f.expires_at) is distinct from (i.value, i.expires_at)
                or (i.is_dated and f.observed_at <> i.observed_at)
        ), kept as (
            insert into fact_revision (token_id, name, source, value, observed_at, expires_at, supplied_by,
                revision, known_at, ended_at)
            select f.token_id, f.name, f.source, f.value, f.observed_at, f.expires_at, f.supplied_by,
                f.revision, f.known_at, greatest($8, f.known_at + interval '1 microsecond')
            from fact f join input i using (token_id, name, source)
        ), written as (
            insert into fact as f (token_id, name, source, value, observed_at, expires_at, supplied_by,
                revision, known_at)
            select token_id, name, source, value, observed_at, expires_at, $7, 1, $8 from input
            on conflict on constraint fact_key do update set value = excluded.value,
                observed_at = excluded.observed_at, expires_at = excluded.expires_at,
                supplied_by = excluded.supplied_by, revision = f.revision + 1,
                known_at = greatest(excluded.known_at, f.known_at + interval '1 microsecond')
        )
        select place::int4, old is null from input
        """)
    private static let lock = Statement(
        "fact_tokens_lock", "select id from token where id = any ($1::uuid[]) order by id for no key update")
    private static let names = Statement(
        "fact_names",
        "select token_id, name, source from fact where token_id = any ($1::uuid[]) and expires_at > $2")
    static let list = Statement(
        "fact_list",
        derived: """
            select f.token_id, t.symbol, f.name, f.source, f.value, f.observed_at, f.expires_at,
                f.supplied_by, f.revision, f.known_at
            from facts_known($1) f \(KnownTicker.join("f.token_id", at: "$1"))
            where ($2::uuid is null or f.token_id = $2) and ($3::text is null or f.name = $3)
                and ($4::text is null or f.source = $4) and ($5 or f.expires_at > $6)
                and ($7::uuid is null or (f.token_id, f.name, f.source) > ($7, $8, $9))
            order by f.token_id, f.name, f.source limit $10
            """)

    nonisolated(nonsending) static func write(
        _ rows: [SuppliedRow], in change: Change
    ) async throws -> [SuppliedUpload.Verdict] {
        let transaction = change.transaction
        let tokens = try await SuppliedTokens.find(rows.map(\.token), in: transaction)
        let ids = Set(tokens.compactMap { $0?.token })
        // Two writers of a token's facts wait for each other here.
        try await transaction.query(lock, .idArray(ids.sorted()))
        var held: [TokenID: Set<[String]>] = [:]
        for row in try await transaction.query(
            names, .idArray(ids.sorted()), .timestamp(change.context.now))
        {
            held[row.id(0), default: []].insert([row.text(1), row.text(2)])
        }
        var verdicts = SuppliedTokens.verdicts(rows, tokens)
        for (index, entry) in tokens.enumerated() where verdicts[index] == .unchanged {
            guard let entry else { continue }
            let name = [rows[index].name, rows[index].source]
            if held[entry.token]?.contains(name) == true { continue }
            if held[entry.token, default: []].count >= mostOfToken {
                verdicts[index] = .refused(
                    code: "too_many", message: "the token has \(mostOfToken) facts already")
            } else {
                held[entry.token, default: []].insert(name)
            }
        }
        let taken = rows.indices.filter { verdicts[$0] == .unchanged }
        guard !taken.isEmpty else { return verdicts }
        let written = try await transaction.query(
            write, .uuidArray(taken.compactMap { tokens[$0]?.token.uuid }),
            .textArray(taken.map { rows[$0].name }), .textArray(taken.map { rows[$0].source }),
            .doubleArray(taken.map { rows[$0].value }), .timestampArray(taken.map { rows[$0].time }),
            .timestampArray(taken.map { rows[$0].expiresAt ?? rows[$0].time }),
            .text(change.context.actor.principal?.description ?? "installation"),
            .timestamp(change.context.now), .boolArray(taken.map { rows[$0].isDated }))
        for row in written { verdicts[taken[row.int(0) - 1]] = row.bool(1) ? .inserted : .revised }
        return verdicts
    }

    struct Filter {
        var token: TokenID?
        var name: String?
        var source: String?
        /// Expired ones, too.
        var showsExpired = false
        var asOf: Timestamp?
    }

    nonisolated(nonsending) static func list(
        _ filter: Filter, at now: Timestamp, after: [String]?, limit: Int, in source: any Queryable
    ) async throws -> [StoredFact] {
        let moment = filter.asOf ?? now
        return try await source.query(
            list, .timestamp(filter.asOf ?? .farFuture), .id(filter.token), .text(filter.name),
            .text(filter.source), .bool(filter.showsExpired), .timestamp(moment),
            .id(after.flatMap { TokenID($0[0]) }), .text(after?[1]), .text(after?[2]), .int(limit)
        ).map { row in
            StoredFact(
                entry: .init(token: row.id(0), symbol: row.text(1)), name: row.text(2), source: row.text(3),
                value: row.double(4), observedAt: row.timestamp(5), expiresAt: row.timestamp(6),
                suppliedBy: row.text(7), revision: row.int(8), knownAt: row.timestamp(9))
        }
    }
}

struct StoredFact: Sendable {
    let entry: Watchlist.Entry
    let name: String
    let source: String
    let value: Double
    let observedAt: Timestamp
    let expiresAt: Timestamp
    let suppliedBy: String
    let revision: Int
    let knownAt: Timestamp

    func write(at moment: Timestamp, to w: inout JSONWriter) {
        w.object { w in
            w.field("token_id", entry.token.description)
            w.field("symbol", entry.symbol)
            w.field("name", name)
            w.field("source", source)
            w.field("value", value)
            w.field("observed_at", observedAt.description)
            w.field("expires_at", expiresAt.description)
            w.field("counts", expiresAt > moment)
            w.field("supplied_by", suppliedBy)
            w.field("revision", revision)
            w.field("known_at", knownAt.description)
        }
    }
}
