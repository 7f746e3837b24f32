import JSON
import Kernel
import Postgres
import Signals

/// The Trader Grade of a token on a day.
struct TraderGradeOfDay: Sendable {
    var name: TokenName
    var time: Timestamp
    var grade: Double
    /// Percent of the grade of the day before; nil without one.
    var change: Double?

    static let page = Statement(
        "tm_trader_grades",
        derived: """
            select k.number, t.symbol, g.time, g.value, (g.value / nullif(p.value, 0) - 1) * 100
            from token k join ticker t on t.token_id = k.id
            cross join lateral primary_series(k.id, '1d', $2) s
            join grade g on g.series = s.id and g.model_number = $10
                and g.time >= coalesce($6, s.last_closed - interval '29 days')
                and g.time < coalesce($7::timestamptz, 'infinity')
            left join grade p on p.series = g.series and p.model_number = g.model_number
                and p.time = g.time - interval '1 day'
            \(ListParameters.chosen)
                and ($8::float8 is null or g.value >= $8)
                and ($9::float8 is null or (g.value / nullif(p.value, 0) - 1) * 100 >= $9)
            order by k.number, g.time desc limit $4 offset $5
            """)

    struct Filter {
        var atLeast: Double?
        var changeAtLeast: Double?

        var isEmpty: Bool { atLeast == nil && changeAtLeast == nil }
    }

    nonisolated(nonsending) static func list(
        _ ask: Ask, _ days: DayRange, _ filter: Filter, by model: GradeModel, in database: Database
    ) async throws -> [TraderGradeOfDay] {
        guard let parameters = try await ListParameters(ask, in: database) else { return [] }
        let rows = try await database.query(
            page,
            parameters: parameters.all + [
                .timestamp(days.from), .timestamp(days.to), .double(filter.atLeast),
                .double(filter.changeAtLeast), .int16(Int16(model.number)),
            ])
        return rows.map { row in
            TraderGradeOfDay(
                name: TokenName(row), time: row.timestamp(2), grade: row.double(3),
                change: row.optionalDouble(4))
        }
    }

    /// The grade is one model's; parts that would be a technical and a quantitative grade are not known.
    func write(to w: inout JSONWriter) {
        w.names(of: name)
        w.time(time, .day)
        w.null("TA_GRADE")
        w.null("QUANT_GRADE")
        w.field("TM_TRADER_GRADE", grade)
        w.field("TM_TRADER_GRADE_24H_PCT_CHANGE", change)
    }
}

/// The Investor Grade of a token on a day that has a candle; null where it was not graded.
struct InvestorGradeOfDay: Sendable {
    var name: TokenName
    var time: Timestamp
    var grade: Double?
    var change: Double?

    static let page = Statement(
        "tm_investor_grades",
        derived: """
            select k.number, t.symbol, c.open_time, i.value, (i.value / nullif(i.week_before, 0) - 1) * 100
            from token k join ticker t on t.token_id = k.id
            cross join lateral primary_series(k.id, '1d', $2) s
            join candle c on c.series = s.id and c.closed
                and c.open_time >= coalesce($6, s.last_closed - interval '29 days')
                and c.open_time < coalesce($7::timestamptz, 'infinity')
            left join lateral (
                select g.value, (select w.value from investor_grade w where w.token_id = g.token_id
                    and w.source = g.source and w.time = g.time - interval '7 days') as week_before
                from investor_grade g
                where g.token_id = k.id and g.source = s.source and g.time = c.open_time
            ) i on true
            \(ListParameters.chosen)
                and ($8::float8 is null or i.value >= $8)
            order by k.number, c.open_time desc limit $4 offset $5
            """)

    nonisolated(nonsending) static func list(
        _ ask: Ask, _ days: DayRange, atLeast: Double?, in database: Database
    ) async throws -> [InvestorGradeOfDay] {
        guard let parameters = try await ListParameters(ask, in: database) else { return [] }
        let rows = try await database.query(
            page,
            parameters: parameters.all + [
                .timestamp(days.from), .timestamp(days.to), .double(atLeast),
            ])
        return rows.map { row in
            InvestorGradeOfDay(
                name: TokenName(row), time: row.timestamp(2), grade: row.optionalDouble(3),
                change: row.optionalDouble(4))
        }
    }

    func write(to w: inout JSONWriter) {
        w.names(of: name)
        w.time(time, .day)
        w.field("TM_INVESTOR_GRADE", grade)
        w.field("TM_INVESTOR_GRADE_7D_PCT_CHANGE", change)
        w.null("FUNDAMENTAL_GRADE")
        w.null("TECHNOLOGY_GRADE")
        w.null("VALUATION_GRADE")
    }
}
