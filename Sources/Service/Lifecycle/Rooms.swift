import Access
import EventLoop
import Events
import HTTPServer
import Identity
import Kernel
import Postgres

/// The composition root of one worker: every room's stores, endpoints and loops, wired to each other here and nowhere
/// else.
final class Rooms {
    let operations: [Operation]
    let authenticator: Authenticator
    private let shared: NodeShared
    private let ledger: Ledger

    init(_ shared: NodeShared, database: Database, isLead: Bool, on worker: isolated Worker) throws {
        self.shared = shared
        ledger = Ledger(database: database, clock: shared.clock, entropy: shared.entropy)
        authenticator = Authenticator(ledger: ledger, refusals: shared.refusals)
        let open = OpenEndpoints(shared: shared, database: database, pages: ProblemPages())
        let system = SystemEndpoints(shared: shared, database: database)
        operations = open.operations + system.operations
    }

    func start(on worker: isolated Worker) async throws {}

    nonisolated(nonsending) func stop() async { await tidy() }

    /// Writes what was gathered off the requests' path.
    nonisolated(nonsending) func tidy() async {
        do {
            try await authenticator.flush(now: shared.clock.now())
        } catch {
            shared.log.warning("uses of access tokens are not written yet", ["error": .text("\(error)")])
        }
    }
}
