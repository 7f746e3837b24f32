import EventLoop
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Signals

struct ConfidenceTests {
    @Test func `the parts weigh 30, 40 and 30, and what cannot be told is shared`() {
        let all = Confidence(dataQuality: 100, history: 50, agreement: 0)
        #expect(abs(all.value - 50) < 1e-12)
        #expect(abs(Confidence(dataQuality: 100, history: nil, agreement: 0).value - 50) < 1e-12)
        #expect(Confidence(dataQuality: 80, history: nil, agreement: nil).value == 80)
    }

    @Test func `history begins at the pool and goes to the series' own profit factor`() {
        var history = TradeHistory()
        #expect(abs(history.score(pool: 3) - 75) < 1e-12)
        for _ in 0..<10 { history.add(-0.1) }
        #expect(abs(history.score(pool: 3) - 37.5) < 1e-12)
        for _ in 0..<10_000 { history.add(-0.1) }
        #expect(history.score(pool: 3) < 0.1)
        var even = TradeHistory()
        for _ in 0..<5_000 { even.add(0.1); even.add(-0.1) }
        #expect(abs(even.score(pool: 3) - 50) < 0.1)
        #expect(GradeModel.traderV0.poolProfitFactor(.hour) == 1)
    }

    @Test func `voters vote when they can, weeks when they are over`() {
        var voters = VoterStream(.day)
        let market = GateReading.Market(time: Timestamp(seconds: 0), close: 2, sma50: 1)
        var first: [Voter: Int] = [:]
        // From a Thursday on, ever higher: everybody agrees as soon as they can.
        for day in 0..<120 {
            let price = 10 + Double(day)
            voters.update(
                Candle(
                    openTime: Timestamp(seconds: Int64(day) * 86_400), open: price, high: price + 0.1,
                    low: price - 0.1, close: price, volume: 1))
            let votes = voters.votes(.open(market))
            for voter in Voter.allCases where votes[voter] != nil && first[voter] == nil {
                first[voter] = day
            }
            #expect(votes[.market] == true && voters.votes(.closed(market))[.market] == false)
            #expect(voters.votes(.noSeries)[.market] == nil)
        }
        // The first week ends with the Sunday, day 3; the tenth is over nine weeks later.
        #expect(
            first == [
                .closeOverSMA50: 49, .donchian: 20, .bollinger: 19, .macd: 33, .emas: 49, .weekly: 3 + 63,
                .market: 0,
            ])
        let votes = voters.votes(.open(market))
        let yes: [Voter] = [.closeOverSMA50, .donchian, .emas, .weekly, .market]
        #expect(yes.allSatisfy { votes[$0] == true } && votes[.bollinger] == false)
        #expect((votes.share(saying: true) ?? 0) >= 5.0 / 7)
        #expect(Votes().share(saying: true) == nil)
    }

    @Test func `weeks end on Monday, hours at the hour`() {
        let thursday = Timestamp(seconds: 0)
        #expect(Interval.week.end(of: thursday) == Timestamp(seconds: 4 * 86_400))
        #expect(Interval.week.end(of: Timestamp(seconds: 4 * 86_400)) == Timestamp(seconds: 11 * 86_400))
        #expect(Interval.hour.end(of: Timestamp(seconds: 10)) == Timestamp(seconds: 3_600))
    }

    @Test func `a fading narrative and a falling sentiment count when they are supplied`() throws {
        let sol = try CandleFixture.candles("SOL")
        var (plain, supplied) = (SeriesAnalysis(.day), SeriesAnalysis(.day))
        let readings = SuppliedReadings(
            narrative: NarrativeReading(score: 40, weekAgo: 60),
            sentiment: SentimentReading(mean5: 1, mean20: 2))
        var warnings = [0, 0]
        for candle in sol {
            let changes = [
                plain.update(.init(candle, .noSeries)).changes,
                supplied.update(.init(candle, .noSeries, readings)).changes,
            ]
            for (index, changes) in changes.enumerated() {
                for case .opened(let signal) in changes where signal.direction == .bearish {
                    warnings[index] += 1
                    let narrative = try #require(signal.conditions.last)
                    #expect(
                        narrative.kind == .narrativeFading && narrative.holds == (index == 0 ? nil : true))
                    #expect(signal.conditions.count == 5 && signal.confidence.history == nil)
                    #expect((signal.divergence.sentiment == nil) == (index == 0))
                }
            }
        }
        #expect(warnings[1] > warnings[0] && warnings[0] > 0)
        #expect(NarrativeReading(score: 41, weekAgo: 60).isFading == false)
    }

    @Test func `few closed signals are not calibrated, and many only when the confident ones did better`() {
        func quartile(_ trades: Int, _ factor: Double) -> Calibration.Quartile {
            .init(lowest: 1, highest: 2, trades: trades, winners: 1, gains: factor, losses: 1)
        }
        let few = Calibration(quartiles: [quartile(1, 1)])
        #expect(few.objection == "not calibrated: 1 closed signals, 100 are needed")
        #expect(Calibration(quartiles: [1, 2, 3, 4].map { quartile(25, $0) }).objection == nil)
        let falling = Calibration(quartiles: [4, 3, 2, 1].map { quartile(25, $0) })
        #expect(falling.objection?.hasPrefix("not calibrated: more confident") == true)
    }

    @Test func `the measure of confidence is read from what is stored`() async throws {
        let sol = Array(try CandleFixture.candles("SOL").prefix(500))
        try await Desk.with { _, desk in
            let rows = sol.map { c in
                "SOL,1d,\(c.openTime),\(c.open),\(c.high),\(c.low),\(c.close),\(c.volume)\n"
            }
            let csv = "token,interval,open_time,open,high,low,close,volume\n" + rows.joined()
            _ = try await desk.upload("source=x", Array(csv.utf8))
            for model in ["trader/v0", "trader/v1"] {
                let answer = try await desk.get("/v1/signals/calibration?model=\(model)")
                #expect(answer.status == 200, "\(answer.text)")
                let closed = try await desk.rows(
                    """
                    select model_number from signal
                    where direction = 'bullish' and state <> 'open' and roi_net is not null and not withdrawn
                    """
                ).count { $0.int(0) == (model == "trader/v0" ? 0 : 1) }
                #expect(answer.json["trades"]?.asInt == Int64(closed) && closed > 0)
                #expect(answer.json["calibrated"] == false)
            }
            let list = try await desk.get(
                "/v1/signals?sort=-confidence&confidence_gte=50&roi_net_gte=-1&zone=steady")
            #expect(list.status == 200, "\(list.text)")
            let sorted = try await desk.get("/v1/signals?sort=-confidence&limit=200")
            let values = sorted.json["data"]?.asArray?.compactMap { $0["confidence"]?.asDouble } ?? []
            #expect(values.count > 3 && values == values.sorted(by: >))
            #expect(try await desk.get("/v1/signals?label=hold").status == 400)
        }
    }
}
