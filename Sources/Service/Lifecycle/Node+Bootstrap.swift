import Glibc
import Identity
import Kernel
import Postgres

extension Node {
    /// Without an owner there must be a way in: a token in a file of mode 0600, gone once it was used.
    nonisolated(nonsending) func announceBootstrap(_ database: Database, _ told: (Notice) -> Void)
        async throws
    {
        let file = "\(settings.dataFolder)/bootstrap-token"
        guard try await !BootstrapToken.isDone(in: database) else { return SecretFile.remove(file) }
        let isLost = access(file, R_OK) != 0
        let secret = try await BootstrapToken.ensure(
            in: database, now: clock.now(), entropy: entropy, replacing: isLost)
        guard let secret else { return }
        try SecretFile.makeFolder(settings.dataFolder)
        try SecretFile.write(secret.text, to: file)
        told(.bootstrapTokenMade(token: secret.text, file: file))
    }
}
