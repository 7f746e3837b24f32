import EventLoop
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

extension IntegrationTests {
    /// kill -9 of the node while it takes in candles. `Scripts/chaos --uploads` does this at random moments.
    @Suite struct UploadKillTests {
        @Test func `an upload whose node is killed -9 is sent again, and ends like one that was never cut`()
            async throws
        {
            try await RunningNode.with(.scratch()) { node in
                try await node.bootstrap()
                let upload = try KilledUpload(node)
                #expect(try await upload.send("whole").status == 200)
                try await upload.settle("whole")

                // Half of the rows are stored, the others wait for their commit.
                let half = try await upload.killInCommit("cut")
                #expect(half > 0 && half < upload.rows)
                try await node.start()
                // All candles are there, and none of the new ones is analysed.
                #expect(try await upload.killInAnalysis("cut") == upload.rows)
                // Somewhere between the steps of an analysis that nobody asked for.
                try await upload.killBetweenSteps("cut")

                try await node.start()
                let again = try await upload.send("cut")
                #expect(again.status == 200 && again.json["inserted"]?.asInt == 0, "\(again.text)")
                #expect(again.json["unchanged"]?.asInt == Int64(upload.rows))
                try await upload.settle("cut")
                let (cut, whole) = try await (upload.stored("cut"), upload.stored("whole"))
                #expect(cut == whole && whole.allSatisfy { !$0.isEmpty })
                try await upload.expectToldOnce("cut", like: "whole")
            }
        }
    }
}

/// One token's days, uploaded under several sources: what becomes of them must not differ.
private struct KilledUpload {
    let node: RunningNode
    let url: DatabaseURL
    let rows: Int
    private let body: [UInt8]

    init(_ node: RunningNode) throws {
        self.node = node
        url = try #require(node.databaseURL)
        let text = try #require(readWhole("\(projectFolder())/Tests/Fixtures/candles/ETH.csv"))
        body = Array(text.utf8)
        rows = text.split(separator: "\n").count - 1
    }

    private static func target(_ source: String) -> String { "/v1/candles?source=\(source)" }

    func send(_ source: String) async throws -> LoopbackMessage {
        try await node.send("POST", Self.target(source), body, type: "text/csv")
    }

    // MARK: Killing

    /// How many rows are stored then.
    func killInCommit(_ source: String) async throws -> Int {
        let head = node.head(
            "POST", Self.target(source), length: body.count,
            headers: [(name: "content-type", value: "text/csv")])
        let (node, body, middle) = (node, body, body.count / 2)
        let connection = try LoopbackConnection(to: node.port)
        try await blockingThreads.run { try connection.send(Array(head.utf8) + body[..<middle]) }
        try await wait(until: "the first rows are stored") { try await count(source) > 0 }
        let before = try await count(source)
        try await whileOpen("lock table candle in share mode", at: url) {
            try await blockingThreads.run { try connection.send(Array(body[middle...])) }
            try await waitForLock()
            await node.killHard()
        }
        #expect(try await count(source) == before)
        try await expectWhole(source)
        return before
    }

    func killInAnalysis(_ source: String) async throws -> Int {
        try await whileOpen("lock table grade in share mode", at: url) {
            async let answer = try? send(source)
            try await wait(until: "all rows are stored") { try await count(source) == rows }
            try await waitForLock()
            await node.killHard()
            _ = await answer
        }
        try await expectWhole(source)
        return try await count(source)
    }

    func killBetweenSteps(_ source: String) async throws {
        let before = try await steps(source)
        // What the job of the lost node had in hand is taken up half a minute later.
        try await ScratchDatabase(url: url).visit { _, database in
            _ = try await database.query(Self.lapsed)
        }
        try await node.start()
        _ = try await node.call("POST", "/v1/jobs/signal-analysis/run")
        try await wait(until: "a step is done") { try await steps(source) > before }
        await node.killHard()
        try await expectWhole(source)
    }

    /// On a loaded machine it may be too late for that; the kill comes where the node is then.
    private func waitForLock() async throws {
        for _ in 0..<90 {
            if try await number(Self.waiting) != 0 { return }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    // MARK: What is there

    /// All grades of all candles before the first that is not analysed, and nothing behind it.
    private func expectWhole(_ source: String) async throws {
        #expect(try await number(Self.torn, source) == 0, "\(source)")
    }

    func settle(_ source: String) async throws {
        try await wait(until: "\(source) is analysed") { try await number(Self.dirty, source) == 0 }
    }

    private func count(_ source: String) async throws -> Int { try await number(Self.candles, source) }

    private func steps(_ source: String) async throws -> Int { try await number(Self.analysed, source) }

    private func number(_ statement: Statement, _ source: String? = nil) async throws -> Int {
        try await ScratchDatabase(url: url).visit { _, database in
            let rows =
                if let source { try await database.query(statement, .text(source)) } else {
                    try await database.query(statement)
                }
            return rows.first?.int(0) ?? 0
        }
    }

    /// Digests of candles, grades and signals.
    func stored(_ source: String) async throws -> [String] {
        try await ScratchDatabase(url: url).visit { _, database in
            let row = try await database.query(Self.digests, .text(source)).first
            return (0..<3).map { row?.optionalText($0) ?? "" }
        }
    }

    /// No grade and no signal is told twice, and all that is told of the other source is told.
    func expectToldOnce(_ source: String, like other: String) async throws {
        for type in ["grade.changed", "signal.opened", "signal.closed"] {
            let data = try await node.told(type).compactMap { $0["data"] }
            func moments(_ source: String) -> [String] {
                data.filter { $0["source"]?.asString == source }.map { event in
                    ["time", "decided_at", "closed_at", "direction", "model"]
                        .map { event[$0]?.asString ?? "" }.joined(separator: " ")
                }
            }
            let (ours, theirs) = (moments(source), moments(other))
            #expect(Set(ours).count == ours.count, "\(type)")
            #expect(!theirs.isEmpty && Set(ours).isSuperset(of: theirs), "\(type)")
        }
    }
}

extension KilledUpload {
    private static let waiting = Statement("test_locks", "select count(*) from pg_locks where not granted")
    private static let lapsed = Statement(
        "test_lapse", "update job set lease_until = clock_timestamp() where leased_by is not null")
    private static let candles = Statement(
        "test_candles",
        """
        select count(*) from candle c join series s on s.id = c.series where s.source = $1::text
        """)
    private static let dirty = Statement(
        "test_dirty",
        "select count(*) from series where source = $1::text and dirty_from is not null")
    private static let analysed = Statement(
        "test_analysed", "select coalesce(sum(analysed), 0)::int8 from series where source = $1::text")

    /// How many grades are missing, too many, or others than those of the source `whole`, and whether the
    /// series' own sums are wrong.
    private static let torn = Statement(
        "test_torn",
        """
        with s as (select * from series where source = $1::text),
            w as (select g.* from grade g join series on series.id = g.series where source = 'whole'),
            mine as (select g.* from grade g join s on s.id = g.series),
            wanted as (
                select w.* from w join candle c on c.open_time = w.time join s on s.id = c.series
                where s.dirty_from is null or w.time < s.dirty_from
            )
        select (select count(*) from mine full join wanted
                on (mine.time, mine.model_number) = (wanted.time, wanted.model_number)
                where mine.value is distinct from wanted.value or mine.bars is distinct from wanted.bars)
            + (select count(*) from s where s.candles <> (select count(*) from candle c where c.series = s.id)
                or s.last_open <> (select max(open_time) from candle c where c.series = s.id))
        """)

    private static let digests = Statement(
        "test_digests",
        """
        select
            (select md5(string_agg(concat_ws(' ', open_time, open, high, low, close, volume, closed,
                revision),
                ',' order by open_time)) from candle where series = s.id),
            (select md5(string_agg(concat_ws(' ', time, model_number, value, previous, data_quality, bars,
                missing, revision), ',' order by time, model_number)) from grade where series = s.id),
            (select md5(string_agg(concat_ws(' ', decided_at, direction, model_number, state, withdrawn,
                body),
                ',' order by decided_at, direction, model_number)) from signal where series = s.id)
        from series s where source = $1::text
        """)
}
