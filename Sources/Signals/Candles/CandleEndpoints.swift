package import Access
import HTTPServer
import JSON
import Kernel
package import Postgres

/// `/v1/series`, `/v1/candles`, `/v1/gaps`.
package struct CandleEndpoints {
    private let database: Database
    private let finder: SeriesFinder
    let kept = KeptPages()

    package init(database: Database) {
        self.database = database
        finder = SeriesFinder(database: database)
    }

    package var operations: [Operation] {
        [
            Operation(
                .get, "/v1/series", id: "listSeries", requires: .permission(.candlesRead), bodyLimit: 0
            ) { request, context in try await series(request, context) },
            Operation(
                .get, "/v1/candles", id: "listCandles", requires: .permission(.candlesRead),
                errors: [.notFound], bodyLimit: 0
            ) { request, context in try await candles(request, context) },
            Operation(.get, "/v1/gaps", id: "listGaps", requires: .permission(.candlesRead), bodyLimit: 0) {
                request, context in try await gaps(request, context)
            },
        ]
    }

    private nonisolated(nonsending) func candles(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        var parameters = try request.parameters()
        let token = parameters.required("token") { $0.token() }
        let interval = parameters.required("interval") { $0.interval() }
        let source = parameters.source()
        let base = parameters.base(of: interval)
        var range = TimeRange(&parameters, now: context.now)
        let isAscending = parameters.choice("sort", TimeSort.self) == .up
        let limit = parameters.limit(upTo: 1_000)
        range.narrow(parameters.cursor(parts: 1), isAscending)
        try parameters.finish()
        guard let token, let interval else { throw Problem(.invalidParameter, "") }
        let series = try await finder.readable(token, interval, source, base: base, asOf: range.asOf)
        let question = KeptPages.Question(
            series: series.stored.id, interval: interval, from: range.from, to: range.to, asOf: range.asOf,
            isAscending: isAscending, limit: limit)
        let standing = KeptPages.Standing(series)
        if let page = kept.page(question, standing) { return Self.response(page) }
        let page = KeptBody(try await page(series, range, isAscending: isAscending, limit: limit))
        kept.keep(page, question, standing)
        return Self.response(page)
    }

    private static func response(_ page: KeptBody) -> Response {
        Response(.ok, type: "application/json", body: .kept(page))
    }

    private nonisolated(nonsending) func page(
        _ series: ReadSeries, _ range: TimeRange, isAscending: Bool, limit: Int
    ) async throws -> [UInt8] {
        let (found, cutAt) = try await DerivedReads.list(
            series, range, isAscending: isAscending, limit: limit + 1, in: database)
        let missing = try await finder.missingLast100(series, asOf: range.asOf)
        let page = Page(found, limit: limit, cut: cutAt.map { [String($0.microseconds)] }) {
            [String($0.candle.openTime.microseconds)]
        }
        // What is kept has no room to spare, and nothing grows by doubling on its way there.
        var w = JSONWriter(capacity: 512 + page.items.count * 208)
        w.object { w in
            w.object("series") { w in w.names(of: series) }
            w.field("missing_last_100", missing)
            w.array("data", page.items) { w, candle in w.value(candle) }
            w.field("next_cursor", page.next)
        }
        return w.bytes
    }

    private nonisolated(nonsending) func series(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        var parameters = try request.parameters()
        let limit = parameters.limit()
        let mark = parameters.mark
        let cursor = parameters.cursor(parts: 2, of: mark)
        let reference = parameters.token()
        let source = parameters.source()
        let interval = parameters.interval()
        let asOf = parameters.asOf(context.now)
        try parameters.finish()
        let token = try await known(reference, asOf ?? .forever)
        if reference != nil && token == nil { return Self.empty }
        let key = { (series: SeriesSummary) in [series.symbol, String(series.id)] }
        var found = try await SeriesReads.list(
            token, source, interval, asOf: asOf, after: cursor?.parts, limit: limit + 1, in: database)
        var cut: [String]?
        if let asOf {
            let counted = try await SeriesReads.counted(found, asOf: asOf, in: database)
            cut = counted.count < found.count ? counted.last.map(key) : nil
            found = counted
        }
        let page = Page(found, limit: limit, cut: cut, of: mark, cursor: key)
        return .object { w in
            w.array("data", page.items) { w, series in w.value(series) }
            w.field("next_cursor", page.next)
        }
    }

    private nonisolated(nonsending) func gaps(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        var parameters = try request.parameters()
        let reference = parameters.token()
        let interval = parameters.interval()
        let source = parameters.source()
        let range = TimeRange(&parameters, now: context.now)
        let limit = parameters.limit()
        let mark = parameters.mark
        let cursor = parameters.cursor(parts: 2, of: mark)
        try parameters.finish()
        let token = try await known(reference, range.asOf)
        if reference != nil && token == nil { return Self.empty }
        let wanted = GapReads.Wanted(token: token, source: source, interval: interval, range: range)
        let (found, cut) = try await GapReads.list(
            wanted, after: GapReads.Place(cursor?.parts), limit: limit + 1, in: database)
        let page = Page(found, limit: limit, cut: cut?.parts, of: mark) { $0.place.parts }
        return .object { w in
            w.array("data", page.items) { w, item in
                w.object { w in
                    w.names(of: item.series)
                    w.field("from", item.gap.first.description)
                    w.field("to", item.gap.last.description)
                    w.field("missing", item.gap.count)
                }
            }
            w.field("next_cursor", page.next)
        }
    }

    private nonisolated(nonsending) func known(
        _ reference: SeriesFinder.TokenReference?, _ asOf: Timestamp = .forever
    ) async throws -> TokenID? {
        guard let reference else { return nil }
        do {
            return try await finder.token(reference, asOf: asOf)
        } catch let problem as Problem where problem.code == .notFound {
            return nil
        }
    }

    /// A filter that nothing passes.
    private static var empty: Response {
        .object { w in
            w.array("data") { _ in }
            w.null("next_cursor")
        }
    }
}

enum TimeSort: String, CaseIterable {
    case up = "time"
    case down = "-time"
}

/// Open times that are asked for, `[from, to)`, as they were known at a time.
struct TimeRange {
    var from: Timestamp
    var to: Timestamp
    var asOf: Timestamp

    init(from: Timestamp, to: Timestamp, asOf: Timestamp) {
        (self.from, self.to, self.asOf) = (from, to, asOf)
    }

    init(_ parameters: inout Parameters, now: Timestamp) {
        let times = parameters.fromTo()
        (from, to) = (times.from ?? .never, times.to ?? .forever)
        asOf = parameters.asOf(now) ?? .forever
    }

    /// To what lies behind the last item of the page before.
    mutating func narrow(_ cursor: Cursor?, _ isAscending: Bool) {
        guard let cursor, let last = Int64(cursor.parts[0]) else { return }
        if isAscending {
            from = max(from, Timestamp(microseconds: last &+ 1))
        } else {
            to = min(to, Timestamp(microseconds: last))
        }
    }
}
