import Kernel
import EventLoop
import Postgres

/// Runs a command's work on a loop of its own, beside the database that the settings name: the private
/// cluster is adopted, or started for as long as the work takes.
enum DatabaseHost {
    static func run<Result: Sendable>(
        _ settings: Settings, name: String,
        _ body: @escaping @Sendable (isolated Worker, DatabaseURL, OffLoop) async throws -> Result
    ) async throws -> Result {
        let worker = try Worker()
        worker.start(name: name)
        defer { worker.stop() }
        let offLoop = try OffLoop(threads: 2, limit: 16, name: "kb-offloop")
        defer { offLoop.stop() }
        return try await worker.run { worker in
            if let url = settings.database { return try await body(worker, url, offLoop) }
            let ticket = Interruption.undo { [weak worker] in await worker?.stopCluster() }
            defer { Interruption.withdraw(ticket) }
            let url = try await worker.startCluster(settings, offLoop: offLoop, entropy: .system)
            do {
                let result = try await body(worker, url, offLoop)
                await worker.stopCluster()
                return result
            } catch {
                await worker.stopCluster()
                throw error
            }
        }
    }
}
