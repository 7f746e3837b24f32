import EventLoop
import Glibc
import Kernel
import TestSupport
import Testing

@testable import Postgres

@Suite(.serialized) struct PrivateClusterTests {
    private static func folder(_ name: String) -> String { "/tmp/keybell-cluster-\(getpid())-\(name)" }

    private static func cluster(_ folder: String, _ worker: isolated Worker) throws -> PrivateCluster {
        try PrivateCluster(folder: folder, reactor: worker.reactor, offLoop: scratchOffLoop)
    }

    private func onWorker(
        _ name: String, _ body: @Sendable (isolated Worker, String) async throws -> Void
    ) async throws {
        let worker = try Worker()
        worker.start(name: "cluster")
        defer { worker.stop() }
        let folder = Self.folder(name)
        defer { removeTree(folder) }
        try await worker.run { worker in try await body(worker, folder) }
    }

    @Test func `it starts, is adopted by a second start, survives kill -9, and stops`() async throws {
        try await onWorker("life") { worker, folder in
            let cluster = try Self.cluster(folder, worker)
            let url = try await cluster.start()
            let pid = try #require(cluster.processID)
            #expect(url.password?.utf8.count == 48)
            let database = Database(url, reactor: worker.reactor, offLoop: scratchOffLoop)
            database.start(on: worker)
            try await database.ready(within: .seconds(60))
            let checksums = try await database.query(
                Statement("checksums", "select current_setting('data_checksums')"))
            #expect(checksums[0].text(0) == "on")

            let second = try Self.cluster(folder, worker)
            let adopted = try await second.start()
            #expect(adopted == url)
            #expect(second.processID == pid)
            await second.stop()
            #expect(cluster.processID == pid)

            cluster.superviseServer(on: worker)
            kill(pid, SIGKILL)
            while database.isAvailable { await worker.reactor.sleep(nanoseconds: 5_000_000) }
            await expectFailure({ $0 as? PostgresError == PostgresError.unavailable }) {
                _ = try await database.query(Statement("one", "select 1"))
            }
            try await database.ready(within: .seconds(120))
            #expect(cluster.processID != pid)
            database.stop()
            await cluster.stop()
            #expect(cluster.processID == nil)
        }
    }

    @Test func `whoever stops it while it starts sees its end, and nothing is left`() async throws {
        try await onWorker("unwanted") { worker, folder in
            let cluster = try Self.cluster(folder, worker)
            let start = Promise<Bool>()
            worker.spawn { start.fulfil((try? await cluster.start()) != nil) }
            while cluster.processID == nil { await worker.reactor.sleep(nanoseconds: 1_000_000) }
            let begun = Clock.system.monotonicNanoseconds()
            // A start that loses its server stops it as well as whoever wanted it no more.
            let other = Promise<Bool>()
            worker.spawn {
                await cluster.stop()
                other.fulfil(true)
            }
            await cluster.stop()
            let isStarted = await start.get()
            _ = await other.get()
            #expect(!isStarted)
            #expect(cluster.processID == nil)
            let passed = Int64(Clock.system.monotonicNanoseconds() - begun)
            let inVain = PrivateCluster.fastStopLimit + PrivateCluster.immediateStopLimit
            #expect(passed < inVain.nanoseconds, "nobody waited for what was collected already")
        }
    }

    @Test func `a wrong password and another version are refused`() async throws {
        try await onWorker("refusals") { worker, folder in
            let cluster = try Self.cluster(folder, worker)
            var url = try await cluster.start()
            url.password = "wrong"
            let connector = Connector(
                url, settings: .init(), reactor: worker.reactor, offLoop: scratchOffLoop)
            var reasons: [String] = []
            connector.onFailure = { reasons.append($0) }
            await expectFailure({ $0 as? PostgresError == PostgresError.unavailable }) {
                _ = try await connector.plainConnection()
            }
            #expect(reasons.count == 1)
            #expect(reasons.first?.contains("password authentication failed") == true)
            await cluster.stop()
            let version = fopen("\(folder)/data/PG_VERSION", "w")
            fputs("9\n", version)
            fclose(version)
            await expectFailure({
                $0 as? PrivateClusterError == PrivateClusterError.wrongVersion(recorded: 9)
            }) {
                _ = try await cluster.start()
            }
        }
    }

    @Test func `a long path gets a short folder for its socket`() {
        let long = ClusterFolder(path: "/" + String(repeating: "x", count: 120), account: nil)
        #expect("\(long.socketFolder)/.s.PGSQL.5432".utf8.count <= 107)
        let short = ClusterFolder(path: "/srv/keybell/cluster", account: nil)
        #expect(short.socketFolder == "/srv/keybell/cluster/run")
    }
}
