package import Access
import HTTPServer
import JSON
import Kernel
package import Postgres

/// `/v1/indicators`.
package struct IndicatorEndpoints {
    private let database: Database
    private let finder: SeriesFinder

    package init(database: Database) {
        self.database = database
        finder = SeriesFinder(database: database)
    }

    package var operations: [Operation] {
        [
            Operation(
                .get, "/v1/indicators", id: "listIndicators", requires: .permission(.signalsRead),
                errors: [.notFound], bodyLimit: 0
            ) { request, _ in try await list(request) }
        ]
    }

    private nonisolated(nonsending) func list(_ request: Request) async throws -> Response {
        var parameters = try request.parameters()
        let token = parameters.token()
        let interval = parameters.interval()
        let source = parameters.source()
        let names = Self.names(&parameters)
        var range = TimeRange(&parameters)
        let isAscending = parameters.choice("sort", TimeSort.self) == .up
        let limit = parameters.limit(upTo: 1_000)
        range.narrow(parameters.cursor(parts: 1), isAscending)
        if (token == nil) != (interval == nil) {
            let absent = token == nil ? "token" : "interval"
            parameters.fail(absent, code: FieldCode.missing, "is required: token and interval come together")
        }
        try parameters.finish()
        guard let token, let interval else { return Self.catalogue(names) }
        let series = try await finder.series(token, interval, source)
        let values = try await values(series, range, isAscending, limit + 1)
        let missing = try await finder.missingLast100(series)
        let page = Page(values, limit: limit) { [String($0.time.microseconds)] }
        return .object { w in
            w.object("series") { w in w.names(of: series) }
            w.field("missing_last_100", missing)
            w.array("data", page.items) { w, bar in Self.write(bar, names, &w) }
            w.field("next_cursor", page.next)
        }
    }

    private struct Bar {
        var time: Timestamp
        var close: Double
        var values: [Double?]
    }

    private static func names(_ parameters: inout Parameters) -> [IndicatorName] {
        let names = parameters.parsed("names", expected: "names of indicators, divided by commas") { text in
            let names = text.split(separator: ",", omittingEmptySubsequences: false).map {
                IndicatorName(rawValue: String($0))
            }
            return names.contains(nil) ? nil : names.compactMap(\.self)
        }
        return IndicatorName.allCases.filter { names?.contains($0) ?? true }
    }

    /// From the series' beginning, since the on-balance volume counts from there; pages keep the loop free.
    private nonisolated(nonsending) func values(
        _ series: SeriesRecord, _ range: TimeRange, _ isAscending: Bool, _ limit: Int
    ) async throws -> [Bar] {
        var stream = IndicatorStream()
        var bars: [Bar] = []
        var rest = TimeRange(from: .never, to: range.to, asOf: range.asOf)
        while true {
            let page = try await CandleReads.closed(series.id, rest, in: database)
            for candle in page {
                let values = stream.update(candle.bar)
                if candle.openTime < range.from { continue }
                bars.append(Bar(time: candle.openTime, close: candle.close, values: values))
            }
            if isAscending && bars.count >= limit { return Array(bars.prefix(limit)) }
            bars = isAscending ? bars : Array(bars.suffix(limit))
            guard page.count == CandlePages.size, let last = page.last else { break }
            rest.from = Timestamp(microseconds: last.openTime.microseconds + 1)
            await Task.yield()
        }
        return isAscending ? bars : bars.reversed()
    }

    private static func write(_ bar: Bar, _ names: [IndicatorName], _ w: inout JSONWriter) {
        w.object { w in
            w.field("time", bar.time.description)
            w.field("close", bar.close)
            w.object("values") { w in
                for (name, value) in zip(IndicatorName.allCases, bar.values) where names.contains(name) {
                    w.field(name.rawValue, value)
                }
            }
        }
    }

    private static func catalogue(_ names: [IndicatorName]) -> Response {
        .object { w in
            w.array("data", names) { w, name in
                w.object { w in
                    w.field("name", name.rawValue)
                    w.field("title", name.title)
                    w.field("formula", name.formula)
                    w.object("parameters") { w in
                        for parameter in name.parameters { w.field(parameter.name, parameter.value) }
                    }
                    w.field("look_back", name.lookBack)
                    w.field("first_stable", name.firstStable)
                }
            }
            w.null("next_cursor")
        }
    }
}
