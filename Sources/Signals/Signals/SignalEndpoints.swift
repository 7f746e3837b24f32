package import Access
import HTTPServer
import JSON
import Kernel
package import Postgres

/// `/v1/signals`.
package struct SignalEndpoints {
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
                .get, "/v1/signals", id: "listSignals", requires: .permission(.signalsRead),
                errors: [.notFound], bodyLimit: 0
            ) { request, context in try await list(request, context) },
            Operation(
                .get, "/v1/signals/calibration", id: "getSignalCalibration",
                requires: .permission(.signalsRead), bodyLimit: 0
            ) { request, context in try await calibration(request, context) },
            Operation(
                .get, "/v1/signals/{signal_id}", id: "getSignal", requires: .permission(.signalsRead),
                errors: [.notFound], bodyLimit: 0
            ) { request, context in try await get(request, context) },
        ]
    }

    private nonisolated(nonsending) func list(_ request: Request, _ context: Context) async throws -> Response
    {
        var parameters = try request.parameters()
        let token = parameters.token()
        let watchlist = parameters.watchlist()
        var filter = SignalReads.Filter(model: parameters.model() ?? told)
        filter.interval = parameters.interval()
        filter.source = parameters.source()
        filter.direction = parameters.choice("direction", Signal.Direction.self)
        filter.state = parameters.choice("state", Signal.State.self)
        filter.grade = parameters.grades(of: filter.model)
        filter.confidence = parameters.grade("confidence_gte")
        filter.roiNet = .init(
            atLeast: parameters.number("roi_net_gte"), below: parameters.number("roi_net_lt"))
        (filter.from, filter.to) = parameters.fromTo()
        filter.asOf = parameters.asOf(context.now)
        let sort = parameters.choice("sort", SignalSort.self) ?? .decidedAtDown
        if sort.isOfNowAlone && filter.asOf != nil {
            parameters.fail("sort", code: FieldCode.notAChoice, "by the path of the price is of now alone")
        }
        let limit = parameters.limit()
        let mark = parameters.mark
        let cursor = parameters.cursor(parts: 2, of: mark)
        try parameters.finish()
        if let token { filter.token = try await finder.token(token, asOf: filter.asOf) }
        filter.tokens = try await WatchedTokens.of(watchlist, for: context, asOf: filter.asOf, in: database)
        var found = try await SignalReads.list(
            filter, sort: sort, after: cursor?.parts, limit: limit + 1, in: database)
        let key = { (signal: ListedSignal) in [sort.key(of: signal), signal.id.description] }
        var cut: [String]?
        if let asOf = filter.asOf {
            let told = try await SignalReturns.told(found, asOf: asOf, in: database)
            cut = told.count < found.count ? told.last.map(key) : nil
            found = told
        }
        let page = Page(found, limit: limit, cut: cut, of: mark, cursor: key)
        return .object { w in
            w.array("data", page.items) { w, signal in w.value(signal) }
            w.field("next_cursor", page.next)
        }
    }

    private nonisolated(nonsending) func calibration(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        var parameters = try request.parameters()
        let model = parameters.model() ?? told
        let interval = parameters.interval() ?? .day
        let source = parameters.source()
        let asOf = parameters.asOf(context.now)
        try parameters.finish()
        let calibration = try await Calibration.read(model, interval, source, asOf: asOf, in: database)
        return .object { w in
            w.field("model", model.rawValue)
            w.field("interval", interval.rawValue)
            w.field("source", source)
            calibration.write(&w)
        }
    }

    private nonisolated(nonsending) func get(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        guard let id = SignalID(request.pathParameter("signal_id")) else { throw Problem.notFound("signal") }
        var parameters = try request.parameters()
        let asOf = parameters.asOf(context.now)
        try parameters.finish()
        guard var signal = try await SignalReads.get(id, asOf: asOf, in: database) else {
            throw Problem.notFound("signal")
        }
        if let asOf {
            signal = try await SignalReturns.told([signal], asOf: asOf, in: database).first ?? signal
        }
        return Response.json { w in w.value(signal) }
    }
}
