package import Access
import HTTPServer
import JSON
import Kernel
package import Postgres

/// `/v1/grades/trader`.
package struct GradeEndpoints {
    private let database: Database
    private let finder: SeriesFinder
    /// The model of those who name none.
    private let told: GradeModel

    package init(database: Database, told: GradeModel = GradeModels.usual.told) {
        (self.database, self.told) = (database, told)
        finder = SeriesFinder(database: database)
    }

    package var operations: [Operation] {
        [
            Operation(
                .get, "/v1/grades/trader", id: "listTraderGrades", requires: .permission(.signalsRead),
                errors: [.notFound], bodyLimit: 0
            ) { request, context in try await list(request, context) }
        ]
    }

    private struct Demand {
        var token: SeriesFinder.TokenReference?
        var watchlist: WatchlistID?
        var interval: Interval?
        var source: String?
        var model: GradeModel
        var range: TimeRange
        var filter: GradeReads.Filter
        var hasWhy: Bool
        var sort: GradeReads.Sort
        var limit: Int
        var mark: String
        var cursor: [String]?
    }

    private nonisolated(nonsending) func list(_ request: Request, _ context: Context) async throws -> Response
    {
        let demand = try demand(request, context)
        let found = try await find(demand, context)
        let isOfSeries = demand.token != nil
        let page = Page(found, limit: demand.limit, of: demand.mark) { grade in
            let time = String(grade.time.microseconds)
            if isOfSeries { return [time] }
            return [demand.sort.isByGrade ? "\(grade.value)" : time, "\(grade.series.id)"]
        }
        let why =
            demand.hasWhy
            ? try await why(page.items, of: demand.model, asOf: demand.range.asOf) : [:]
        return .object { w in
            w.array("data", page.items) { w, grade in
                let reason = demand.hasWhy ? GradeReason(grade, why[grade.series.id]?[grade.time]) : nil
                Self.write(grade, reason, &w)
            }
            w.field("next_cursor", page.next)
        }
    }

    private func demand(_ request: Request, _ context: Context) throws -> Demand {
        var parameters = try request.parameters()
        let token = parameters.token()
        let model = parameters.model() ?? told
        var demand = Demand(
            token: token, watchlist: parameters.watchlist(),
            interval: parameters.required("interval") { $0.interval() },
            source: parameters.source(), model: model, range: TimeRange(&parameters, now: context.now),
            filter: parameters.grades(of: model),
            hasWhy: parameters.bool("why", default: false),
            sort: parameters.choice("sort", GradeReads.Sort.self) ?? (token == nil ? .best : .down),
            limit: parameters.limit(upTo: 1_000), mark: "", cursor: nil)
        if token != nil && demand.sort.isByGrade {
            parameters.fail("sort", code: FieldCode.notAChoice, "must be time or -time with token")
        }
        if token != nil && demand.watchlist != nil {
            parameters.fail("watchlist", code: FieldCode.notAChoice, "is not taken with token")
        }
        if token == nil && (demand.range.from != .never || demand.range.to != .forever) {
            parameters.fail("from", code: FieldCode.notAChoice, "and to need a token")
        }
        demand.mark = parameters.mark
        let cursor = parameters.cursor(parts: token == nil ? 2 : 1, of: demand.mark)
        demand.cursor = cursor?.parts
        if token != nil { demand.range.narrow(cursor, demand.sort.isAscending) }
        try parameters.finish()
        return demand
    }

    private nonisolated(nonsending) func find(
        _ demand: Demand, _ context: Context
    ) async throws -> [StoredGrade] {
        guard let interval = demand.interval else { return [] }
        guard let token = demand.token else {
            var filter = demand.filter
            let asOf = demand.range.asOf == .forever ? nil : demand.range.asOf
            filter.tokens = try await WatchedTokens.of(
                demand.watchlist, for: context, asOf: asOf, in: database)
            return try await GradeReads.newest(
                interval, of: demand.model, demand.source, filter, asOf: demand.range.asOf, sort: demand.sort,
                after: demand.cursor, limit: demand.limit + 1, in: database)
        }
        let series = try await finder.series(token, interval, demand.source, asOf: demand.range.asOf)
        return try await GradeReads.list(
            series.id, of: demand.model, demand.range, demand.filter, isAscending: demand.sort.isAscending,
            limit: demand.limit + 1, in: database
        ).map { grade in
            var grade = grade
            grade.series.symbol = series.symbol
            return grade
        }
    }

    private nonisolated(nonsending) func why(
        _ grades: ArraySlice<StoredGrade>, of model: GradeModel, asOf: Timestamp
    ) async throws -> [Int: [Timestamp: Grade]] {
        let history = GradeHistory(database: database)
        var why: [Int: [Timestamp: Grade]] = [:]
        for (id, ofSeries) in Dictionary(grouping: grades, by: \.series.id) {
            let times = ofSeries.map(\.time)
            guard let first = times.min(), let last = times.max(), let series = ofSeries.first?.series else {
                continue
            }
            why[id] = try await history.grades(of: series, by: model, first...last, asOf: asOf)
        }
        return why
    }
}

// MARK: What the answer says

extension GradeEndpoints {
    private static func write(_ grade: StoredGrade, _ reason: GradeReason?, _ w: inout JSONWriter) {
        w.object { w in
            w.names(of: grade.series)
            w.field("time", grade.time.description)
            w.field("grade", grade.value)
            w.field("model", grade.model)
            w.field("parameters_hash", grade.parametersHash)
            w.field("zone", GradeZone(grade.value).rawValue)
            w.field("label", GradeModel(rawValue: grade.model)?.label(grade.value).rawValue)
            w.field("data_quality", grade.dataQuality)
            w.field("missing_last_100", grade.missing)
            w.field("retroactive", grade.isRetroactive)
            w.field("revision", grade.revision)
            w.field("known_at", grade.knownAt.description)
            write(CandleSpan(from: grade.firstTime, to: grade.time, count: grade.bars), &w)
            switch reason {
            case .known(let why): write(why, &w)
            case .unknown(let sentence):
                w.null("why")
                w.field("why_not", sentence)
            case nil: break
            }
        }
    }

    private static func write(_ span: CandleSpan?, _ w: inout JSONWriter) {
        guard let span else { return w.null("candles") }
        w.object("candles") { w in
            w.field("from", span.from.description)
            w.field("to", span.to.description)
            w.field("count", span.count)
        }
    }

    private static func write(_ why: Grade, _ w: inout JSONWriter) {
        w.object("why") { w in
            w.field("sentence", why.sentence)
            w.field("delta_vs_previous", why.deltaVsPrevious)
            w.array("components", why.components) { w, component in write(component, &w) }
        }
    }

    private static func write(_ component: GradeComponent, _ w: inout JSONWriter) {
        w.object { w in
            w.field("name", component.name)
            w.field("weight", component.effectiveWeight)
            w.field("nominal_weight", component.weight)
            w.field("score", component.score)
            w.field("contribution", component.contribution)
            w.object("inputs") { w in
                for input in component.inputs { w.field(input.name, input.value) }
            }
            w.field("formula", component.formula)
            write(component.candles, &w)
            if !component.children.isEmpty {
                w.array("components", component.children) { w, child in write(child, &w) }
            }
        }
    }
}
