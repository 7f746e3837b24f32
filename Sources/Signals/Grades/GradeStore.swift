import Kernel
import Postgres

/// Grades as rows. Whoever writes holds the lock of their series.
enum GradeStore {
    /// One that is bit-equal to what is stored is left alone; another is the next revision, and what was is
    /// kept. Newest is the time of the series' newest closed candle.
    private static let write = Statement(
        "grade_write",
        """
        with input as materialized (
            select $1::int4 as series, $2::smallint as model, i.*
            from unnest($3::timestamptz[], $4::timestamptz[], $5::float8[], $6::float8[], $7::float8[],
                $8::int4[], $9::int2[]) as i (time, first_time, value, previous, data_quality, bars, missing)
        ), kept as (
            insert into grade_revision (series, time, known_at, ended_at, first_time, value, previous,
                data_quality, bars, revision, missing, model, retroactive)
            select g.series, g.time, g.known_at, $10, g.first_time, g.value, g.previous, g.data_quality,
                g.bars, g.revision, g.missing, g.model, g.retroactive
            from grade g join input i on g.series = i.series and g.time = i.time
            where (g.first_time, g.value, g.previous, g.data_quality, g.bars, g.missing, g.model)
                is distinct from
                (i.first_time, i.value, i.previous, i.data_quality, i.bars, i.missing, i.model)
        )
        insert into grade as g (series, time, known_at, first_time, value, previous, data_quality, bars,
            revision, missing, model, retroactive)
        select i.series, i.time, $10, i.first_time, i.value, i.previous, i.data_quality, i.bars, 1, i.missing,
            i.model, i.time <> $11
        from input i
        on conflict on constraint grade_key do update set known_at = excluded.known_at,
            first_time = excluded.first_time, value = excluded.value, previous = excluded.previous,
            data_quality = excluded.data_quality, bars = excluded.bars, missing = excluded.missing,
            model = excluded.model, revision = g.revision + 1, retroactive = true
        where (g.first_time, g.value, g.previous, g.data_quality, g.bars, g.missing, g.model)
            is distinct from (excluded.first_time, excluded.value, excluded.previous, excluded.data_quality,
                excluded.bars, excluded.missing, excluded.model)
        returning time, revision
        """)

    private static let model = Statement(
        "grade_model",
        """
        with made as (
            insert into grade_model (id, name, parameters_hash)
            select coalesce(max(id), 0) + 1, $1, $2 from grade_model
            having not exists (select 1 from grade_model where name = $1 and parameters_hash = $2)
            on conflict do nothing
            returning id
        )
        select id from made union all select id from grade_model where name = $1 and parameters_hash = $2
        """)

    /// The number that stands for this model in rows; nil when another node made it in this moment.
    nonisolated(nonsending) static func model(in connection: any Queryable) async throws -> Int? {
        try await connection.query(model, .text(TraderGrade.model), .text(TraderGrade.parameterHash)).first?
            .int(0)
    }

    struct Written {
        var time: Timestamp
        var revision: Int
    }

    /// Writes what differs from what is stored, and says which.
    nonisolated(nonsending) static func write(
        _ grades: [Grade], first: Timestamp, newest: Timestamp, series: Int, model: Int, now: Timestamp,
        in transaction: Transaction
    ) async throws -> [Written] {
        guard !grades.isEmpty else { return [] }
        let rows = try await transaction.query(
            write, .int32(Int32(series)), .int16(Int16(model)), .timestampArray(grades.map(\.time)),
            .timestampArray(grades.map { _ in first }), .doubleArray(grades.map(\.value)),
            .optionalDoubleArray(grades.map(\.previous)), .doubleArray(grades.map(\.dataQuality)),
            .int32Array(grades.map { Int32($0.inputs.bars) }),
            .int16Array(grades.map { Int16($0.missingLast100) }), .timestamp(now), .timestamp(newest))
        return rows.map { Written(time: $0.timestamp(0), revision: $0.int(1)) }
    }
}
