import Access
import HTTPServer
import JSON
import Kernel
import TestSupport
import Testing

@testable import Signals

/// A page that was answered before is answered again only while nothing of it can have changed.
struct KeptPagesTests {
    private func csv(_ rows: [String]) -> [UInt8] {
        Array(("token,interval,open_time,open,high,low,close,volume\n" + rows.joined(separator: "\n")).utf8)
    }

    private func minute(_ number: Int, close: Double = 1.5) -> String {
        "A,1m,\(Timestamp(seconds: 1_704_067_200 + Int64(number) * 60)),1,9,1,\(close),1"
    }

    /// A node of its own beside the desk's: candles come by the desk, and are read here.
    private struct Reader {
        let endpoints: CandleEndpoints
        let desk: Desk

        init(_ desk: Desk) { (endpoints, self.desk) = (CandleEndpoints(database: desk.database), desk) }

        nonisolated(nonsending) func get(_ query: String) async throws -> TestAnswer {
            try await TestCaller(endpoints.operations).call(
                "GET", "/v1/candles?token=\(query)", testContext(at: desk.time.now))
        }

        /// The answer to a question that was answered before: of what is kept, and as a node answers that
        /// keeps nothing.
        nonisolated(nonsending) func again(_ query: String) async throws -> JSONValue {
            let first = try await get(query)
            let second = try await get(query)
            #expect(first.status == 200 && first.body != nil && first.body === second.body)
            #expect(first.text == (try await Reader(desk).get(query)).text)
            return second.json
        }
    }

    @Test func `what another node stored is in the next answer`() async throws {
        try await Desk.with(isAnalysing: false) { _, desk in
            let reader = Reader(desk)
            _ = try await desk.upload("source=x", csv((0..<10).map { minute($0) }))
            let began = desk.time.now
            let queries = ["A&interval=1m&limit=3", "A&interval=5m", "A&interval=1m&as_of=\(began)"]
            var seen: [JSONValue] = []
            for query in queries { seen.append(try await reader.again(query)) }
            #expect(reader.endpoints.kept.count == 3)

            desk.time.advance(.seconds(1))
            _ = try await desk.upload("source=x", csv([minute(10)]))
            #expect(
                try await reader.again(queries[0])["data"]?[0]?["time"] == "2024-01-01T00:10:00.000Z",
                "a candle that came")
            #expect(try await reader.again(queries[1])["data"]?.asArray?.count == 3, "a derived one")

            _ = try await desk.upload("source=x", csv([minute(10, close: 2)]))
            #expect(try await reader.again(queries[0])["data"]?[0]?["close"]?.asDouble == 2, "a revision")
            #expect(try await reader.again(queries[1])["data"]?[0]?["close"]?.asDouble == 2)
            #expect(try await reader.again(queries[2])["data"] == seen[2]["data"], "what was known then")
            #expect(reader.endpoints.kept.count == 3, "the new page takes the old one's place")
        }
    }

    @Test func `a token that was renamed is named so, and a ticker names whose it is now`() async throws {
        try await Desk.with(isAnalysing: false) { _, desk in
            let reader = Reader(desk)
            _ = try await desk.upload("source=x", csv([minute(0)]))
            let old = try await reader.again("A&interval=1m")["series"]
            let id = try #require(old?["token_id"]?.asString)
            #expect(try await reader.again("\(id)&interval=1m")["series"]?["symbol"] == "A")
            desk.time.advance(.days(1))
            let renamed = try await TestCaller(desk.operations).call(
                "PATCH", "/v1/tokens/\(id)", testContext(at: desk.time.now),
                headers: [(name: "if-match", value: "*")],
                body: #"{"symbol":"B","renamed_at":"2024-01-10T00:00:00Z"}"#)
            #expect(renamed.status == 200)
            #expect(try await reader.again("\(id)&interval=1m")["series"]?["symbol"] == "B")
            #expect(try await reader.again("A&interval=1m")["series"]?["symbol"] == "B")

            let later = "A,1m,2024-01-11T00:00:00Z,1,9,1,7,1"
            _ = try await desk.upload("source=x", csv([later]))
            let other = try await reader.again("A&interval=1m")
            #expect(
                other["series"]?["token_id"]?.asString != id && other["data"]?[0]?["close"]?.asDouble == 7)
        }
    }

    @Test func `what is kept is bounded, and what was not read for longest goes first`() {
        let pages = KeptPages(mostBytes: 1_000, mostPages: 3)
        let standing = KeptPages.Standing(symbol: "A", version: 1, updatedAt: .testStart)
        func question(_ series: Int) -> KeptPages.Question {
            KeptPages.Question(
                series: series, interval: .hour, from: .never, to: .forever, asOf: .forever,
                isAscending: true, limit: 50)
        }
        func keep(_ series: Int, _ bytes: Int) {
            pages.keep(KeptBody([UInt8](repeating: 32, count: bytes)), question(series), standing)
        }
        for series in 1...3 { keep(series, 100) }
        #expect(pages.page(question(1), standing) != nil)
        keep(4, 100)
        #expect(pages.count == 3 && pages.page(question(2), standing) == nil)
        #expect(pages.page(question(1), standing) != nil)
        keep(5, 700)
        #expect(pages.heldBytes <= 1_000 && pages.page(question(5), standing) != nil)
        keep(6, 2_000)
        #expect(pages.count == 0, "larger than all that may be kept")
        keep(7, 100)
        let others = [("B", 1, 0), ("A", 2, 0), ("A", 1, 1)]
        for (symbol, version, seconds) in others {
            let other = KeptPages.Standing(
                symbol: symbol, version: Int64(version), updatedAt: .testStart + .seconds(Int64(seconds)))
            #expect(pages.page(question(7), other) == nil)
        }
    }
}

extension TestAnswer {
    fileprivate var body: KeptBody? {
        if case .kept(let body) = response.body { body } else { nil }
    }
}
