import Kernel
import Postgres

extension Node {
    /// Without an owner there must be a way in: a token in a file of mode 0600.
    nonisolated(nonsending) func announceBootstrap(_ database: Database, _ told: (Notice) -> Void) async throws {}
}
