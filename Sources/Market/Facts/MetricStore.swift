import Access
import Events
import JSON
import Kernel
import Postgres
import Signals

/// Supplied series of numbers as rows, in revisions.
enum MetricStore {
    /// Series of all tokens together, and observations of one.
    static let mostSeries = 100_000
    static let mostObservations = 100_000

    private static let make = Statement(
        "metric_series_make",
        """
        insert into metric_series (token_id, metric, source, created_at)
        select distinct i.token_id, i.metric, i.source, $4::timestamptz
        from unnest($1::uuid[], $2::text[], $3::text[]) as i (token_id, metric, source)
        where (select count(*) from metric_series where ended_at is null) < $5
        order by 1, 2, 3
        on conflict do nothing
        """)
    /// In the order of ids, as everybody locks them.
    private static let lock = Statement(
        "metric_series_lock",
        """
        select s.id, s.token_id, s.metric, s.source, s.observations, s.newest
        from metric_series s
        where s.ended_at is null and exists (
            select from unnest($1::uuid[], $2::text[], $3::text[]) as i (token_id, metric, source)
            where i.token_id = s.token_id and i.metric = s.metric and i.source = s.source)
        order by s.id for no key update
        """)
    private static let previous = Statement(
        "metric_previous",
        """
        select i.series, v.time, v.value
        from unnest($1::int4[], $2::timestamptz[]) as i (series, time)
        cross join lateral (
            select time, value from metric_value m where m.series = i.series and m.time < i.time
            order by m.time desc limit 1
        ) v
        """)
    /// Which of some rows there are already.
    private static let known = Statement(
        "metric_known",
        """
        select i.place::int4 from unnest($1::int4[], $2::timestamptz[]) with ordinality
            as i (series, time, place)
        where exists (select from metric_value m where m.series = i.series and m.time = i.time)
        """)
    /// What was deleted and comes again goes on with its revisions, and is known behind them, whatever the
    /// clocks say.
    private static let write = Statement(
        "metric_write",
        """
        with input as materialized (
            select i.*, m.revision as old, coalesce(m.revision, (
                    select max(r.revision) from metric_value_revision r
                    where r.series = i.series and r.time = i.time
                ), 0) + 1 as revision, greatest($4, m.known_at + interval '1 microsecond', (
                    select max(r.ended_at) from metric_value_revision r
                    where r.series = i.series and r.time = i.time)) as known_at
            from unnest($1::int4[], $2::timestamptz[], $3::float8[]) with ordinality
                as i (series, time, value, place)
            left join metric_value m using (series, time)
            where m.series is null or m.value is distinct from i.value
        ), kept as (
            insert into metric_value_revision (series, time, value, known_at, ended_at, revision)
            select m.series, m.time, m.value, m.known_at, i.known_at, m.revision
            from metric_value m join input i using (series, time)
        ), written as (
            insert into metric_value as m (series, time, value, known_at, revision)
            select series, time, value, known_at, revision from input
            on conflict on constraint metric_value_key do update
            set value = excluded.value, known_at = excluded.known_at, revision = excluded.revision
        ), grown as (
            update metric_series s set observations = observations + g.added,
                newest = greatest(s.newest, g.newest)
            from (
                select series, count(*) filter (where old is null) as added, max(time) as newest
                from input group by series
            ) g where s.id = g.series
        )
        select place::int4, old is null, revision from input
        """)
    private static let list = Statement(
        "metric_list",
        """
        select v.time, v.value, v.revision, v.known_at
        from (
            select time, value, revision, known_at from metric_value
            where series = $1 and known_at <= $4 and time >= $2 and time < $3
            union all
            select time, value, revision, known_at from metric_value_revision
            where series = $1 and known_at <= $4 and ended_at > $4 and time >= $2 and time < $3
        ) v
        order by v.time desc limit $5
        """)
    static let find = Statement(
        "metric_series_find",
        derived: """
            select s.id, s.token_id, t.symbol, s.metric, s.source, s.observations, s.newest
            from metric_series s \(KnownTicker.join("s.token_id", at: "$6"))
            where ($1::uuid is null or s.token_id = $1) and ($2::text is null or s.metric = $2)
                and ($3::text is null or s.source = $3) and ($4::int4 is null or s.id > $4)
                and was_there(s.created_at, s.ended_at, $6)
            order by s.id limit $5
            """)
    /// What was known of some series.
    private static let counted = Statement(
        "metric_series_counted",
        """
        select n.id, count(*)::int4, max(v.time)
        from unnest($1::int4[]) as n (id)
        cross join lateral (
            select time from metric_value where series = n.id and known_at <= $2
            union all
            select time from metric_value_revision where series = n.id and known_at <= $2 and ended_at > $2
        ) v
        group by n.id
        """)

    nonisolated(nonsending) static func write(
        _ rows: [SuppliedRow], in change: Change
    ) async throws -> [SuppliedUpload.Verdict] {
        let tokens = try await SuppliedTokens.find(rows.map(\.token), in: change.transaction)
        var batch = MetricBatch(rows, tokens)
        try await open(&batch, at: change.context.now, in: change.transaction)
        let taken = batch.taken
        guard !taken.isEmpty else { return batch.verdicts }
        let transaction = change.transaction
        let written = try await transaction.query(
            write, .int32Array(taken.map { Int32(batch.series[$0]?.id ?? 0) }),
            .timestampArray(taken.map { rows[$0].time }),
            .doubleArray(taken.map { rows[$0].value }), .timestamp(change.context.now))
        var observed: [(token: TokenID, time: Timestamp)] = []
        for row in written {
            let index = taken[row.int(0) - 1]
            batch.note(index, isNew: row.bool(1), revision: row.int(2))
            guard rows[index].name == SuppliedSeries.sentiment, let token = tokens[index]?.token else {
                continue
            }
            observed.append((token, rows[index].time))
        }
        try await SuppliedSeries.note(observed: observed, in: transaction)
        let (series, times) = batch.newestOfSeries
        var before: [Int: MetricBatch.Previous] = [:]
        for row in try await transaction.query(
            previous, .int32Array(series.map(Int32.init)), .timestampArray(times))
        {
            before[row.int(0)] = .init(time: row.timestamp(1), value: row.double(2))
        }
        for event in batch.events(previous: before, at: change.context.now) { change.emit(event) }
        return batch.verdicts
    }

    /// Finds or makes the series of its rows, and locks them.
    private nonisolated(nonsending) static func open(
        _ batch: inout MetricBatch, at now: Timestamp, in transaction: Transaction
    ) async throws {
        let names = batch.names
        guard !names.tokens.isEmpty else { return }
        let place: [Parameter] = [
            .uuidArray(names.tokens), .textArray(names.metrics), .textArray(names.sources),
        ]
        try await transaction.query(make, parameters: place + [.timestamp(now), .int(mostSeries)])
        var found: [MetricBatch.Name: MetricBatch.Series] = [:]
        for row in try await transaction.query(lock, parameters: place) {
            let name = MetricBatch.Name(token: row.id(1), metric: row.text(2), source: row.text(3))
            found[name] = MetricBatch.Series(
                id: row.int(0), observations: row.int(4), newest: row.optionalTimestamp(5))
        }
        batch.open(found)
        batch.refuseWithoutSeries()
        let crowded = batch.crowded
        guard !crowded.isEmpty else { return }
        let there = try await transaction.query(
            known, .int32Array(crowded.map { Int32(batch.series[$0]?.id ?? 0) }),
            .timestampArray(crowded.map { batch.times[$0] }))
        batch.refuseWithoutRoom(known: Set(there.map { crowded[$0.int(0) - 1] }))
    }

    // MARK: Reading

    struct Filter {
        var token: TokenID?
        var metric: String?
        var source: String?
        var asOf: Timestamp?
    }

    struct Listed {
        let id: Int
        let entry: Watchlist.Entry
        let metric: String
        let source: String
        var observations: Int
        var newest: Timestamp?
    }

    nonisolated(nonsending) static func series(
        _ filter: Filter, after id: Int32?, limit: Int, in source: any Queryable
    ) async throws -> [Listed] {
        try await source.query(
            find, .id(filter.token), .text(filter.metric), .text(filter.source), .int32(id), .int(limit),
            .timestamp(filter.asOf)
        ).map { row in
            Listed(
                id: row.int(0), entry: .init(token: row.id(1), symbol: row.text(2)), metric: row.text(3),
                source: row.text(4), observations: row.int(5), newest: row.optionalTimestamp(6))
        }
    }

    /// With what was known of them then.
    nonisolated(nonsending) static func counted(
        _ listed: [Listed], asOf: Timestamp, in source: any Queryable
    ) async throws -> [Listed] {
        let rows = try await source.query(
            counted, .int32Array(listed.map { Int32($0.id) }), .timestamp(asOf))
        let counts = Dictionary(uniqueKeysWithValues: rows.map { ($0.int(0), ($0.int(1), $0.timestamp(2))) })
        return listed.map { one in
            var one = one
            (one.observations, one.newest) = (counts[one.id]?.0 ?? 0, counts[one.id]?.1)
            return one
        }
    }

    struct Observation {
        let time: Timestamp
        let value: Double
        let revision: Int
        let knownAt: Timestamp
    }

    /// Newest first.
    nonisolated(nonsending) static func observations(
        of series: Int, from: Timestamp, to: Timestamp, asOf: Timestamp?, limit: Int,
        in source: any Queryable
    ) async throws -> [Observation] {
        try await source.query(
            list, .int(series), .timestamp(from), .timestamp(to), .timestamp(asOf ?? .farFuture), .int(limit)
        ).map { row in
            Observation(
                time: row.timestamp(0), value: row.double(1), revision: row.int(2), knownAt: row.timestamp(3))
        }
    }
}
