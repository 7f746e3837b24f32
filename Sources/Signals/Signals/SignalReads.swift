import Access
import JSON
import Kernel
import Postgres

/// A signal in one of its revisions, with its series.
struct ListedSignal: Sendable {
    var series: SeriesRecord
    var id: SignalID
    var decidedAt: Timestamp
    var roiClose: Double?
    var roiNet: Double?
    var isWithdrawn: Bool
    var isRetroactive: Bool
    var revision: Int
    var knownAt: Timestamp
    var body: [UInt8]
    var confidence: Double?
    var model: GradeModel
    /// The newest grade of its series and model.
    var grade: Double?
    /// In place of the returns of now that are stored; see `SignalReturns`.
    var returnsThen: [UInt8]?

    /// Of a row that begins with a series' columns and goes on with `SignalReads.columns`.
    init?(_ row: Row) {
        guard let series = SeriesRecord(row),
            let model = GradeModel.allCases.first(where: { $0.number == row.int(23) })
        else { return nil }
        self.model = model
        self.series = series
        id = row.id(13)
        decidedAt = row.timestamp(14)
        roiClose = row.optionalDouble(15)
        roiNet = row.optionalDouble(16)
        isWithdrawn = row.bool(17)
        isRetroactive = row.bool(18)
        revision = row.int(19)
        knownAt = row.timestamp(20)
        body = Array(row.text(21).utf8)
        confidence = row.optionalDouble(22)
        grade = row.optionalDouble(24)
    }
}

extension ListedSignal {
    /// A number of the returns that are stored.
    func returns(_ name: String) -> Double? {
        (try? JSONValue.parse(body))?["roi"]?[name]?.asDouble
    }
}

extension ListedSignal: JSONWritable {
    func write(to w: inout JSONWriter) {
        let members = (try? JSONValue.parse(body))?.asObject?.members ?? []
        w.object { w in
            w.field("id", id.description)
            w.names(of: series)
            // What was stored before they were told has none.
            let hasEnd = members.contains { $0.name == "stale_at" }
            let hasMissing = members.contains { $0.name == "missing_last_100" }
            for member in members {
                if member.name == "stale_reason" && !hasEnd { w.null("stale_at") }
                if member.name == "fill_at" && !hasMissing { w.null("missing_last_100") }
                write(member, &w)
            }
            w.field("grade", grade)
            w.field("zone", grade.map { GradeZone($0).rawValue })
            w.field("label", grade.map { model.label($0).rawValue })
            w.field("retroactive", isRetroactive)
            w.field("revision", revision)
            w.field("known_at", knownAt.description)
        }
    }

    private func write(_ member: JSONObject.Member, _ w: inout JSONWriter) {
        switch member.name {
        case "state" where isWithdrawn: w.field("state", Signal.State.stale.rawValue)
        case "stale_reason" where isWithdrawn: w.field("stale_reason", SignalText.withdrawn)
        case "roi" where returnsThen != nil: w.raw("roi", returnsThen ?? [])
        default: w.field(member.name, member.value)
        }
    }
}

/// Signals as they are, or were known at a time.
enum SignalReads {
    struct Filter {
        var model: GradeModel
        var token: TokenID?
        /// Nil: any.
        var tokens: [TokenID]?
        var interval: Interval?
        var source: String?
        var direction: Signal.Direction?
        var state: Signal.State?
        var grade = GradeReads.Filter()
        var confidence: Double?
        var roiNet = GradeReads.Filter()
        var from: Timestamp?
        var to: Timestamp?
        var asOf: Timestamp?
    }

    private static let columns = """
        g.id, g.decided_at, g.roi_close, g.roi_net, g.withdrawn, g.retroactive, g.revision, g.known_at,
        g.body, g.confidence, g.model_number, n.value
        """

    /// The newest grade of the signal's series and model.
    private static let gradeNow = """
        cross join lateral (select case g.model_number when 1 then s.grade_v1 else s.grade end as value) n
        """
    private static let gradeThen = """
        left join lateral (
            select value from (
                (select time, value from grade where series = g.series and model_number = g.model_number
                    and known_at <= $1 order by time desc limit 1)
                union all
                (select time, value from grade_revision where series = g.series
                    and model_number = g.model_number and known_at <= $1 and ended_at > $1
                    order by time desc limit 1)
            ) r order by time desc limit 1
        ) n on true
        """

    private static let now = "signal"
    /// `$1` is the time. What they had brought by then is not stored: it is made of the newest close while
    /// they were held, or of the exit.
    /// - Parameters:
    ///   - isWanted: whether returns are, in SQL.
    ///   - cost: of each side, in SQL.
    static func then(returns isWanted: String, cost: String) -> String {
        let held = """
            series = k.series and open_time >= b.fill_at and open_time <= least(b.closed_at, b.stale_at, $1)
            and closed and known_at <= $1
            """
        return """
            (select k.*, r.price / r.fill_open - 1 as roi_close,
                r.price / r.fill_open * (1 - \(cost)) * (1 - \(cost)) - 1 as roi_net
            from (
                select id, series, direction, decided_at, state, withdrawn, retroactive, revision, known_at,
                    body, model_number, confidence
                from signal where known_at <= $1
                union all
                select s.id, s.series, s.direction, s.decided_at, r.state, r.withdrawn, r.retroactive,
                    r.revision, r.known_at, r.body, s.model_number, r.confidence
                from signal_revision r join signal s using (id) where r.known_at <= $1 and r.ended_at > $1
            ) k
            left join lateral (
                select sane_price(b.fill_open) as fill_open,
                    sane_price(coalesce(b.exit_open, p.close)) as price
                from json_to_record(k.body::json) as b (fill_at timestamptz, fill_open float8,
                    exit_open float8, closed_at timestamptz, stale_at timestamptz)
                left join lateral (
                    select c.close from (
                        (select open_time, close from candle where \(held) order by open_time desc limit 1)
                        union all
                        (select open_time, close from candle_revision where \(held) and ended_at > $1
                            order by open_time desc limit 1)
                    ) c order by c.open_time desc limit 1
                ) p on b.exit_open is null
                where \(isWanted) and k.direction = 'bullish' and b.fill_open is not null
            ) r on true)
            """
    }

    private static func list(_ source: String, _ grade: String, _ sort: SignalSort) -> String {
        let cast = sort.isByTime ? "timestamptz" : "float8"
        let (way, order) = sort.isDescending ? ("<", "desc") : (">", "asc")
        return """
            select \(SeriesRecord.columns), \(columns)
            from \(source) g join series s on s.id = g.series
                \(SeriesRecord.ticker(known: "$1")) \(grade)
            where $1::timestamptz is not distinct from $1 and not g.withdrawn and g.model_number = $14
                and ($2::uuid is null or s.token_id = $2) and ($3::text is null or s.interval = $3)
                and ($4::text is null or s.source = $4) and ($5::text is null or g.direction = $5)
                and ($6::text is null or g.state = $6)
                and ($7::float8 is null or n.value >= $7 and n.value < 'infinity')
                and ($8::float8 is null or n.value < $8)
                and ($15::float8 is null or g.confidence >= $15)
                and ($18::uuid[] is null or s.token_id = any ($18))
                and ($16::float8 is null or g.roi_net >= $16 and g.roi_net < 'infinity')
                and ($17::float8 is null or g.roi_net < $17)
                and ($9::timestamptz is null or g.decided_at >= $9)
                and ($10::timestamptz is null or g.decided_at < $10)
                and ($11::\(cast) is null or (\(sort.key), g.id) \(way) ($11, $12::uuid))
            order by \(sort.key) \(order), g.id \(order) limit $13
            """
    }

    static let listsNow = Dictionary(
        uniqueKeysWithValues: SignalSort.allCases.map {
            ($0, Statement("signal_list", derived: list(now, gradeNow, $0)))
        })
    static let listsThen = Dictionary(
        uniqueKeysWithValues: SignalSort.allCases.map {
            (
                $0,
                Statement(
                    "signal_list_then",
                    derived: list(then(returns: "$19::bool", cost: "$20::float8"), gradeThen, $0))
            )
        })

    private static func get(_ source: String, _ grade: String) -> String {
        """
        select \(SeriesRecord.columns), \(columns)
        from \(source) g join series s on s.id = g.series
            \(SeriesRecord.ticker(known: "$1")) \(grade)
        where $1::timestamptz is not distinct from $1 and g.id = $2
        """
    }

    static let getNow = Statement("signal_get", derived: get(now, gradeNow))
    static let getThen = Statement(
        "signal_get_then", derived: get(then(returns: "false", cost: "0"), gradeThen))

    nonisolated(nonsending) static func list(
        _ filter: Filter, sort: SignalSort, after: [String]?, limit: Int, in database: Database
    ) async throws -> [ListedSignal] {
        guard let statement = (filter.asOf == nil ? listsNow : listsThen)[sort] else { return [] }
        let key: Parameter =
            sort.isByTime
            ? .timestamp(after.flatMap { Int64($0[0]) }.map { Timestamp(microseconds: $0) })
            : .double(after.flatMap { Double($0[0]) })
        var parameters: [Parameter] = [
            .timestamp(filter.asOf), .id(filter.token), .text(filter.interval?.rawValue),
            .text(filter.source), .text(filter.direction?.rawValue), .text(filter.state?.rawValue),
            .double(filter.grade.atLeast), .double(filter.grade.below), .timestamp(filter.from),
            .timestamp(filter.to), key, .id(after.flatMap { SignalID($0[1]) }), .int(limit),
            .int16(Int16(filter.model.number)), .double(filter.confidence), .double(filter.roiNet.atLeast),
            .double(filter.roiNet.below), .tokens(filter.tokens),
        ]
        if filter.asOf != nil {
            let isByReturns = filter.roiNet.atLeast != nil || filter.roiNet.below != nil || sort.isByReturns
            parameters += [.bool(isByReturns), .double(filter.model.settings.costPerSide)]
        }
        return try await database.report(statement, parameters: parameters).compactMap(
            ListedSignal.init)
    }

    nonisolated(nonsending) static func get(
        _ id: SignalID, asOf: Timestamp?, in database: Database
    ) async throws -> ListedSignal? {
        try await database.query(asOf == nil ? getNow : getThen, .timestamp(asOf), .id(id)).first
            .flatMap(ListedSignal.init)
    }
}
