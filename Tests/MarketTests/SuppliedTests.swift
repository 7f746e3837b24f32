import Access
import Events
import Foundation
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Market
@testable import Signals

/// What signals read of narratives and of supplied sentiment.
struct SuppliedTests {
    /// Days of a token of the fixtures, as an upload's lines.
    private func days(_ token: String, _ range: Range<Int>) throws -> String {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let text = try String(
            contentsOf: folder.appending(path: "Fixtures/candles/\(token).csv"), encoding: .utf8)
        let rows = text.split(separator: "\n").dropFirst().dropFirst(range.lowerBound).prefix(range.count)
        return "token,interval,open_time,open,high,low,close,volume\n" + rows.joined(separator: "\n")
    }

    private nonisolated(nonsending) func push(_ desk: MarketDesk, _ range: Range<Int>) async throws {
        let answer = try await desk.call(
            "POST", "candles?source=x", days("SOL", range), type: "text/csv")
        #expect(answer.status == 200 && answer.json["refused"] == 0, "\(answer.text)")
        try await settle(desk)
    }

    private nonisolated(nonsending) func settle(_ desk: MarketDesk) async throws {
        while try await desk.analyst.sweepAndSettle(within: .seconds(60)) > 0 {}
    }

    private nonisolated(nonsending) func warnings(_ desk: MarketDesk) async throws -> [JSONValue] {
        try await desk.get("signals?direction=bearish&limit=200&sort=decided_at").json["data"]?.asArray ?? []
    }

    private nonisolated(nonsending) func signals(_ desk: MarketDesk) async throws -> [String] {
        try await desk.rows(
            "select concat_ws(' ', id, revision, withdrawn, body) from signal order by id"
        ).map { $0.text(0) }
    }

    private func fifth(_ warning: JSONValue) -> JSONValue? { warning["warnings"]?[4]?["met"] }

    @Test func `a sentiment that comes late revises the signals that it counts for, and no others`()
        async throws
    {
        try await MarketDesk.with { _, desk in
            try await push(desk, 0..<250)
            let before = try await signals(desk)
            let decided = try await desk.rows("select decided_at from signal order by decided_at")
            let middle = decided[decided.count / 2].timestamp(0)
            let then = desk.time.now
            desk.time.advance(.hours(1))
            // A score of each of the 40 days around it, ever lower; and another that signals do not read.
            var rows = ""
            for day in -20..<20 {
                let time = middle + .days(Int64(day)) + .hours(20)
                for metric in ["sentiment", "interest"] {
                    rows += """
                        {"token":"SOL","metric":"\(metric)","source":"desk","time":"\(time)",\
                        "value":\(20 - day)}\n
                        """
                }
            }
            let sent = try await desk.call(
                "POST", "token-metrics", rows, type: "application/x-ndjson")
            #expect(sent.json["inserted"] == 80, "\(sent.text)")
            try await settle(desk)
            let changed = try await desk.rows(
                """
                select decided_at, body, retroactive,
                    (select count(*) from signal_revision r where r.id = s.id)
                from signal s where revision > 1 order by decided_at
                """)
            #expect(changed.contains { $0.timestamp(0) == middle })
            #expect(changed.allSatisfy { $0.timestamp(0) > middle - .days(21) && $0.bool(2) })
            #expect(changed.allSatisfy { !$0.text(1).contains(#""sentiment":null"#) && $0.int(3) >= 1 })
            #expect(changed.count < before.count)
            let listed = try await desk.get("signals?limit=200&as_of=\(then)&sort=decided_at").json["data"]
            #expect(listed?.asArray?.allSatisfy { $0["divergence"]?["sentiment"] == .null } == true)
            // What is read again, from the beginning, is the same.
            let stored = try await signals(desk)
            _ = try await desk.rows("delete from analysis_state")
            _ = try await desk.rows("update series set dirty_from = first_open, dirty_to = 'infinity'")
            try await settle(desk)
            #expect(try await signals(desk) == stored)
        }
    }

    @Test func `what is observed as a candle opens counts for it, and as it closes for the next`()
        async throws
    {
        try await MarketDesk.with { _, desk in
            try await desk.push("SOL", closes: [1, 2, 3])
            let (open, close) = (MarketDesk.day(1), MarketDesk.day(2))
            let observed = [(open, 1), (close - .milliseconds(1), 3), (close, 10)]
            let rows = observed.map { time, value in
                #"{"token":"SOL","metric":"sentiment","source":"desk","time":"\#(time)","value":\#(value)}"#
            }
            let sent = try await desk.call(
                "POST", "token-metrics", rows.joined(separator: "\n"), type: "application/x-ndjson")
            #expect(sent.json["inserted"] == 3, "\(sent.text)")
            let finder = SeriesFinder(database: desk.database)
            let series = try await finder.readable(.symbol("SOL"), .day, nil, asOf: .forever).stored
            let known = try await SuppliedSeries.course(
                .init(series, first: open, last: close), in: desk.database)
            let sentiment: [SuppliedCourse.Sentiment] = [
                .init(time: open, value: 2), .init(time: close, value: 10),
            ]
            #expect(known == SuppliedCourse(.day, narratives: [], sentiment: sentiment))
            // Nothing of the next candle is known at a close.
            let before = try await SuppliedSeries.course(
                .init(series, first: open, last: open), in: desk.database)
            #expect(before == SuppliedCourse(.day, narratives: [], sentiment: [sentiment[0]]))
            try await makeAgain(desk, from: open)
        }
    }

    /// What counted otherwise before is marked by the migration, a week before the first observation on.
    private nonisolated(nonsending) func makeAgain(_ desk: MarketDesk, from open: Timestamp) async throws {
        try await settle(desk)
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let migration = root.appending(path: "Migrations/0069_sentiment_opens.sql")
        _ = try await desk.rows(String(contentsOf: migration, encoding: .utf8))
        let marked = try await desk.rows("select dirty_from, dirty_to = 'infinity' from series")
        #expect(marked.map { $0.timestamp(0) } == [open - .days(7)] && marked[0].bool(1))
        try await settle(desk)
        #expect(try await desk.rows("select 1 from series where dirty_from is not null").isEmpty)
    }

    @Test func `a warning counts a fading narrative, as it was measured before`() async throws {
        try await MarketDesk.with { _, desk in
            try await push(desk, 0..<300)
            let plain = try await warnings(desk)
            #expect(!plain.isEmpty && plain.allSatisfy { fifth($0) == .null })
            let made = try await desk.call(
                "POST", "narratives", #"{"name":"theme","source":"x","members":[{"token":"SOL"}]}"#)
            let id = try #require(made.json["id"]?.asString)
            let warned = try #require(plain.last?["decided_at"]?.asString.flatMap { Timestamp($0) })
            desk.time.advance(.hours(1))
            // As if it had been measured day by day: it fades from two days before the last warning on.
            _ = try await desk.rows(
                """
                insert into narrative_score (narrative, time, known_at, score, score_before, excess_return,
                    return_place, breadth, share_change, share_place, members, fading, retroactive)
                select id, d, '\(desk.time.now)', case when d < '\(warned - .days(2))' then 60 else 30 end,
                    60, 0, 0, 0, 0, 0, 1, d >= '\(warned - .days(2))', true
                from narrative, generate_series('\(warned - .days(60))'::timestamptz,
                    '\(warned)'::timestamptz, interval '24 hours') as d
                """)
            // Its members are looked at again, and with them what their signals said.
            let left = try await desk.call("PATCH", "narratives/\(id)", #"{"members":[]}"#)
            #expect(left.status == 200, "\(left.text)")
            let joined = try await desk.call(
                "PATCH", "narratives/\(id)", #"{"members":[{"token":"SOL"}]}"#)
            #expect(joined.status == 200, "\(joined.text)")
            try await settle(desk)
            let counted = try await warnings(desk)
            let last = counted.last {
                $0["decided_at"]?.asString.flatMap { Timestamp($0) }.map { $0 <= warned } ?? false
            }
            #expect(last.flatMap(fifth) == true && last?["retroactive"] == true, "\(last ?? .null)")
            #expect(counted.contains { fifth($0) == false })
            #expect(last?["warnings"]?[4]?["numbers"]?["score"]?.asDouble == 30)
            // Without it all is as before.
            #expect(try await desk.call("DELETE", "narratives/\(id)").status == 204)
            try await settle(desk)
            let after = try await warnings(desk)
            #expect(after.map { $0["decided_at"] } == plain.map { $0["decided_at"] })
            #expect(after.allSatisfy { fifth($0) == .null })
        }
    }

    @Test func `a measurement counts from the next candle on, and one that comes again is followed`()
        async throws
    {
        try await MarketDesk.with { _, desk in
            let closes = (0..<40).map { 100 + Double($0) }
            for name in ["A", "B", "C"] { try await desk.push(name, closes: closes) }
            _ = try await desk.call(
                "POST", "narratives", #"{"name":"theme","source":"x","members":[{"token":"A"}]}"#)
            try await desk.run("narratives")
            // The newest candle was told before it was measured: nothing is to be done again.
            #expect(try await desk.rows("select 1 from series where dirty_from is not null").isEmpty)
            for name in ["A", "B", "C"] { try await desk.push(name, closes: [141], fromDay: 40) }
            try await settle(desk)
            let day = Timestamp(seconds: 1_704_067_200) + .days(40)
            let narrative = try await desk.rows("select id from narrative")[0].id(0) as NarrativeID
            let members = try await NarrativeStore.members(
                of: narrative, known: .farFuture, in: desk.database)
            try await desk.database.transaction { transaction in
                let found = try #require(try await NarrativeStore.find(narrative, in: transaction))
                try await SuppliedSeries.note(
                    measured: found, members, at: day - .days(1), in: transaction)
            }
            let marked = try await desk.rows(
                """
                select t.symbol, s.dirty_from from series s join ticker t using (token_id)
                where s.dirty_from is not null
                """)
            #expect(marked.map { $0.text(0) } == ["A"] && marked.first?.timestamp(1) == day)
        }
    }
}
