import CLinux
import Glibc
import Identity
import Kernel
import Postgres

extension Node {
    /// Without an owner there must be a way in: a token in a file of mode 0600 on one node, gone once it was
    /// used.
    nonisolated(nonsending) func announceBootstrap(_ database: Database, _ told: (Notice) -> Void)
        async throws
    {
        let file = "\(settings.dataFolder)/bootstrap-token"
        let standing = try await BootstrapToken.ensure(
            in: database, at: "\(hostName()):\(file)", holding: heldToken(file), now: clock.now(),
            entropy: entropy)
        switch standing {
        case .kept(let expiresAt): told(.bootstrapTokenKept(file: file, expiresAt: expiresAt))
        case .spent: SecretFile.remove(file)
        case .made(let secret):
            do {
                try SecretFile.makeFolder(settings.dataFolder)
                try SecretFile.write(secret.text, to: file)
            } catch {
                throw Failure(
                    description: "the bootstrap token cannot be written to \(file) of KEYBELL_DATA_DIR "
                        + "(\(error))")
            }
            told(.bootstrapTokenMade(token: secret.text, file: file))
        case .elsewhere(let place, let madeAt, let expiresAt):
            // What lies here is of an earlier day.
            SecretFile.remove(file)
            told(
                .bootstrapTokenElsewhere(
                    place: place ?? "another node's data folder", madeAt: madeAt, expiresAt: expiresAt))
        }
    }

    private func heldToken(_ file: String) -> AccessTokenSecret? {
        guard let text = try? SecretFile.read(file, limit: 256) else { return nil }
        return AccessTokenSecret(.bootstrap, parsing: text.utf8.prefix { $0 != UInt8(ascii: "\n") })
    }
}

/// As the system calls this machine.
func hostName() -> String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "unknown host" }
    return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
}
