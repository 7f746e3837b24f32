import Glibc
import JSON
import Postgres
import TestSupport
import Testing

extension IntegrationTests {
    /// What becomes of a job whose node is no more.
    @Suite struct LostJobTests {
        private static let job = "rotation-due"
        private static let leasedRun = Statement(
            "test_leased_run", "select run from job where name = $1::text and leased_by is not null")
        private static let lapse = Statement(
            "test_lapse", "update job set lease_until = clock_timestamp() where name = $1::text")

        @Test func `a job whose node was killed is run by another node once its lease has lapsed`()
            async throws
        {
            let database = try await ScratchDatabase.make()
            try await RunningNode.with(.database(database.url)) { first in
                try await first.bootstrap()
                // The job waits for this lock, so that there is a moment to kill its node in.
                try await whileOpen("lock table exchange_key", at: database.url) {
                    try await kill(first, in: database)
                }
                let rootKey = ["KEYBELL_ROOT_KEY_FILE": first.folder.file("root.key")]
                try await RunningNode.with(.database(database.url), rootKey) { second in
                    try second.adopt(first.ownerToken)
                    // Half a minute later.
                    _ = try await ask(Self.lapse, in: database)
                    let (lost, next) = try await eventually("another run") { try await runs(of: second) }
                    #expect(next["node"]?.asString != nil && next["node"] != lost["node"])
                    let failures = try await second.told("job.failed")
                    let failure = failures.first { $0["data"]?["run_id"] == lost["id"] }
                    #expect(failure?["data"]?["outcome"] == "abandoned")
                }
            }
        }

        /// kill -9 while the node runs the job.
        private func kill(_ node: RunningNode, in database: ScratchDatabase) async throws {
            try await wait(until: "the node is killed in a run") {
                // Refused while one is under way, which will do as well.
                _ = try await node.call("POST", "/v1/jobs/\(Self.job)/run")
                // Held still, so that it cannot tell how the run ends.
                try await node.pause()
                guard try await ask(Self.leasedRun, in: database) else {
                    node.resume()
                    return false
                }
                await node.killHard()
                if try await ask(Self.leasedRun, in: database) { return true }
                // Its last words were on their way already.
                try await node.start()
                return false
            }
        }

        /// Whether the statement about the job finds a row.
        private func ask(_ statement: Statement, in database: ScratchDatabase) async throws -> Bool {
            try await database.visit { _, database in
                try await !database.query(statement, .text(Self.job)).isEmpty
            }
        }

        /// The run that was lost, and one after it that succeeded; nil until there are both.
        private func runs(of node: RunningNode) async throws -> (lost: JSONValue, next: JSONValue)? {
            let page = try await node.must("GET", "/v1/jobs/\(Self.job)/runs")
            let runs = page["data"]?.asArray ?? []
            guard let place = runs.firstIndex(where: { $0["outcome"] == "abandoned" }),
                let next = runs[..<place].first(where: { $0["outcome"] == "succeeded" })
            else { return nil }
            return (runs[place], next)
        }
    }
}
