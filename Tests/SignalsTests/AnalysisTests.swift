import EventLoop
import Events
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Signals

struct AnalysisTests {
    /// All that follows from candles: what must not depend on the order in which they came.
    private nonisolated(nonsending) func state(_ desk: Desk) async throws -> [String] {
        let candles = try await desk.rows(
            """
            select concat_ws(' ', t.symbol, c.open_time, c.open, c.high, c.low, c.close, c.volume)
            from candle c join series s on s.id = c.series join ticker t using (token_id) order by 1
            """)
        let grades = try await desk.rows(
            """
            select concat_ws(' ', t.symbol, g.model_number, g.time, g.value, g.previous, g.data_quality,
                g.bars, g.missing, g.first_time)
            from grade g join series s on s.id = g.series join ticker t using (token_id) order by 1
            """)
        let signals = try await desk.rows(
            """
            select concat_ws(' ', t.symbol, g.model_number, g.decided_at, g.direction, g.state, g.body)
            from signal g join series s on s.id = g.series join ticker t using (token_id)
            where not withdrawn order by 1
            """)
        return [candles, grades, signals].flatMap { $0.map { $0.text(0) } }
    }

    private nonisolated(nonsending) func settle(_ desk: Desk) async throws {
        while try await desk.analyst.sweepAndSettle(within: .seconds(30)) > 0 {}
    }

    @Test func `candles pushed in any order and in any pieces end in the same grades and signals`()
        async throws
    {
        let tokens = ["BTC", "SOL"]
        let all = try tokens.map { Array(try CandleFixture.candles($0).suffix(400)) }
        var expected: [String] = []
        for seed in 0..<3 {
            let state = Locked<[String]>([])
            try await Desk.with { _, desk in
                var dice = Dice(UInt64(seed + 1))
                var pieces: [[UInt8]] = []
                for (token, candles) in zip(tokens, all) {
                    // The first time in order and at once, then shuffled and cut.
                    let order = seed == 0 ? candles : candles.shuffled(using: &dice)
                    let size = seed == 0 ? candles.count : 37 * seed
                    for start in stride(from: 0, to: order.count, by: size) {
                        pieces.append(order[start..<min(start + size, order.count)].csv(token))
                    }
                }
                if seed > 0 { pieces.shuffle(using: &dice) }
                for piece in pieces { _ = try await desk.upload("source=x", piece) }
                try await settle(desk)
                state.set(try await self.state(desk))
            }
            if seed == 0 {
                expected = state.get()
                #expect(expected.count > 2_300)
            } else {
                #expect(state.get() == expected)
            }
        }
    }

    @Test func `what is stored is what the analysis says, and the why tree sums to the grade`() async throws {
        let sol = Array(try CandleFixture.candles("SOL").prefix(500))
        try await Desk.with { _, desk in
            desk.time.move(to: Interval.day.close(of: sol[499].openTime) + .seconds(2))
            _ = try await desk.upload("source=x", sol.csv("SOL"))
            var analysis = SeriesAnalysis(.day)
            let all = analysis.update(sol, gate: nil).compactMap(\.grade)
            #expect(try await desk.rows("select 1 from grade where model_number = 0").count == all.count)
            let expected = Array(all.suffix(150).reversed())
            let answer = try await desk.get("/v1/grades/trader?token=SOL&interval=1d&limit=150&why=true")
            let grades = answer.json["data"]?.asArray ?? []
            #expect(grades.map { $0["grade"]?.asDouble } == expected.map(\.value))
            for (grade, pure) in zip(grades, expected) {
                #expect(grade["time"]?.asString == pure.time.description)
                let parts = grade["why"]?["components"]?.asArray ?? []
                let sum = parts.compactMap { $0["contribution"]?.asDouble }.reduce(0, +)
                #expect(parts.count == 7 && abs(sum - pure.value) < 1e-9)
                #expect(grade["why"]?["sentence"]?.asString == pure.sentence)
            }
            #expect(grades.first?["retroactive"] == false && grades.last?["retroactive"] == true)
        }
    }

    @Test func `a live candle tells its grade and its signal at once, a bulk load does not`() async throws {
        let sol = Array(try CandleFixture.candles("SOL").prefix(400))
        var analysis = SeriesAnalysis(.day)
        let outcomes = analysis.update(sol, gate: nil)
        let opening = try #require(
            outcomes.lastIndex { $0.changes.contains { if case .opened = $0 { true } else { false } } })
        try await Desk.with { _, desk in
            desk.time.move(to: Interval.day.close(of: sol[opening - 1].openTime) + .seconds(2))
            _ = try await desk.upload("source=x", sol[..<opening].csv("SOL"))
            let bulk = desk.events
            #expect(bulk.count < 300)
            let live = bulk.filter { $0.type == .gradeChanged && $0.data["retroactive"] == false }
            #expect(live.count == 1)
            desk.time.advance(.days(1))
            _ = try await desk.upload("source=x", [sol[opening]].csv("SOL"))
            let fresh = desk.events.dropFirst(bulk.count)
            #expect(fresh.allSatisfy { $0.data["retroactive"] == false })
            #expect(fresh.contains { $0.type == .gradeChanged })
            let opened = try #require(fresh.first { $0.type == .signalOpened })
            let signals = try await desk.get("/v1/signals?token=SOL&state=open")
            let listed = signals.json["data"]?.asArray?.first { $0["id"] == opened.data["signal_id"] }
            #expect(listed?["decided_at"]?.asString == sol[opening].openTime.description)
            #expect(listed?["retroactive"] == false && listed?["roi"] == .null)
            // The next candle fills it.
            desk.time.advance(.days(1))
            _ = try await desk.upload("source=x", [sol[opening + 1]].csv("SOL"))
            let id = opened.data["signal_id"]?.asString ?? ""
            let filled = try await desk.get("/v1/signals/\(id)")
            #expect(filled.json["fill_open"]?.asDouble == sol[opening + 1].open)
            #expect(filled.json["revision"] == 2)
        }
    }

    @Test func `gates that arrive late close what they had kept closed`() async throws {
        let sol = Array(try CandleFixture.candles("SOL").prefix(600))
        let btc = try CandleFixture.candles("BTC").filter { $0.openTime <= sol[599].openTime }
        try await Desk.with { _, desk in
            _ = try await desk.upload("source=x", sol.csv("SOL"))
            _ = try await desk.upload("source=x", btc.csv("BTC"))
            try await settle(desk)
            var analysis = SeriesAnalysis(.day)
            let outcomes = analysis.update(sol, gate: MarketGate(.day, btc))
            let keys = Set(outcomes.flatMap(\.changes).map { SignalKey($0.signal) })
            let stored = try await desk.rows(
                """
                select g.decided_at, g.direction from signal g join series s on s.id = g.series
                join ticker t using (token_id) where t.symbol = 'SOL' and not withdrawn and model_number = 0
                """)
            let found = stored.map {
                SignalKey(model: .traderV0, decidedAt: $0.timestamp(0), direction: $0.text(1))
            }
            #expect(Set(found) == keys)
        }
    }

    @Test func `work that a crash left behind is found by the sweep, and two analysts do it once`()
        async throws
    {
        let sol = Array(try CandleFixture.candles("SOL").prefix(300))
        try await Desk.with(isAnalysing: false) { worker, desk in
            // Nobody analyses here, as if the process had ended after the commit.
            let upload = Task {
                _ = worker
                return try await desk.upload("source=x", sol.csv("SOL")).status
            }
            #expect(try await upload.value == 200)
            #expect(try await desk.rows("select 1 from grade").isEmpty)
            let others = (0..<2).map { _ in Analyst(ledger: desk.ledger, reactor: worker.reactor) }
            for other in others { other.start(on: worker) }
            let second = Task {
                _ = worker
                return try await others[1].sweepAndSettle(within: .seconds(30))
            }
            _ = try await others[0].sweepAndSettle(within: .seconds(30))
            _ = try await second.value
            for other in others { other.stop() }
            #expect(try await desk.rows("select 1 from grade where model_number = 0").count == 271)
            #expect(try await desk.rows("select 1 from grade where model_number = 1").count == 290)
            #expect(try await desk.rows("select 1 from grade_revision").isEmpty)
            #expect(try await desk.rows("select 1 from series where dirty_from is not null").isEmpty)
        }
    }

    @Test func `who has nothing to do takes up what waits for others, and is called when it is much`()
        async throws
    {
        let sol = Array(try CandleFixture.candles("SOL").prefix(60))
        try await Desk.with { worker, desk in
            let calls = Locked(0)
            desk.analyst.onBacklog = { calls.set(calls.get() + 1) }
            // As one that is busy with something else.
            desk.analyst.stop()
            for number in 0..<20 { _ = try await desk.upload("source=x", sol.csv("T\(number)")) }
            #expect(calls.get() > 0)
            let other = Analyst(ledger: desk.ledger, reactor: worker.reactor)
            other.onFailure = { Issue.record($0) }
            other.start(on: worker)
            other.callForHelp()
            try await wait(until: "all are analysed") {
                try await desk.rows("select 1 from series where dirty_from is not null").isEmpty
            }
            other.stop()
            #expect(try await desk.rows("select 1 from grade where model_number = 0").count == 20 * 31)
        }
    }

    @Test func `a worker that has too much to do is heard by another one, which does it`() async throws {
        let sol = Array(try CandleFixture.candles("SOL").prefix(60))
        let isOver = Locked(false)
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { worker, database in
            async let help: Void = scratch.visit { other, database in
                let ledger = Ledger(database: database, clock: .system, entropy: .system)
                let helper = Analyst(ledger: ledger, reactor: other.reactor)
                let feed = EventFeed(database, reactor: other.reactor)
                feed.onBacklog = { [weak helper] in helper?.callForHelp() }
                helper.start(on: other)
                feed.start(on: other)
                try await wait(until: "the end") { isOver.get() }
                feed.stop()
                helper.stop()
            }
            let desk = Desk(database, on: worker)
            let notifier = Notifier(database, reactor: worker.reactor)
            notifier.start(on: worker)
            desk.analyst.onBacklog = { notifier.noteBacklog() }
            // As one that is busy with something else.
            desk.analyst.stop()
            for number in 0..<10 { _ = try await desk.upload("source=x", sol.csv("T\(number)")) }
            try await wait(until: "all are analysed") {
                desk.analyst.wake()
                return try await desk.rows("select 1 from series where dirty_from is not null").isEmpty
            }
            #expect(try await desk.rows("select 1 from grade where model_number = 0").count == 10 * 31)
            isOver.set(true)
            notifier.stop()
            desk.stop()
            try await help
        }
    }

    @Test func `as_of gives what was known then`() async throws {
        let sol = Array(try CandleFixture.candles("SOL").prefix(120))
        try await Desk.with { _, desk in
            _ = try await desk.upload("source=x", sol.csv("SOL"))
            let then = desk.time.now
            let target = "/v1/grades/trader?token=SOL&interval=1d&limit=200"
            let before = try await desk.get(target).json["data"]
            let candles = try await desk.get("/v1/candles?token=SOL&interval=1d&limit=200").json["data"]
            desk.time.advance(.hours(1))
            var changed = sol[60]
            changed.close *= 1.01
            changed.high = max(changed.high, changed.close)
            _ = try await desk.upload("source=x", [changed].csv("SOL"))
            let after = try await desk.get(target).json["data"]
            #expect(after != before)
            #expect(try await desk.get(target + "&as_of=\(then)").json["data"] == before)
            let old = try await desk.get("/v1/candles?token=SOL&interval=1d&limit=200&as_of=\(then)")
            #expect(old.json["data"] == candles)
            let revised = after?.asArray?.first { $0["time"]?.asString == changed.openTime.description }
            #expect(revised?["revision"] == 2 && revised?["retroactive"] == true)
        }
    }

    @Test func `a clock that goes back hides no revision`() async throws {
        let sol = Array(try CandleFixture.candles("SOL").prefix(300))
        let names = ["candles", "grades/trader", "signals"]
        let targets = names.map { "/v1/\($0)?token=SOL&interval=1d&limit=200" }
        try await Desk.with { _, desk in
            _ = try await desk.upload("source=x", sol.csv("SOL"))
            try await settle(desk)
            let then = desk.time.now
            var before: [JSONValue?] = []
            for target in targets { before.append(try await desk.get(target).json["data"]) }
            // Another node's clock, or one that was set.
            desk.time.advance(.minutes(-10))
            let flat = sol.suffix(100).map { candle in
                var flat = candle
                flat.close = candle.open
                return flat
            }
            _ = try await desk.upload("source=x", flat.csv("SOL"))
            try await settle(desk)
            desk.time.move(to: then)
            for (target, was) in zip(targets, before) {
                #expect(try await desk.get(target).json["data"] != was)
                let old = try await desk.get(target + "&as_of=\(then)").json["data"]?.asArray ?? []
                // Signals that are new were decided in the same moment.
                let ids = Set((was?.asArray ?? []).compactMap { $0["id"]?.asString })
                let known = old.filter { $0["id"].map { ids.contains($0.asString ?? "") } ?? true }
                #expect(known == was?.asArray, "\(target)")
            }
            for table in ["candle_revision", "grade_revision", "signal_revision"] {
                #expect(try await desk.rows("select 1 from \(table)").count > 0)
                #expect(try await desk.rows("select 1 from \(table) where ended_at <= known_at").isEmpty)
            }
        }
    }
}
