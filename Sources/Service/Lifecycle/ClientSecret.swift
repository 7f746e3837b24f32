import EventLoop
import HTTPClient
import Identity
import Kernel

/// What this service proves itself with at the log-in provider: a file that holds nothing else.
struct ClientSecret: Sendable {
    enum Mistake: Error {
        case empty
        /// A control character, or more than one line.
        case malformed
    }

    private static let bytesAtMost = 4_096

    let file: String

    func read() throws -> String {
        let text = try SecretFile.read(file, limit: Self.bytesAtMost)
        let secret = text.hasSuffix("\n") ? String(text.dropLast()) : text
        guard !secret.isEmpty else { throw Mistake.empty }
        guard secret.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { throw Mistake.malformed }
        return secret
    }
}

extension OpenIDSettings {
    var clientSecret: ClientSecret? { clientSecretFile.map { ClientSecret(file: $0) } }
}

extension ProviderClient {
    /// Of one worker; nil when no provider is set up.
    static func of(_ shared: NodeShared, _ reactor: Reactor) -> ProviderClient? {
        guard let settings = shared.settings.openID else { return nil }
        let client = HTTPClient(
            on: reactor, resolver: .system(shared.partnerNames),
            addressGuard: AddressGuard(ownAddresses: [shared.settings.listen]))
        return ProviderClient(settings, client: client, clock: shared.clock) {
            guard let secret = settings.clientSecret else { return nil }
            return try await shared.offLoop.run { try secret.read() }
        }
    }
}
