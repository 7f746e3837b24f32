import EventLoop
import Foundation
import HTTPServer
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Signals

struct UploadTests {
    private let header = "token,interval,open_time,open,high,low,close,volume\n"

    private func csv(_ rows: String...) -> [UInt8] {
        Array((header + rows.map { $0 + "\n" }.joined()).utf8)
    }

    private func fixture(_ token: String) throws -> [UInt8] {
        try [UInt8](Data(contentsOf: CandleFixture.folder.appending(path: "candles/\(token).csv")))
    }

    @Test func `the same rows twice are unchanged`() async throws {
        try await Desk.with { _, desk in
            let first = try await desk.upload("source=yahoo", fixture("SOL"))
            #expect(first.status == 200, "\(first.text)")
            let count = first.json["received"]
            #expect(first.json["inserted"] == count)
            #expect(first.json["series"] == 1)
            let second = try await desk.upload("source=yahoo", fixture("SOL"))
            #expect(second.json["unchanged"] == count)
            #expect(second.json["inserted"] == 0)
            let stored = try await desk.rows("select candles, (select count(*) from candle) from series")
            #expect(stored.first?.int(0) == stored.first?.int(1))
            #expect(stored.first.map { Int64($0.int(0)) } == count?.asInt)
        }
    }

    @Test func `a different row for the same time is a revision, and the old one is kept`() async throws {
        try await Desk.with { _, desk in
            _ = try await desk.upload(
                "source=x", csv("A,1d,2024-01-01,1,2,1,1.5,10", "A,1d,2024-01-02,1,2,1,1.5,10"))
            let stored = desk.time.now
            desk.time.advance(.seconds(60))
            let answer = try await desk.upload("source=x", csv("A,1d,2024-01-01,1,2,1,1.25,10"))
            #expect(answer.json["revised"] == 1)
            let now = try await desk.rows("select close, revision, known_at from candle order by open_time")
            #expect(now[0].double(0) == 1.25 && now[0].int(1) == 2 && now[0].timestamp(2) == desk.time.now)
            #expect(now[1].double(0) == 1.5 && now[1].int(1) == 1)
            let old = try await desk.rows("select close, revision, known_at, ended_at from candle_revision")
            #expect(old.count == 1 && old[0].double(0) == 1.5 && old[0].timestamp(2) == stored)
            #expect(old[0].timestamp(3) == desk.time.now)
            #expect(try await desk.rows("select revised from series")[0].int(0) == 1)
        }
    }

    @Test func `a candle twice in one upload is a revision too, and the later row stands`() async throws {
        try await Desk.with { _, desk in
            let answer = try await desk.upload(
                "source=x", csv("A,1d,2024-01-01,1,2,1,1.5,10", "A,1d,2024-01-01,1,2,1,1.75,10"))
            #expect(answer.json["inserted"] == 1 && answer.json["revised"] == 1)
            #expect(try await desk.rows("select close from candle")[0].double(0) == 1.75)
        }
    }

    @Test func `refused rows are listed with their lines, and the others are stored`() async throws {
        try await Desk.with { _, desk in
            let answer = try await desk.upload(
                "source=x&interval=1d",
                csv(
                    "A,1d,2024-01-01,1,2,1,1.5,10", "A,1d,2024-01-02T01:00:00Z,1,2,1,1.5,10",
                    "A,1h,2024-01-02,1,2,1,1.5,10", "a b,1d,2024-01-02,1,2,1,1.5,10",
                    "A,1d,2099-01-01,1,2,1,1.5,10", "A,1d,2024-01-03,1,1,1,1.5,10"))
            let errors = answer.json["errors"]?.asArray ?? []
            #expect(errors.map { $0["line"]?.asInt } == [3, 4, 5, 6, 7])
            let codes = errors.map { $0["code"]?.asString }
            #expect(
                codes == ["misaligned", "interval_mismatch", "malformed", "in_the_future", "high_too_low"])
            #expect(answer.json["inserted"] == 1 && answer.json["refused"] == 5)
        }
    }

    @Test func `what a row says against the address is refused, and nothing traded is 0`() async throws {
        try await Desk.with { _, desk in
            let text = """
                source,token,interval,open_time,open,high,low,close,volume
                y,A,1d,2024-01-01,1,2,1,1.5,10
                x,A,1d,2024-01-02,1,2,1,1.5,-0
                ,A,1d,2024-01-03,1,2,1,1.5,-0.0
                x,\(String(repeating: "A", count: 41)),1d,2024-01-01,1,2,1,1.5,1
                """
            let answer = try await desk.upload("source=x", Array(text.utf8))
            let errors = answer.json["errors"]?.asArray ?? []
            #expect(errors.map { $0["code"] } == ["source_mismatch", "malformed"], "\(answer.text)")
            #expect(errors.last?["message"]?.asString?.contains("up to 32 ") == true)
            let stored = try await desk.get("/v1/candles?token=A&interval=1d")
            #expect(
                stored.json["data"]?.asArray?.count == 2 && !stored.text.contains(#":-0"#), "\(stored.text)")
        }
    }

    @Test func `strict stores nothing when a row is refused, and all of it otherwise`() async throws {
        try await Desk.with { _, desk in
            let bad = try await desk.upload(
                "source=x&strict=true", csv("A,1d,2024-01-01,1,2,1,1.5,10", "A,1d,2024-01-02,1,2,1,1.5,-1"))
            #expect(bad.status == 422 && bad.code == "rows_refused" && bad.pointers == ["line:3"])
            #expect(try await desk.rows("select 1 from token").isEmpty)
            let good = try await desk.upload("source=x&strict=true", csv("A,1d,2024-01-01,1,2,1,1.5,10"))
            #expect(good.json["inserted"] == 1)
        }
    }

    @Test func `gzip, NDJSON and arrays say the same`() async throws {
        try await Desk.with { _, desk in
            let text = csv("A,1d,2024-01-01,1,2,1,1.5,10")
            let packed = try GzipEncoder().compress(text.span)
            let zipped = try await desk.upload("source=x", packed, encoding: "gzip")
            #expect(zipped.json["inserted"] == 1)
            let line =
                #"{"token":"A","interval":"1d","open_time":1704067200000,"open":1,"high":2,"low":"1","#
                + #""close":1.5,"volume":10}"#
            let lines = try await desk.upload("source=x", Array(line.utf8), type: "application/x-ndjson")
            #expect(lines.json["unchanged"] == 1)
            let marked = Array(("\u{FEFF}" + line).utf8)
            let again = try await desk.upload("source=x", marked, type: "application/x-ndjson")
            #expect(again.json["unchanged"] == 1 && again.json["refused"] == 0, "\(again.text)")
            let array = Array(#"[[1704067200000,"1","2","1","1.5","10",0]]"#.utf8)
            let klines = try await desk.upload(
                "source=x&token=A&interval=1d", array, type: "application/json")
            #expect(klines.json["unchanged"] == 1)
            let unnamed = try await desk.upload("source=x", array, type: "application/json")
            #expect(unnamed.status == 400 && unnamed.pointers == ["query:token", "query:interval"])
        }
    }

    @Test func `what was read whole is stored when the rest cannot be read`() async throws {
        try await Desk.with { _, desk in
            let array = Array(#"[[1704067200000,"1","2","1","1.5","10"],"#.utf8)
            let answer = try await desk.upload(
                "source=x&token=A&interval=1d", array, type: "application/json")
            #expect(answer.code == "malformed_body")
            #expect(try await desk.rows("select 1 from candle").count == 1)
        }
    }

    @Test func `a gzip body that breaks off says what was stored of it`() async throws {
        try await Desk.with { _, desk in
            let rows = try fixture("SOL")
            let packed = try GzipEncoder().compress(rows.span)
            let answer = try await desk.upload("source=x", Array(packed.prefix(8_000)), encoding: "gzip")
            #expect(answer.code == "malformed_body")
            let stored = try await desk.rows("select 1 from candle").count
            #expect(stored > 0)
            let detail = answer.json["detail"]?.asString ?? ""
            #expect(detail.contains("of the rows before, \(stored) were inserted and 0 revised"), "\(detail)")
        }
    }

    @Test func `two uploads of the same rows at once agree`() async throws {
        try await Desk.with { worker, desk in
            let rows = try fixture("BNB")
            let other = Task {
                _ = worker
                return try await desk.upload("source=x", rows).json
            }
            let one = try await desk.upload("source=x", rows).json
            let two = try await other.value
            let inserted = (one["inserted"]?.asInt ?? 0) + (two["inserted"]?.asInt ?? 0)
            let unchanged = (one["unchanged"]?.asInt ?? 0) + (two["unchanged"]?.asInt ?? 0)
            #expect(inserted == one["received"]?.asInt && unchanged == inserted)
            #expect(try await Int64(desk.rows("select 1 from candle").count) == inserted)
        }
    }

    @Test func `a ticker's next token takes the rows after its end`() async throws {
        try await Desk.with { _, desk in
            _ = try await desk.upload("source=x", csv("LUNA,1d,2022-05-01,1,2,1,1.5,10"))
            _ = try await desk.rows("update ticker set valid_to = '2022-05-28'")
            _ = try await desk.upload(
                "source=x", csv("LUNA,1d,2022-05-02,1,2,1,1.5,10", "LUNA,1d,2022-05-31,1,2,1,1.5,10"))
            let tickers = try await desk.rows(
                "select valid_from, valid_to from ticker order by valid_from nulls first")
            #expect(tickers.count == 2)
            #expect(tickers[1].optionalTimestamp(0) == Timestamp("2022-05-28"))
            let counts = try await desk.rows("select candles from series order by id")
            #expect(counts.map { $0.int(0) } == [2, 1])
        }
    }

    @Test func `a chunk that the timer counted counts once, and the one behind it is waited for`()
        async throws
    {
        let worker = try Worker()
        worker.start(name: "test")
        defer { worker.stop() }
        try await worker.run { worker in
            let handed = Handed()
            let upload = CandleUpload(
                .csv, .init(source: "x"), context: testContext(), clock: .system, reactor: worker.reactor,
                submit: { handed.works.append($0) })
            // The same candle three times: each makes a chunk of its own.
            let rows = csv(
                "A,1d,2024-01-01,1,2,1,1.5,10", "A,1d,2024-01-01,1,2,1,1.6,10", "A,1d,2024-01-01,1,2,1,1.7,10"
            )
            let whole = Task {
                _ = worker
                try await upload.take(rows)
                try await upload.finish()
                return upload.counts.inserted
            }
            try await wait(until: "the first chunk") { handed.works.count == 1 }
            handed.finish(0)
            upload.timeIsUp()
            #expect(handed.works.count == 2)
            for next in 1...2 {
                try await wait(until: "chunk \(next)") { handed.works.count > next }
                handed.finish(next)
            }
            #expect(try await whole.value == 3)
            #expect(handed.works.count == 3)
        }
    }

    /// Chunks that nobody writes until the test says so.
    private final class Handed {
        var works: [CandleWriter.Work] = []

        func finish(_ index: Int) {
            var result = ChunkWrite.Result()
            result.counts.inserted = 1
            works[index].finish(.success(result))
        }
    }

    @Test func `an unclosed row never replaces a closed candle`() async throws {
        try await Desk.with { _, desk in
            let head = "token,interval,open_time,open,high,low,close,volume,closed\n"
            _ = try await desk.upload("source=x", Array((head + "A,1d,2024-01-01,1,2,1,1.5,10,true").utf8))
            let late = try await desk.upload(
                "source=x", Array((head + "A,1d,2024-01-01,1,2,1,1.2,5,false").utf8))
            #expect(late.json["unchanged"] == 1)
        }
    }
}
