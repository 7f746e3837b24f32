import Access
import Kernel
import Postgres

/// Which signal of a series: of one model, one direction decides at most once a candle.
struct SignalKey: Hashable, Sendable {
    var model: GradeModel
    var decidedAt: Timestamp
    var direction: String
}

/// A signal as it is stored.
struct StoredSignal: Sendable {
    var id: SignalID
    var state: String
    var isWithdrawn: Bool
    var body: String
}

/// A signal as it is to be stored.
struct SignalWrite: Sendable {
    var id: SignalID
    var key: SignalKey
    var state: String
    var isWithdrawn: Bool
    var isRetroactive: Bool
    var roiClose: Double?
    var roiNet: Double?
    var confidence: Double?
    var body: String
    /// Something else than the price has changed, or nothing of it was stored.
    var isRevision = true
}

/// Signals as rows. Whoever writes holds the lock of their series.
enum SignalStore {
    /// The times stand in a question of their own, so that it is planned once: see `TickerStore.periods`;
    /// each before the stretch is looked up by itself, or all signals of a series were compared with all of
    /// them.
    private static let read = Statement(
        "signal_of_series",
        """
        select id, decided_at, direction, state, withdrawn, body, model_number from signal
        where series = $1 and model_number = any((select $4)::int2[]) and decided_at >= $2
        union all
        select s.id, s.decided_at, s.direction, s.state, s.withdrawn, s.body, s.model_number
        from unnest((select $3::timestamptz[])) as t (decided_at)
        cross join lateral (
            select * from signal
            where series = $1 and model_number = any((select $4)::int2[]) and decided_at = t.decided_at
            limit 100
        ) s
        where t.decided_at < $2
        """)

    /// A price that moved is no revision: each candle brings one, and `as_of` makes them of candles again.
    private static let follow = Statement(
        "signal_follow",
        """
        update signal s set roi_close = i.roi_close, roi_net = i.roi_net, body = i.body
        from unnest($1::uuid[], $2::float8[], $3::float8[], $4::text[]) as i (id, roi_close, roi_net, body)
        where s.id = i.id
        """)

    private static let write = Statement(
        "signal_write",
        """
        with input as materialized (
            select * from unnest((select $1::uuid[]), (select $2::timestamptz[]), (select $3::text[]),
                (select $4::text[]), (select $5::bool[]), (select $6::bool[]), (select $7::float8[]),
                (select $8::float8[]), (select $9::text[]), (select $12::int2[]), (select $13::float8[]))
                as i (id, decided_at, direction, state, withdrawn, retroactive, roi_close, roi_net, body,
                model_number, confidence)
        ), kept as (
            insert into signal_revision (id, revision, known_at, ended_at, state, withdrawn, retroactive,
                roi_close, roi_net, body, confidence)
            select s.id, s.revision, s.known_at, greatest($11, s.known_at + interval '1 microsecond'),
                s.state, s.withdrawn, s.retroactive, s.roi_close, s.roi_net, s.body, s.confidence
            from input i cross join lateral (select * from signal o where o.id = i.id limit 1) s
        )
        insert into signal as s (id, series, decided_at, direction, state, withdrawn, retroactive, roi_close,
            roi_net, body, known_at, model_number, confidence)
        select i.id, $10, i.decided_at, i.direction, i.state, i.withdrawn, i.retroactive, i.roi_close,
            i.roi_net, i.body, $11, i.model_number, i.confidence
        from input i
        on conflict (id) do update set state = excluded.state, withdrawn = excluded.withdrawn,
            retroactive = s.retroactive or excluded.retroactive, roi_close = excluded.roi_close,
            roi_net = excluded.roi_net, body = excluded.body,
            confidence = coalesce(excluded.confidence, s.confidence), revision = s.revision + 1,
            known_at = greatest(excluded.known_at, s.known_at + interval '1 microsecond')
        """)

    /// Asks for the signals of these models decided at or after `from`, or at one of these candles.
    static func read(
        _ series: Int, of models: GradeModels, from: Timestamp, at times: [Timestamp],
        in transaction: Transaction
    ) -> Query {
        transaction.send(
            read, .int(series), .timestamp(from), .timestampArray(times),
            .int16Array(models.computed.map { Int16($0.number) }))
    }

    static func found(_ rows: Rows, of models: GradeModels) -> [SignalKey: StoredSignal] {
        var found: [SignalKey: StoredSignal] = [:]
        for row in rows {
            guard let model = models.computed.first(where: { $0.number == row.int(6) }) else { continue }
            let key = SignalKey(model: model, decidedAt: row.timestamp(1), direction: row.text(2))
            found[key] = StoredSignal(
                id: row.id(0), state: row.text(3), isWithdrawn: row.bool(4), body: row.text(5))
        }
        return found
    }

    nonisolated(nonsending) static func write(
        _ signals: [SignalWrite], series: Int, now: Timestamp, in transaction: Transaction
    ) async throws {
        let moved = signals.filter { !$0.isRevision }
        if !moved.isEmpty {
            try await transaction.query(
                follow, .idArray(moved.map(\.id)), .optionalDoubleArray(moved.map(\.roiClose)),
                .optionalDoubleArray(moved.map(\.roiNet)), .textArray(moved.map(\.body)))
        }
        try await revise(signals.filter(\.isRevision), series, now, in: transaction)
    }

    private nonisolated(nonsending) static func revise(
        _ signals: [SignalWrite], _ series: Int, _ now: Timestamp, in transaction: Transaction
    ) async throws {
        guard !signals.isEmpty else { return }
        try await transaction.query(
            write, .idArray(signals.map(\.id)), .timestampArray(signals.map(\.key.decidedAt)),
            .textArray(signals.map(\.key.direction)), .textArray(signals.map(\.state)),
            .boolArray(signals.map(\.isWithdrawn)), .boolArray(signals.map(\.isRetroactive)),
            .optionalDoubleArray(signals.map(\.roiClose)), .optionalDoubleArray(signals.map(\.roiNet)),
            .textArray(signals.map(\.body)), .int32(Int32(series)), .timestamp(now),
            .int16Array(signals.map { Int16($0.key.model.number) }),
            .optionalDoubleArray(signals.map(\.confidence)))
    }
}
