package import Access
import HTTPServer
import Indicators
import JSON
import Kernel
package import Postgres

/// `/v1/indicators`.
package struct IndicatorEndpoints {
    private let finder: SeriesFinder
    private let reads: IndicatorReads

    package init(database: Database) {
        reads = IndicatorReads(database: database)
        finder = SeriesFinder(database: database)
    }

    package var operations: [Operation] {
        [
            Operation(
                .get, "/v1/indicators", id: "listIndicators", requires: .permission(.signalsRead),
                errors: [.notFound], bodyLimit: 0
            ) { request, context in try await list(request, context) }
        ]
    }

    private nonisolated(nonsending) func list(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        var parameters = try request.parameters()
        let token = parameters.token()
        let interval = parameters.interval()
        let source = parameters.source()
        let base = parameters.base(of: interval)
        let names = Self.names(&parameters)
        var range = TimeRange(&parameters, now: context.now)
        let isAscending = parameters.choice("sort", TimeSort.self) == .up
        let limit = parameters.limit(upTo: 1_000)
        range.narrow(parameters.cursor(parts: 1), isAscending)
        if (token == nil) != (interval == nil) {
            let absent = token == nil ? "token" : "interval"
            parameters.fail(absent, code: FieldCode.missing, "is required: token and interval come together")
        }
        try parameters.finish()
        guard let token, let interval else { return Self.catalogue(names) }
        let series = try await finder.readable(token, interval, source, base: base, asOf: range.asOf)
        let (values, cutAt) = try await reads.page(
            names, series, range, isAscending: isAscending, limit: limit + 1)
        let missing = try await finder.missingLast100(series, asOf: range.asOf)
        let page = Page(values, limit: limit, cut: cutAt.map { [String($0.microseconds)] }) {
            [String($0.time.microseconds)]
        }
        let seesCandles = context.may(.candlesRead)
        return .object { w in
            w.object("series") { w in w.names(of: series) }
            w.field("missing_last_100", missing)
            w.array("data", page.items) { w, row in Self.write(row, names, seesCandles: seesCandles, &w) }
            w.field("next_cursor", page.next)
        }
    }

    /// One pass computes all of them, so their number bounds what a candle costs.
    private static let mostNames = 40
    private static let mostLetters = 1_000

    /// In the order in which they are asked for.
    private static func names(_ parameters: inout Parameters) -> [IndicatorName] {
        guard let text = parameters.text("names", 1...mostLetters) else { return IndicatorName.standard }
        let written = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard written.count <= mostNames, Set(written).count == written.count else {
            parameters.fail(
                "names", code: FieldCode.malformed,
                "must be at most \(mostNames) names of indicators, divided by commas, each once")
            return []
        }
        do throws(IndicatorMistake) {
            return try written.map { (name) throws(IndicatorMistake) in try IndicatorName(name) }
        } catch {
            parameters.fail("names", code: FieldCode.malformed, error.description)
            return []
        }
    }

    private static func write(
        _ row: IndicatorReads.Row, _ names: [IndicatorName], seesCandles: Bool, _ w: inout JSONWriter
    ) {
        w.object { w in
            w.field("time", row.time.description)
            w.field("close", seesCandles ? row.close : nil)
            w.object("values") { w in
                for (name, value) in zip(names, row.values) { w.field(name.text, value) }
            }
        }
    }

    private static func catalogue(_ names: [IndicatorName]) -> Response {
        .object { w in
            w.array("data", names) { w, name in
                w.object { w in
                    w.field("name", name.text)
                    w.field("title", name.line.title)
                    w.field("formula", name.line.formula)
                    w.object("parameters") { w in
                        for (parameter, value) in name.described {
                            w.number(parameter.name, value, isWhole: parameter.isWhole)
                        }
                    }
                    w.object("bounds") { w in
                        for (parameter, _) in name.described {
                            w.object(parameter.name) { w in
                                w.number("minimum", parameter.minimum, isWhole: parameter.isWhole)
                                w.number("maximum", parameter.maximum, isWhole: parameter.isWhole)
                                w.field("whole", parameter.isWhole)
                            }
                        }
                    }
                    w.field("look_back", name.lookBack)
                    w.field("first_stable", name.firstStable)
                }
            }
            w.null("next_cursor")
        }
    }
}

extension JSONWriter {
    fileprivate mutating func number(_ name: String, _ value: Double, isWhole: Bool) {
        if isWhole { field(name, Int(value)) } else { field(name, value) }
    }
}
