package import Access
import HTTPServer
import JSON
import Kernel
package import Postgres
package import Signals

/// `/v2`: what clients of Token Metrics ask for, answered from what is known here. Whatever is not known is
/// null.
package struct TokenMetricsEndpoints {
    private let database: Database
    /// The model whose grades and signals are told.
    private let told: GradeModel

    package init(database: Database, told: GradeModel = GradeModels.usual.told) {
        (self.database, self.told) = (database, told)
    }

    package var operations: [Operation] {
        [
            read("tokens", "tokenMetricsTokens", .tokensRead, tokens),
            read("top-market-cap-tokens", "tokenMetricsTopTokens", .tokensRead, topTokens),
            read("price", "tokenMetricsPrices", .candlesRead, prices),
            read("daily-ohlcv", "tokenMetricsDailyCandles", .candlesRead, dailyCandles),
            read("hourly-ohlcv", "tokenMetricsHourlyCandles", .candlesRead, hourlyCandles),
            read("trader-grades", "tokenMetricsTraderGrades", .signalsRead, traderGrades),
            read("investor-grades", "tokenMetricsInvestorGrades", .signalsRead, investorGrades),
            read("trading-signals", "tokenMetricsSignals", .signalsRead, signals),
            read("hourly-trading-signals", "tokenMetricsHourlySignals", .signalsRead, hourlySignals),
            read("market-metrics", "tokenMetricsMarket", .signalsRead, market),
            read("resistance-support", "tokenMetricsLevels", .signalsRead, levels),
            read("quantmetrics", "tokenMetricsRisks", .candlesRead, risks),
            read("correlation", "tokenMetricsCorrelations", .candlesRead, correlations),
        ]
    }

    private typealias Handler = (inout Parameters, Context) async throws -> Response

    private func read(
        _ name: String, _ id: String, _ permission: Permission, _ handle: @escaping Handler
    ) -> Operation {
        Operation(
            .get, "/v2/\(name)", id: id, requires: .permission(permission), bodyLimit: 0, tokensOnly: true
        ) { request, context in
            var parameters = try request.parameters()
            return try await handle(&parameters, context)
        }
    }
}

// MARK: Tokens

extension TokenMetricsEndpoints {
    private nonisolated(nonsending) func tokens(
        _ parameters: inout Parameters, _ context: Context
    ) async throws -> Response {
        var ask = Ask(&parameters)
        if parameters.text("blockchain_address") != nil { ask.unanswerable.append("blockchain_address") }
        try parameters.finish()
        try Self.checkFilters(ask, context)
        let found = try await ListedToken.list(ask, in: database)
        let seesSources = context.may(.candlesRead)
        return Envelope.response(found, note: ask.note) { w, token in
            w.object { w in token.write(seesSources: seesSources, to: &w) }
        }
    }

    /// Market caps are not known here, so nothing says who is on top: all follow their numbers.
    private nonisolated(nonsending) func topTokens(
        _ parameters: inout Parameters, _ context: Context
    ) async throws -> Response {
        var ask = Ask()
        ask.page = PageWindow(&parameters, most: PageWindow.most, named: "top_k")
        try parameters.finish()
        let found = try await ListedToken.list(ask, in: database)
        let seesSources = context.may(.candlesRead)
        let note = "Market caps are not known here: the order is that of TOKEN_ID."
        return Envelope.response(found, note: note) { w, token in
            w.object { w in
                token.write(seesSources: seesSources, to: &w)
                w.null("MARKET_CAP")
            }
        }
    }

    /// Whoever may not read candles does not learn of them by asking who has them.
    private static func checkFilters(_ ask: Ask, _ context: Context) throws(Problem) {
        if ask.sources != nil || ask.leastVolume != nil { try context.require(.candlesRead) }
    }
}

// MARK: Candles

extension TokenMetricsEndpoints {
    private nonisolated(nonsending) func prices(
        _ parameters: inout Parameters, _: Context
    ) async throws -> Response {
        let ask = Ask(&parameters)
        try parameters.finish()
        let found = try await Price.list(ask, in: database)
        return Envelope.response(found, note: ask.note) { w, price in w.object(price.write) }
    }

    private nonisolated(nonsending) func dailyCandles(
        _ parameters: inout Parameters, _: Context
    ) async throws -> Response {
        try await candles(&parameters, every: .day)
    }

    private nonisolated(nonsending) func hourlyCandles(
        _ parameters: inout Parameters, _: Context
    ) async throws -> Response {
        try await candles(&parameters, every: .hour)
    }

    private nonisolated(nonsending) func candles(
        _ parameters: inout Parameters, every grain: Grain
    ) async throws -> Response {
        let ask = Ask(&parameters)
        let days = DayRange(&parameters)
        try parameters.finish()
        let found = try await OHLCV.list(ask, days, every: grain, in: database)
        return Envelope.response(found, note: ask.note) { w, candle in
            w.object { w in candle.write(grain, to: &w) }
        }
    }

    private nonisolated(nonsending) func risks(
        _ parameters: inout Parameters, _: Context
    ) async throws -> Response {
        let ask = Ask(&parameters, most: CloseHistory.mostTokens)
        try parameters.finish()
        let found = try await CloseHistory.list(ask, in: database).map(RiskOfToken.init)
        return Envelope.response(found, note: ask.note) { w, token in w.object(token.write) }
    }

    private nonisolated(nonsending) func correlations(
        _ parameters: inout Parameters, _: Context
    ) async throws -> Response {
        let ask = Ask(&parameters, most: Correlation.mostTokens)
        try parameters.finish()
        let found = try await Correlation.list(ask, in: database)
        return Envelope.response(found, note: ask.note) { w, token in w.object(token.write) }
    }
}

// MARK: Grades and signals

extension TokenMetricsEndpoints {
    private nonisolated(nonsending) func traderGrades(
        _ parameters: inout Parameters, _ context: Context
    ) async throws -> Response {
        let ask = Ask(&parameters)
        let days = DayRange(&parameters)
        let filter = TraderGradeOfDay.Filter(
            atLeast: parameters.least("traderGrade"),
            changeAtLeast: parameters.least("traderGradePercentChange"))
        if !filter.isEmpty { days.bound(&parameters, ask) }
        try parameters.finish()
        try Self.checkVolume(ask, context)
        let found = try await TraderGradeOfDay.list(ask, days, filter, by: told, in: database)
        return Envelope.response(found, note: ask.note) { w, grade in w.object(grade.write) }
    }

    private nonisolated(nonsending) func investorGrades(
        _ parameters: inout Parameters, _ context: Context
    ) async throws -> Response {
        let ask = Ask(&parameters)
        let days = DayRange(&parameters)
        let atLeast = parameters.least("investorGrade")
        if atLeast != nil { days.bound(&parameters, ask) }
        try parameters.finish()
        try Self.checkVolume(ask, context)
        let found = try await InvestorGradeOfDay.list(ask, days, atLeast: atLeast, in: database)
        return Envelope.response(found, note: ask.note) { w, grade in w.object(grade.write) }
    }

    private nonisolated(nonsending) func signals(
        _ parameters: inout Parameters, _ context: Context
    ) async throws -> Response {
        let ask = Ask(&parameters)
        let days = DayRange(&parameters)
        let signal = parameters.int("signal", -1...1)
        if signal != nil { days.bound(&parameters, ask) }
        try parameters.finish()
        try Self.checkVolume(ask, context)
        let found = try await SignalOfCandle.list(
            ask, days, every: .day, only: signal, by: told, in: database)
        return Envelope.response(found, note: ask.note) { w, signal in w.object(signal.writeDay) }
    }

    private nonisolated(nonsending) func hourlySignals(
        _ parameters: inout Parameters, _ context: Context
    ) async throws -> Response {
        let ask = Ask(&parameters)
        let days = DayRange(&parameters)
        try parameters.finish()
        try Self.checkVolume(ask, context)
        let found = try await SignalOfCandle.list(ask, days, every: .hour, by: told, in: database)
        let seesCandles = context.may(.candlesRead)
        return Envelope.response(found, note: ask.note) { w, signal in
            w.object { w in signal.writeHour(seesCandles: seesCandles, to: &w) }
        }
    }

    private nonisolated(nonsending) func market(
        _ parameters: inout Parameters, _: Context
    ) async throws -> Response {
        let days = DayRange(&parameters)
        let window = PageWindow(&parameters, most: MarketOfDay.mostDays)
        try parameters.finish()
        let found = try await MarketOfDay.list(days, window, by: told, in: database)
        return Envelope.response(found) { w, day in w.object(day.write) }
    }

    private nonisolated(nonsending) func levels(
        _ parameters: inout Parameters, _ context: Context
    ) async throws -> Response {
        let ask = Ask(&parameters, most: LevelsOfToken.mostTokens)
        try parameters.finish()
        try Self.checkVolume(ask, context)
        let found = try await LevelsOfToken.list(ask, in: database)
        return Envelope.response(found, note: ask.note) { w, levels in w.object(levels.write) }
    }

    /// Sources are what signals can be filtered by under `/v1`, too; volumes are candles' own.
    private static func checkVolume(_ ask: Ask, _ context: Context) throws(Problem) {
        if ask.leastVolume != nil { try context.require(.candlesRead) }
    }
}
