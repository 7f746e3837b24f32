package import Access
import HTTPServer
import JSON
import Kernel
package import Postgres

/// `/v1/levels`.
package struct LevelEndpoints {
    private let database: Database
    private let finder: SeriesFinder

    package init(database: Database) {
        self.database = database
        finder = SeriesFinder(database: database)
    }

    package var operations: [Operation] {
        [
            Operation(
                .get, "/v1/levels", id: "getLevels", requires: .permission(.signalsRead),
                errors: [.notFound], bodyLimit: 0
            ) { request, context in try await get(request, context) }
        ]
    }

    private nonisolated(nonsending) func get(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        var parameters = try request.parameters()
        let token = parameters.required("token") { $0.token() }
        let interval = parameters.required("interval") { $0.interval() }
        let source = parameters.source()
        let asOf = parameters.asOf(context.now) ?? .forever
        try parameters.finish()
        guard let token, let interval else { throw Problem.notFound("series") }
        let found = try await finder.readable(token, interval, source, base: interval, asOf: asOf)
        let series = found.stored
        let candles = try await CandleReads.newestClosed(series.id, asOf: asOf, in: database)
        var stream = LevelStream()
        for candle in candles { stream.update(candle) }
        let missing = try await finder.missingLast100(found, asOf: asOf)
        return Response.json { w in
            w.object { w in
                w.names(of: series)
                w.field("missing_last_100", missing)
                Self.write(stream.levels, candles, seesCandles: context.may(.candlesRead), &w)
            }
        }
    }
}

// MARK: What the answer says

extension LevelEndpoints {
    private static func write(
        _ levels: Levels?, _ candles: [Candle], seesCandles: Bool, _ w: inout JSONWriter
    ) {
        w.field("time", candles.last?.openTime.description)
        w.field("close", seesCandles ? levels?.close : nil)
        w.field("atr14", levels?.atr14)
        let all = levels?.all ?? []
        w.array("levels", all.indices) { w, index in
            w.object { w in
                let level = all[index]
                let close = levels?.close ?? level.price
                w.field("price", level.price)
                w.field("kind", level.price < close ? "support" : "resistance")
                w.field("strength", level.strength)
                w.field("touches", level.touches)
                w.field("first_touched", candles[candles.count - 1 - level.oldestAge].openTime.description)
                w.field("last_touched", candles[candles.count - 1 - level.newestAge].openTime.description)
                // Of a distance and a price anybody makes the close.
                w.field("distance", seesCandles ? level.price / close - 1 : nil)
                let beyond = level.price < close ? index - 1 : index + 1
                w.field("next_level", all.indices.contains(beyond) ? all[beyond].price : nil)
            }
        }
        w.object("next_level") { w in
            w.field("up", levels?.nearestResistance?.price)
            w.field("down", levels?.nearestSupport?.price)
        }
    }
}
