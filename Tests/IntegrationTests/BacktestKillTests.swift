import JSON
import Kernel
import Postgres
import TestSupport
import Testing

extension IntegrationTests {
    /// Backtests over HTTP: progress, cancelling, and a node that is killed -9 in the middle of one.
    @Suite struct BacktestKillTests {
        @Test func `a backtest whose node is killed -9 is taken up by another, and its report is the same`()
            async throws
        {
            let database = try await ScratchDatabase.make()
            try await RunningNode.with(.database(database.url)) { first in
                try await first.bootstrap()
                let runs = BacktestRuns(node: first, database: database)
                try await runs.upload("SOL", rows: 420)
                let asOf = Clock.system.now().description
                let uncut = try await runs.finish(try await runs.ask(asOf: asOf))
                try await cancelOne(runs, asOf)
                let killed = try await eventually("the node is killed in a run") {
                    try await runs.kill(try await runs.ask(asOf: asOf))
                }
                let rootKey = ["KEYBELL_ROOT_KEY_FILE": first.folder.file("root.key")]
                try await RunningNode.with(.database(database.url), rootKey) { second in
                    try second.adopt(first.ownerToken)
                    let others = BacktestRuns(node: second, database: database)
                    // Half a minute later.
                    try await others.lapse()
                    #expect(try await others.finish(killed) == uncut)
                    let types = try await others.told(killed)
                    #expect(types == ["backtest.started", "backtest.finished"], "\(types)")
                    // What came since was not known then.
                    try await others.upload("BNB", rows: 420)
                    #expect(try await others.finish(try await others.ask(asOf: asOf)) == uncut)
                    #expect(try await others.finish(try await others.ask(asOf: nil)) != uncut)
                }
            }
        }

        /// Progress is seen while it runs; what is cancelled stays so, without a report.
        private func cancelOne(_ runs: BacktestRuns, _ asOf: String) async throws {
            let cancelled = try await eventually("a backtest is cancelled while it runs") { () -> String? in
                let id = try await runs.ask(asOf: asOf)
                guard try await runs.isUnderWay(id) else { return nil }
                let answer = try await runs.node.call("POST", "/v1/backtests/\(id)/cancel")
                return answer.status == 200 && answer.json["state"] == "cancelled" ? id : nil
            }
            // The next one is run: the job does not hang on this one.
            _ = try await runs.finish(try await runs.ask(asOf: asOf))
            let after = try await runs.node.must("GET", "/v1/backtests/\(cancelled)")
            #expect(after["state"] == "cancelled" && after["report"] == .null, "\(after)")
            #expect(try await runs.told(cancelled) == ["backtest.started", "backtest.cancelled"])
        }
    }
}

private struct BacktestRuns {
    let node: RunningNode
    let database: ScratchDatabase

    func upload(_ symbol: String, rows: Int) async throws {
        let text = try #require(readWhole("\(projectFolder())/Tests/Fixtures/candles/\(symbol).csv"))
        let lines = text.split(separator: "\n").prefix(rows + 1).joined(separator: "\n")
        let answer = try await node.send(
            "POST", "/v1/candles?source=demo", Array(lines.utf8), type: "text/csv")
        guard answer.status == 200 else { throw Impatience(answer.text) }
    }

    /// The id of a backtest that waits.
    func ask(asOf: String?) async throws -> String {
        let request: JSONValue = [
            "source": "demo", "rule": ["enter": "close > sma(20)", "leave": "close < sma(50)"],
            "as_of": asOf.map { .string($0) } ?? .null,
        ]
        let id = try await node.must("POST", "/v1/backtests", request).id
        // Refused while a run is under way, which takes it up as well.
        _ = try await node.call("POST", "/v1/jobs/backtests/run")
        return id
    }

    /// True when it is seen between its first step and its last.
    func isUnderWay(_ id: String) async throws -> Bool {
        try await eventually("the backtest goes on") { () -> Bool? in
            let told = try await node.must("GET", "/v1/backtests/\(id)")
            let progress = told["progress"]?.asDouble ?? 0
            switch told["state"]?.asString {
            case "running": return progress > 0 && progress < 1 ? true : nil
            case "queued": return nil
            default: return false
            }
        }
    }

    /// Kills the node in the middle of it; nil when it was over before.
    func kill(_ id: String) async throws -> String? {
        guard try await isUnderWay(id) else { return nil }
        await node.killHard()
        let state = try await database.visit { _, database in
            try await database.query(Self.newestState).first?.text(0)
        }
        if state == "running" { return id }
        try await lapse()
        try await node.start()
        return nil
    }

    /// The report as it is sent.
    func finish(_ id: String) async throws -> String {
        try await wait(until: "the backtest is done") {
            _ = try await node.call("POST", "/v1/jobs/backtests/run")
            return try await node.must("GET", "/v1/backtests/\(id)")["state"] == "succeeded"
        }
        let text = try await node.call("GET", "/v1/backtests/\(id)").text
        let begin = try #require(text.firstRange(of: #""report":{"#))
        return String(text[begin.lowerBound...])
    }

    func told(_ id: String) async throws -> [String] {
        try await node.told("backtest.*").filter { $0["subject"]?.asString == id }
            .compactMap { $0["type"]?.asString }
    }

    func lapse() async throws {
        try await database.visit { _, database in _ = try await database.query(Self.lapsed) }
    }

    private static let newestState = Statement(
        "test_backtest_state", "select state from backtest order by id desc limit 1")
    private static let lapsed = Statement(
        "test_backtest_lapse",
        "update job set lease_until = clock_timestamp() where name = 'backtests' and leased_by is not null")
}
