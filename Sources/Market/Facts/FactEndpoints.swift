import Access
import Events
import HTTPServer
import JSON
import Kernel
import Postgres
import Signals

/// `/v1/facts` and `/v1/token-metrics`: what others know of tokens.
struct FactEndpoints {
    let ledger: Ledger

    var operations: [Operation] {
        let metrics = "/v1/token-metrics"
        return [
            Operation(
                .get, "/v1/facts", id: "listFacts", requires: .permission(.signalsRead),
                errors: [.notFound], bodyLimit: 0, handle: facts),
            Operation(
                .post, "/v1/facts", id: "uploadFacts", requires: .permission(.factsWrite),
                errors: [.rowsRefused], bodyLimit: 0, repeats: .nothing
            ) { request, context in
                var upload = SuppliedUpload(
                    ledger, context, action: "facts.write",
                    parse: { fields, now throws(FieldErrors) in try SuppliedRow(fact: fields, now: now) },
                    store: { try await FactStore.write($0, in: $1) })
                return try await upload.receive(request)
            },
            Operation(
                .get, metrics, id: "listTokenMetrics", requires: .permission(.signalsRead),
                errors: [.notFound], bodyLimit: 0, handle: series),
            Operation(
                .post, metrics, id: "uploadTokenMetrics", requires: .permission(.factsWrite),
                errors: [.rowsRefused], bodyLimit: 0, repeats: .nothing
            ) { request, context in
                var upload = SuppliedUpload(
                    ledger, context, action: "token_metrics.write",
                    parse: { fields, now throws(FieldErrors) in
                        try SuppliedRow(observation: fields, now: now)
                    },
                    store: { try await MetricStore.write($0, in: $1) })
                return try await upload.receive(request)
            },
            Operation(
                .delete, metrics, id: "deleteTokenMetric", requires: .permission(.factsWrite),
                errors: [.notFound], bodyLimit: 0, handle: delete),
            Operation(
                .get, metrics + "/observations", id: "listTokenMetricObservations",
                requires: .permission(.signalsRead), errors: [.notFound], bodyLimit: 0, handle: observations),
        ]
    }

    private nonisolated(nonsending) func facts(_ request: Request, _ context: Context) async throws
        -> Response
    {
        var parameters = try request.parameters()
        let token = parameters.token()
        var filter = FactStore.Filter()
        filter.name = parameters.suppliedName("name")
        filter.source = parameters.source()
        filter.showsExpired = parameters.bool("expired", default: false)
        filter.asOf = parameters.asOf(context.now)
        let limit = parameters.limit()
        let mark = parameters.mark
        let cursor = parameters.cursor(parts: 3, of: mark)
        try parameters.finish()
        if let token {
            filter.token = try await SeriesFinder(database: ledger.database).token(token, asOf: filter.asOf)
        }
        let found = try await FactStore.list(
            filter, at: context.now, after: cursor?.parts, limit: limit + 1, in: ledger.database)
        let page = Page(found, limit: limit, of: mark) { [$0.entry.token.description, $0.name, $0.source] }
        let moment = filter.asOf ?? context.now
        return .object { w in
            w.array("data", page.items) { w, fact in fact.write(at: moment, to: &w) }
            w.field("next_cursor", page.next)
        }
    }

    private nonisolated(nonsending) func series(_ request: Request, _ context: Context) async throws
        -> Response
    {
        var parameters = try request.parameters()
        let token = parameters.token()
        var filter = MetricStore.Filter()
        filter.metric = parameters.suppliedName("metric")
        filter.source = parameters.source()
        filter.asOf = parameters.asOf(context.now)
        let limit = parameters.limit()
        let mark = parameters.mark
        let cursor = parameters.cursor(parts: 1, of: mark)
        try parameters.finish()
        let database = ledger.database
        if let token {
            filter.token = try await SeriesFinder(database: database).token(token, asOf: filter.asOf)
        }
        let found = try await MetricStore.series(
            filter, after: cursor.flatMap { Int32($0.parts[0]) }, limit: limit + 1, in: database)
        let page = Page(found, limit: limit, of: mark) { [String($0.id)] }
        var items = Array(page.items)
        if let asOf = filter.asOf { items = try await MetricStore.counted(items, asOf: asOf, in: database) }
        return .object { w in
            w.array("data", items) { w, series in Self.write(series, &w) }
            w.field("next_cursor", page.next)
        }
    }

    private nonisolated(nonsending) func observations(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        var parameters = try request.parameters()
        let named = parameters.namedSeries()
        let times = parameters.fromTo()
        let from = times.from ?? Timestamp(microseconds: .min)
        var to = times.to ?? .farFuture
        let asOf = parameters.asOf(context.now)
        let limit = parameters.limit(upTo: 1_000)
        let mark = parameters.mark
        let cursor = parameters.cursor(parts: 1, of: mark)
        try parameters.finish()
        guard let named else { throw Problem(.invalidParameter, "") }
        if let last = cursor.flatMap({ Int64($0.parts[0]) }) {
            to = min(to, Timestamp(microseconds: last))
        }
        let database = ledger.database
        let id = try await SeriesFinder(database: database).token(named.token, asOf: asOf)
        let filter = MetricStore.Filter(
            token: id, metric: named.metric, source: named.source, asOf: asOf)
        guard let series = try await MetricStore.series(filter, after: nil, limit: 1, in: database).first
        else { throw Problem.notFound("metric") }
        let found = try await MetricStore.observations(
            of: series.id, from: from, to: to, asOf: asOf, limit: limit + 1, in: database)
        let page = Page(found, limit: limit, of: mark) { [String($0.time.microseconds)] }
        return .object { w in
            w.array("data", page.items) { w, observation in
                w.object { w in
                    w.field("time", observation.time.description)
                    w.field("value", observation.value)
                    w.field("revision", observation.revision)
                    w.field("known_at", observation.knownAt.description)
                }
            }
            w.field("next_cursor", page.next)
        }
    }

    private nonisolated(nonsending) func delete(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        var parameters = try request.parameters()
        let named = parameters.namedSeries()
        let (from, to) = parameters.fromTo()
        try parameters.finish()
        guard let named else { throw Problem(.invalidParameter, "") }
        let deletion = MetricDeletion(
            token: try await SeriesFinder(database: ledger.database).token(named.token),
            metric: named.metric, source: named.source, from: from, to: to)
        let count = try await ledger.change(context) { try await deletion.run(in: $0) }
        guard let count else { throw Problem.notFound("metric") }
        return .object { w in w.field("deleted", count) }
    }

    private static func write(_ series: MetricStore.Listed, _ w: inout JSONWriter) {
        w.object { w in
            w.field("token_id", series.entry.token.description)
            w.field("symbol", series.entry.symbol)
            w.field("metric", series.metric)
            w.field("source", series.source)
            w.field("observations", series.observations)
            w.field("newest", series.newest?.description)
        }
    }
}

extension Parameters {
    /// Of one series of observations; nil, and told, when something of it is missing or wrong.
    fileprivate mutating func namedSeries() -> (
        token: SeriesFinder.TokenReference, metric: String, source: String
    )? {
        let token = required("token") { $0.token() }
        let metric = required("metric") { $0.suppliedName("metric") }
        let source = required("source") { $0.source() }
        guard let token, let metric, let source else { return nil }
        return (token, metric, source)
    }

    fileprivate mutating func suppliedName(_ name: String) -> String? {
        parsed(name, expected: SuppliedRow.nameExpected) { SuppliedRow.isName($0) ? $0 : nil }
    }
}
