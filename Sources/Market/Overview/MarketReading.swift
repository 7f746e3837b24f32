import Kernel
import Postgres
import Signals

/// How many tokens of a market do well at a close. Every settled close is counted once and kept, so that
/// neither now nor later anybody has to count it again.
struct MarketReading: Equatable, Sendable {
    /// From this grade on a token counts as well graded.
    static let goodGrade = 60.0
    /// A close is counted when its candles are graded, or after so long.
    private static let patience: Period = .minutes(5)

    /// Some of all that could be asked.
    struct Part: Equatable, Sendable {
        var count = 0
        var of = 0

        /// Nil where nobody could be asked.
        var percent: Double? { of == 0 ? nil : 100 * Double(count) / Double(of) }
    }

    /// Open time of the newest candle.
    var newest: Timestamp?
    /// When it was counted; nil: just now, for this answer.
    var knownAt: Timestamp?
    var tokens = 0
    var live = 0
    var breadth = Part()
    var grades = Part()
}

extension MarketReading {
    /// Candles of a token that are looked at for the mean of its last 50 closes.
    static let candlesOfToken = 50

    private static let counts = """
        count(*)::int4, count(*) filter (where is_live)::int4, count(*) filter (where is_above)::int4,
        count(is_above)::int4, count(*) filter (where grade >= $7 and grade < 'infinity')::int4,
        count(grade)::int4
        """
    private static let read = Statement(
        "market_reading_read",
        """
        select time, known_at, tokens, live, above, above_of, graded, graded_of from market_reading
        where source = $1 and interval = $2 and model = $3 and time <= $4 and known_at <= $5
        order by time desc, known_at desc limit 1
        """)
    static let count = Statement(
        "market_reading_count",
        derived: """
            select max(newest), \(counts)
            from market_breadth($1, $2, make_interval(secs => $3::float8), $4, $5, $6)
            """)
    /// Behind what was counted of the same close, whatever the clocks say.
    static let write = Statement(
        "market_reading_write",
        derived: """
            insert into market_reading (source, interval, time, known_at, model, tokens, live, above,
                above_of, graded, graded_of)
            select $1, $2, $4, greatest($8, (
                    select max(r.known_at) + interval '1 microsecond' from market_reading r
                    where r.source = $1 and r.interval = $2 and r.model = $6 and r.time = $4)),
                $6, \(counts)
            from market_breadth($1, $2, make_interval(secs => $3::float8), $4, $5, $6)
            on conflict on constraint market_reading_key do nothing
            """)
    private static let due = Statement(
        "market_readings_due",
        """
        select c.source, c.interval, c.settled, c.turn from market_close c
        where c.counted < c.turn and (c.settled_at <= $1 or not exists (
                select from series s
                where s.source = c.source and s.interval = c.interval and s.dirty_from <= c.settled))
        order by c.source, c.interval limit $2
        """)
    private static let note = Statement(
        "market_reading_note",
        "update market_close set counted = greatest(counted, $3) where source = $1 and interval = $2")

    /// The newest of a moment, as it was told then.
    nonisolated(nonsending) static func stored(
        _ moment: MarketMoment, by model: GradeModel, in source: any Queryable
    ) async throws -> MarketReading? {
        let rows = try await source.query(
            read, .text(moment.source), .text(moment.interval.rawValue), .int16(Int16(model.number)),
            .timestamp(moment.before), .timestamp(moment.known))
        return rows.first.map { row in
            MarketReading(
                newest: row.timestamp(0), knownAt: row.timestamp(1), tokens: row.int(2), live: row.int(3),
                breadth: Part(count: row.int(4), of: row.int(5)),
                grades: Part(count: row.int(6), of: row.int(7)))
        }
    }

    /// Counts every token.
    nonisolated(nonsending) static func counted(
        _ moment: MarketMoment, by model: GradeModel, in source: any Queryable
    ) async throws -> MarketReading {
        let rows = try await source.query(
            count, parameters: moment.parameters + [.int16(Int16(model.number)), .double(goodGrade)])
        guard let row = rows.first else { return MarketReading() }
        return MarketReading(
            newest: row.optionalTimestamp(0), tokens: row.int(1), live: row.int(2),
            breadth: Part(count: row.int(3), of: row.int(4)), grades: Part(count: row.int(5), of: row.int(6)))
    }

    private static let again = Statement(
        "market_readings_again",
        """
        select distinct time from market_reading
        where source = $1 and interval = $2 and model = $3 and time >= $4 and time < $5 order by time
        """)
    static let graded = Statement(
        "market_readings_graded",
        """
        select not exists (
            select from series where source = $1 and interval = $2 and dirty_from < $3)
        """)

    /// Whether the candles behind it are graded, or nobody waits for that any longer.
    nonisolated(nonsending) static func isGraded(
        _ revision: MarketRevision, at now: Timestamp, in source: any Queryable
    ) async throws -> Bool {
        let rows = try await source.query(
            graded, .text(revision.source), .text(revision.interval.rawValue), .timestamp(revision.settled))
        return rows.first?.bool(0) ?? false || revision.notedAt <= now - patience
    }

    /// The closes that were counted, of those that have to be counted again.
    nonisolated(nonsending) static func times(
        of revision: MarketRevision, by model: GradeModel, in source: any Queryable
    ) async throws -> [Timestamp] {
        try await source.query(
            again, .text(revision.source), .text(revision.interval.rawValue), .int16(Int16(model.number)),
            .timestamp(revision.from), .timestamp(revision.settled)
        ).map { $0.timestamp(0) }
    }

    /// Whether it came out otherwise: then it is another reading of the same close.
    nonisolated(nonsending) static func countAgain(
        _ moment: MarketMoment, by model: GradeModel, in database: Database
    ) async throws -> Bool {
        try await database.transaction { transaction in
            let stored = try await Self.stored(moment, by: model, in: transaction)
            var counted = try await Self.counted(moment, by: model, in: transaction)
            counted.knownAt = stored?.knownAt
            if counted == stored { return false }
            try await write(moment, by: model, in: transaction)
            return true
        }
    }

    private nonisolated(nonsending) static func write(
        _ moment: MarketMoment, by model: GradeModel, in transaction: Transaction
    ) async throws {
        try await transaction.query(
            write,
            parameters: moment.parameters + [
                .int16(Int16(model.number)), .double(goodGrade), .timestamp(moment.now),
            ])
    }

    struct Due {
        let source: String
        let interval: Interval
        let newest: Timestamp
        let turn: Int64
    }

    /// Closes that are settled and not yet counted.
    nonisolated(nonsending) static func due(
        at now: Timestamp, atMost limit: Int, in source: any Queryable
    ) async throws -> [Due] {
        try await source.query(due, .timestamp(now - patience), .int(limit)).compactMap { row in
            Interval(rawValue: row.text(1)).map {
                Due(source: row.text(0), interval: $0, newest: row.timestamp(2), turn: row.int64(3))
            }
        }
    }

    nonisolated(nonsending) static func count(
        _ due: Due, by model: GradeModel, at now: Timestamp, in database: Database
    ) async throws {
        let moment = MarketMoment(
            source: due.source, interval: due.interval, at: due.interval.close(of: due.newest), asOf: nil,
            now: now)
        try await database.transaction { transaction in
            try await write(moment, by: model, in: transaction)
            try await transaction.query(
                note, .text(due.source), .text(due.interval.rawValue), .int64(due.turn))
        }
    }
}
