import Access
import HTTPServer
import JSON
import Kernel
import Postgres
import Signals

/// `/v1/movers`.
struct MoverEndpoints {
    let database: Database

    var operations: [Operation] {
        [
            Operation(
                .get, "/v1/movers", id: "listMovers", requires: .permission(.signalsRead),
                errors: [.notFound], bodyLimit: 0
            ) { request, context in try await list(request, context) }
        ]
    }

    private nonisolated(nonsending) func list(_ request: Request, _ context: Context) async throws -> Response
    {
        var parameters = try request.parameters()
        let moment = MarketMoment(&parameters, now: context.now)
        let window = parameters.required("window") { parameters in
            parameters.parsed("window", expected: MoverWindow.expected) { MoverWindow($0) }
        }
        let minVolume = parameters.parsed("min_volume", expected: "a number that is not negative") { text in
            Double(text).flatMap { $0 >= 0 && $0.isFinite ? $0 : nil }
        }
        let watchlist = parameters.watchlist()
        let limit = parameters.limit()
        if let moment, let mistake = window?.mistake(over: moment.interval) {
            parameters.fail("window", code: FieldCode.outOfRange, mistake)
        }
        try parameters.finish()
        guard let moment, let window else { throw Problem(.invalidParameter, "") }
        try await moment.limit(
            candles: window.candles(of: moment.interval), field: "window", in: database)
        let tokens = try await WatchedTokens.of(watchlist, for: context, asOf: moment.asOf, in: database)
        let movers = try await Movers.read(
            moment, over: window, minVolume: minVolume ?? 0, among: tokens, limit: limit, in: database)
        let seesCandles = context.may(.candlesRead)
        return .object { w in
            moment.write(to: &w)
            w.field("window", window.text)
            w.field("min_volume", minVolume ?? 0)
            w.field("newest", movers.newest?.description)
            w.field("counts", movers.counts)
            for side in Mover.Side.allCases {
                w.array(side.rawValue, movers.sides[side] ?? []) { w, mover in
                    mover.write(seesCandles: seesCandles, to: &w)
                }
            }
        }
    }
}
