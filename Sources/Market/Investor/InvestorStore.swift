import Access
import Kernel
import Postgres
import Signals

/// Investor Grades as rows, in revisions.
enum InvestorStore {
    /// One that is equal to what is stored is left alone. What replaces another is known behind it, whatever
    /// the clocks say.
    private static let write = Statement(
        "investor_write",
        """
        with input as materialized (
            select i.*, g.revision as old, b.previous
            from unnest($1::uuid[], $2::timestamptz[], $3::float8[], $4::float8[], $5::float8[], $6::float8[],
                $7::float8[], $8::float8[], $9::float8[], $10::float8[], $11::float8[], $12::float8[],
                $13::float8[], $14::int4[], $15::int4[], $20::timestamptz[], $21::int8[])
                as i (token_id, time, value, data_quality, momentum,
                momentum_score, sortino, risk_score, drawdown, drawdown_score, volume, liquidity_score,
                fundamentals, facts, candles, first_time, missing_last_100)
            left join investor_grade g on g.token_id = i.token_id and g.source = $16 and g.time = i.time
            left join lateral (
                select p.value as previous from investor_grade p
                where p.token_id = i.token_id and p.source = $16 and p.time < i.time
                order by p.time desc limit 1
            ) b on true
            where g.token_id is null
                or (g.value, g.previous, g.momentum, g.sortino, g.drawdown, g.volume, g.fundamentals, g.model,
                    g.missing_last_100) is distinct from
                    (i.value, b.previous, i.momentum, i.sortino, i.drawdown, i.volume, i.fundamentals, $17,
                    case when g.missing_last_100 is not null then i.missing_last_100 end)
        ), kept as (
            insert into investor_grade_revision (token_id, source, time, known_at, value, previous,
                data_quality, momentum, momentum_score, sortino, risk_score, drawdown, drawdown_score, volume,
                liquidity_score, fundamentals, facts, candles, model, revision, retroactive, first_time,
                missing_last_100, ended_at)
            select g.*, greatest($18::timestamptz, g.known_at + interval '1 microsecond')
            from investor_grade g join input i
                on g.token_id = i.token_id and g.source = $16 and g.time = i.time
        ), written as (
            insert into investor_grade as g (token_id, source, time, known_at, value, previous, data_quality,
                momentum, momentum_score, sortino, risk_score, drawdown, drawdown_score, volume,
                liquidity_score, fundamentals, facts, candles, model, revision, retroactive, first_time,
                missing_last_100)
            select token_id, $16, time, $18, value, previous, data_quality, momentum, momentum_score, sortino,
                risk_score, drawdown, drawdown_score, volume, liquidity_score, fundamentals, facts, candles,
                $17, coalesce(old, 0) + 1, old is not null or not $19, first_time, missing_last_100
            from input
            on conflict on constraint investor_grade_key do update
            set known_at = greatest(excluded.known_at, g.known_at + interval '1 microsecond'),
                value = excluded.value, previous = excluded.previous, data_quality = excluded.data_quality,
                momentum = excluded.momentum, momentum_score = excluded.momentum_score,
                sortino = excluded.sortino, risk_score = excluded.risk_score, drawdown = excluded.drawdown,
                drawdown_score = excluded.drawdown_score, volume = excluded.volume,
                liquidity_score = excluded.liquidity_score, fundamentals = excluded.fundamentals,
                facts = excluded.facts, candles = excluded.candles, model = excluded.model,
                revision = excluded.revision, retroactive = true, first_time = excluded.first_time,
                missing_last_100 = excluded.missing_last_100
            returning g.token_id, g.time, g.value, g.previous, g.data_quality, g.revision, g.retroactive
        )
        select w.token_id, t.symbol, w.time, w.value, w.previous, w.data_quality, w.revision,
            w.retroactive
        from written w join ticker t using (token_id)
        order by w.token_id
        """)

    /// Those that were new or others than before.
    /// - Parameter isNews: they are of the newest day, and that is not long ago.
    nonisolated(nonsending) static func write(
        _ graded: [(inputs: InvestorInputs, grade: InvestorGrade)], source: String, model: Int,
        isNews: Bool, now: Timestamp, in transaction: Transaction
    ) async throws -> [InvestorMove] {
        let rows = graded.compactMap { item in item.grade.value.map { (item.inputs, item.grade, $0) } }
        guard !rows.isEmpty else { return [] }
        func inputs(_ component: InvestorGrade.Component) -> Parameter {
            .optionalDoubleArray(rows.map { $0.1.parts[component]?.input })
        }
        func scores(_ component: InvestorGrade.Component) -> Parameter {
            .optionalDoubleArray(rows.map { $0.1.parts[component]?.score })
        }
        return try await transaction.query(
            write, .idArray(rows.map(\.0.token)), .timestampArray(rows.map(\.0.time)),
            .doubleArray(rows.map(\.2)), .doubleArray(rows.map(\.1.dataQuality)), inputs(.momentum),
            scores(.momentum), inputs(.riskAdjusted), scores(.riskAdjusted), inputs(.drawdown),
            scores(.drawdown), inputs(.liquidity), scores(.liquidity), inputs(.fundamentals),
            .int32Array(rows.map { Int32($0.1.facts) }), .int32Array(rows.map { Int32($0.1.candles) }),
            .text(source), .int16(Int16(model)), .timestamp(now), .bool(isNews),
            .optionalTimestampArray(rows.map(\.1.first)),
            .optionalInt64Array(rows.map { $0.1.missingLast100.map(Int64.init) })
        ).map { InvestorMove($0) }
    }

    // MARK: Reading

    enum Sort: String, CaseIterable {
        case best = "-grade", worst = "grade"
    }

    struct Filter {
        var source: String?
        var atLeast: Double?
        var below: Double?
        var asOf: Timestamp?
        /// Nil: any.
        var tokens: [TokenID]?
    }

    private static let columns = """
        g.token_id, t.symbol, g.source, g.time, g.known_at, g.value, g.previous, g.data_quality, g.momentum,
        g.momentum_score, g.sortino, g.risk_score, g.drawdown, g.drawdown_score, g.volume, g.liquidity_score,
        g.fundamentals, g.facts, g.candles, g.revision, g.retroactive, m.name, m.parameters_hash,
        g.first_time, g.missing_last_100
        """
    private static let newestOnes = """
        select \(columns)
        from series s
        cross join lateral (
            select * from investor_grades_known($1) k
            where k.token_id = s.token_id and k.source = s.source order by k.time desc limit 1
        ) g
        join grade_model m on m.id = g.model
        \(KnownTicker.join("g.token_id", at: "$1"))
        where s.interval = '1d' and ($2::text is null or s.source = $2)
            and ($3::float8 is null or g.value >= $3) and ($4::float8 is null or g.value < $4)
            and ($9::uuid[] is null or g.token_id = any ($9))
        """

    static let best = Statement(
        "investor_best",
        derived: """
            \(newestOnes)
                and ($5::float8 is null or (-g.value, g.token_id, g.source) > (-$5, $6::uuid, $7::text))
            order by -g.value, g.token_id, g.source limit $8
            """)
    static let worst = Statement(
        "investor_worst",
        derived: """
            \(newestOnes)
                and ($5::float8 is null or (g.value, g.token_id, g.source) > ($5, $6::uuid, $7::text))
            order by g.value, g.token_id, g.source limit $8
            """)
    static let history = Statement(
        "investor_history",
        derived: """
            select \(columns)
            from investor_grades_known($1) g
            join grade_model m on m.id = g.model
            \(KnownTicker.join("g.token_id", at: "$1"))
            where g.token_id = $5 and ($2::text is null or g.source = $2)
                and ($3::float8 is null or g.value >= $3) and ($4::float8 is null or g.value < $4)
                and ($6::timestamptz is null or (g.time, g.source) < ($6, $7::text))
            order by g.time desc, g.source desc limit $8
            """)

    /// The newest grade of every token.
    nonisolated(nonsending) static func newest(
        _ filter: Filter, sort: Sort, after: [String]?, limit: Int, in source: any Queryable
    ) async throws -> [StoredInvestorGrade] {
        let rows = try await source.query(
            sort == .best ? best : worst, .timestamp(filter.asOf ?? .farFuture), .text(filter.source),
            .double(filter.atLeast), .double(filter.below), .double(after.flatMap { Double($0[0]) }),
            .id(after.flatMap { TokenID($0[1]) }), .text(after?[2]), .int(limit), .tokens(filter.tokens))
        return rows.map { StoredInvestorGrade($0) }
    }

    /// All grades of one token, newest first.
    nonisolated(nonsending) static func history(
        of token: TokenID, _ filter: Filter, after: [String]?, limit: Int, in source: any Queryable
    ) async throws -> [StoredInvestorGrade] {
        let last = after.flatMap { Int64($0[0]) }.map { Timestamp(microseconds: $0) }
        let rows = try await source.query(
            history, .timestamp(filter.asOf ?? .farFuture), .text(filter.source), .double(filter.atLeast),
            .double(filter.below), .id(token), .timestamp(last), .text(after?[2]), .int(limit))
        return rows.map { StoredInvestorGrade($0) }
    }
}
