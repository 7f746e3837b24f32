import Access
import JSON
import Kernel
import Postgres

/// A grade in one of its revisions, with the series that it is of.
struct StoredGrade: Sendable {
    var series: SeriesRecord
    var time: Timestamp
    var value: Double
    var dataQuality: Double
    var firstTime: Timestamp
    var bars: Int
    var missing: Int
    var isRetroactive: Bool
    var revision: Int
    var knownAt: Timestamp
    var model: String
    var parametersHash: String

    /// Of a row that begins with a series' columns and goes on with `GradeReads.columns`.
    init?(_ row: Row) {
        guard let series = SeriesRecord(row) else { return nil }
        self.series = series
        time = row.timestamp(13)
        value = row.double(14)
        dataQuality = row.double(15)
        firstTime = row.timestamp(16)
        bars = row.int(17)
        missing = row.int(18)
        isRetroactive = row.bool(19)
        revision = row.int(20)
        knownAt = row.timestamp(21)
        model = row.text(22)
        parametersHash = row.text(23)
    }
}

/// Grades as they were known at a time.
enum GradeReads {
    enum Sort: String, CaseIterable {
        case up = "time", down = "-time", worst = "grade", best = "-grade"

        var isAscending: Bool { self == .up || self == .worst }
        var isByGrade: Bool { self == .worst || self == .best }
    }

    private static let stored = """
        series, time, value, data_quality, first_time, bars, missing, retroactive, revision, known_at, model
        """
    private static let columns = """
        g.time, g.value, g.data_quality, g.first_time, g.bars, g.missing, g.retroactive, g.revision,
        g.known_at, m.name, m.parameters_hash
        """

    private static func ofSeries(_ order: String) -> String {
        let range = "series = $1 and model_number = $8 and time >= $2 and time < $3 and known_at <= $4"
        return """
            select \(SeriesRecord.columns), \(columns)
            from (
                (select \(stored) from grade where \(range))
                union all
                (select \(stored) from grade_revision where \(range) and ended_at > $4)
            ) g
            join series s on s.id = g.series join ticker t using (token_id)
            join grade_model m on m.id = g.model
            where ($5::float8 is null or g.value >= $5 and g.value < 'infinity')
            and ($6::float8 is null or g.value < $6)
            order by g.time \(order) limit $7
            """
    }

    static let up = Statement("grade_list", derived: ofSeries("asc"))
    static let down = Statement("grade_list_down", derived: ofSeries("desc"))

    private static func newest(_ key: String, _ cast: String, _ way: String, _ order: String) -> String {
        """
        select \(SeriesRecord.columns), \(columns)
        from series s \(SeriesRecord.ticker(known: "$3"))
        cross join lateral (
            select * from (
                (select \(stored) from grade
                    where series = s.id and model_number = $9 and known_at <= $3
                    order by time desc limit 1)
                union all
                (select \(stored) from grade_revision
                    where series = s.id and model_number = $9 and known_at <= $3 and ended_at > $3
                    order by time desc limit 1)
            ) r order by r.time desc limit 1
        ) g
        join grade_model m on m.id = g.model
        where s.interval = $1 and ($2::text is null or s.source = $2)
            and ($4::float8 is null or g.value >= $4 and g.value < 'infinity')
            and ($5::float8 is null or g.value < $5)
            and ($10::uuid[] is null or s.token_id = any ($10))
            and ($6::\(cast) is null or (\(key), s.id) \(way) ($6, $7::int4))
        order by \(key) \(order), s.id \(order) limit $8
        """
    }

    static let newestOf: [Sort: Statement] = [
        .up: Statement("grade_newest", derived: newest("g.time", "timestamptz", ">", "asc")),
        .down: Statement("grade_newest_down", derived: newest("g.time", "timestamptz", "<", "desc")),
        .worst: Statement("grade_worst", derived: newest("g.value", "float8", ">", "asc")),
        .best: Statement("grade_best", derived: newest("g.value", "float8", "<", "desc")),
    ]

    struct Filter {
        var atLeast: Double?
        var below: Double?
        /// Of lists of many series: only theirs; nil: any.
        var tokens: [TokenID]?
    }

    nonisolated(nonsending) static func list(
        _ series: Int, of model: GradeModel, _ range: TimeRange, _ filter: Filter, isAscending: Bool,
        limit: Int, in database: Database
    ) async throws -> [StoredGrade] {
        let rows = try await database.query(
            isAscending ? up : down, .int(series), .timestamp(range.from), .timestamp(range.to),
            .timestamp(range.asOf), .double(filter.atLeast), .double(filter.below), .int(limit),
            .int16(Int16(model.number)))
        return rows.compactMap(StoredGrade.init)
    }

    /// The newest grade of every series of an interval.
    nonisolated(nonsending) static func newest(
        _ interval: Interval, of model: GradeModel, _ source: String?, _ filter: Filter, asOf: Timestamp,
        sort: Sort,
        after: [String]?, limit: Int, in database: Database
    ) async throws -> [StoredGrade] {
        guard let statement = newestOf[sort] else { return [] }
        let id = after.flatMap { Int32($0[1]) }
        let key: Parameter =
            sort.isByGrade
            ? .double(after.flatMap { Double($0[0]) })
            : .timestamp(after.flatMap { Int64($0[0]) }.map { Timestamp(microseconds: $0) })
        let rows = try await database.query(
            statement, .text(interval.rawValue), .text(source), .timestamp(asOf), .double(filter.atLeast),
            .double(filter.below), key, .int32(id), .int(limit), .int16(Int16(model.number)),
            .tokens(filter.tokens))
        return rows.compactMap(StoredGrade.init)
    }
}
