import Kernel
package import Postgres

/// Grades as rows. Whoever writes holds the lock of their series.
package enum GradeStore {
    /// One that is bit-equal to what is stored is left alone; another is the next revision, and what was is
    /// kept, until a moment after it began, whatever the clocks say. Of another candle than the newest, or of
    /// one that is news no more, it is retroactive.
    /// What is stored is found row by row: a plain join was planned while the table was empty, as a walk over
    /// all of it, and a load of 200,000 grades took 10.9 s and not 4.5. The arrays stand in questions of
    /// their own, so that it is planned once: see `TickerStore.periods`.
    private static let write = Statement(
        "grade_write",
        """
        with input as materialized (
            select $1::int4 as series, i.*
            from unnest((select $2::int2[]), (select $12::int2[]), (select $3::timestamptz[]),
                (select $4::timestamptz[]), (select $5::float8[]), (select $6::float8[]),
                (select $7::float8[]), (select $8::int4[]), (select $9::int2[])) as i (model, model_number,
                time, first_time, value, previous, data_quality, bars, missing)
        ), kept as (
            insert into grade_revision (series, time, known_at, ended_at, first_time, value, previous,
                data_quality, bars, revision, missing, model, model_number, retroactive)
            select g.series, g.time, g.known_at, greatest($10, g.known_at + interval '1 microsecond'),
                g.first_time, g.value, g.previous, g.data_quality,
                g.bars, g.revision, g.missing, g.model, g.model_number, g.retroactive
            from input i
            cross join lateral (
                select * from grade o
                where o.series = i.series and o.model_number = i.model_number and o.time = i.time limit 1
            ) g
            where (g.first_time, g.value, g.previous, g.data_quality, g.bars, g.missing, g.model)
                is distinct from
                (i.first_time, i.value, i.previous, i.data_quality, i.bars, i.missing, i.model)
        )
        insert into grade as g (series, time, known_at, first_time, value, previous, data_quality, bars,
            revision, missing, model, model_number, retroactive)
        select i.series, i.time, $10, i.first_time, i.value, i.previous, i.data_quality, i.bars, 1, i.missing,
            i.model, i.model_number, i.time is distinct from $11
        from input i
        on conflict on constraint grade_key do update
        set known_at = greatest(excluded.known_at, g.known_at + interval '1 microsecond'),
            first_time = excluded.first_time, value = excluded.value, previous = excluded.previous,
            data_quality = excluded.data_quality, bars = excluded.bars, missing = excluded.missing,
            model = excluded.model, revision = g.revision + 1, retroactive = true
        where (g.first_time, g.value, g.previous, g.data_quality, g.bars, g.missing, g.model)
            is distinct from (excluded.first_time, excluded.value, excluded.previous, excluded.data_quality,
                excluded.bars, excluded.missing, excluded.model)
        returning time, model_number, revision
        """)

    /// Grades behind the newest of their series and model: nothing can be in their place. They are written
    /// without the question whether there is, and without an answer.
    private static let append = Statement(
        "grade_append",
        """
        insert into grade (series, time, known_at, first_time, value, previous, data_quality, bars, revision,
            missing, model, model_number, retroactive)
        select $1, i.time, $10, $4, i.value, i.previous, i.data_quality, i.bars, 1, i.missing, i.model,
            i.model_number, i.time is distinct from $11
        from unnest($2::int2[], $12::int2[], $3::timestamptz[], $5::float8[], $6::float8[], $7::float8[],
            $8::int4[], $9::int2[]) as i (model, model_number, time, value, previous, data_quality, bars,
            missing)
        """)

    /// The time of the newest grade of each model of a series.
    private static let newest = Statement(
        "grade_newest_times",
        """
        select n.number, g.time from unnest($2::int2[]) as n (number)
        cross join lateral (
            select time from grade where series = $1 and model_number = n.number order by time desc limit 1
        ) g
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

    /// The numbers that stand in rows for these models with their parameters.
    nonisolated(nonsending) static func numbers(
        of models: GradeModels, in connection: any Queryable
    ) async throws -> [GradeModel: Int] {
        var numbers: [GradeModel: Int] = [:]
        for one in models.computed {
            numbers[one] = try await number(of: one.rawValue, one.parameterHash, in: connection)
        }
        return numbers
    }

    /// Of a model of any kind with its parameters. Where somebody else made one in this moment, it is
    /// committed by now, and the next statement sees it.
    package nonisolated(nonsending) static func number(
        of name: String, _ parameterHash: String, in connection: any Queryable
    ) async throws -> Int {
        for _ in 0..<tries {
            let rows = try await connection.query(model, .text(name), .text(parameterHash))
            if let row = rows.first { return row.int(0) }
        }
        throw PostgresError.unavailable
    }

    /// More than there are models that could be made at once.
    private static let tries = 10

    struct Written {
        var time: Timestamp
        var model: Int
        var revision: Int
    }

    /// Grades from which on it is worth a question which of them are behind the newest.
    static let many = 50

    /// Writes what differs from what is stored, and says which.
    /// - Parameter live: the candle whose grade is news, if one is.
    nonisolated(nonsending) static func write(
        _ grades: [GradeRow], first: Timestamp, live: Timestamp?, series: Int, numbers: [GradeModel: Int],
        now: Timestamp, in transaction: Transaction
    ) async throws -> [Written] {
        let batch = GradeBatch(series: series, first: first, live: live, numbers: numbers, now: now)
        guard grades.count >= many else { return try await merge(grades, batch, in: transaction) }
        let last = try await last(numbers.keys.map(\.number), of: series, in: transaction)
        let isLater = { (grade: GradeRow) in grade.time > last[grade.model.number] ?? .never }
        let later = grades.filter(isLater)
        if !later.isEmpty {
            try await transaction.query(append, parameters: batch.parameters(later, .timestamp(first)))
        }
        let other = later.count < grades.count ? grades.filter { !isLater($0) } : []
        return try await merge(other, batch, in: transaction)
            + later.map { Written(time: $0.time, model: $0.model.number, revision: 1) }
    }

    /// Grades in whose place there may be others.
    private nonisolated(nonsending) static func merge(
        _ grades: [GradeRow], _ batch: GradeBatch, in transaction: Transaction
    ) async throws -> [Written] {
        guard !grades.isEmpty else { return [] }
        let first = Parameter.timestampArray(grades.map { _ in batch.first })
        let rows = try await transaction.query(write, parameters: batch.parameters(grades, first))
        return rows.map { Written(time: $0.timestamp(0), model: $0.int(1), revision: $0.int(2)) }
    }

    private nonisolated(nonsending) static func last(
        _ models: [Int], of series: Int, in transaction: Transaction
    ) async throws -> [Int: Timestamp] {
        let rows = try await transaction.query(
            newest, .int(series), .int16Array(models.map(Int16.init)))
        return Dictionary(uniqueKeysWithValues: rows.map { ($0.int(0), $0.timestamp(1)) })
    }
}

/// What is the same of all grades that are written together.
private struct GradeBatch {
    let series: Int
    let first: Timestamp
    let live: Timestamp?
    let numbers: [GradeModel: Int]
    let now: Timestamp

    func parameters(_ grades: [GradeRow], _ first: Parameter) -> [Parameter] {
        [
            .int32(Int32(series)), .int16Array(grades.map { Int16(numbers[$0.model] ?? 0) }),
            .timestampArray(grades.map(\.time)), first, .doubleArray(grades.map(\.value)),
            .optionalDoubleArray(grades.map(\.previous)), .doubleArray(grades.map(\.dataQuality)),
            .int32Array(grades.map { Int32($0.bars) }),
            .int16Array(grades.map { Int16($0.missingLast100) }), .timestamp(now), .timestamp(live),
            .int16Array(grades.map { Int16($0.model.number) }),
        ]
    }
}
