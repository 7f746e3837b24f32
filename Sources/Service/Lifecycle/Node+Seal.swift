import Crypto
import EventLoop
package import Kernel
import Postgres
import Sealing

/// Why a node came up without keys.
package enum SealedStart: Sendable {
    case noRootKey(file: String)
    case byOrder(since: Timestamp)
}

extension Node {
    /// The root key that this database's keys are wrapped under, or a new one for a new installation; nil:
    /// people have to bring it. Nothing is written before it is known to fit.
    nonisolated(nonsending) func findRootKey(
        opening wrapped: [WrappedKeyEncryptionKey], _ told: (Notice) -> Void
    ) async throws -> RootKey? {
        let source = settings.rootKeySource
        if let key = try await offLoop.run({ try source.load(opening: wrapped) }) { return key }
        guard wrapped.isEmpty else { return nil }
        let path = settings.rootKeyFile
        let (key, origin) = try await offLoop.run { try RootKey.loadOrCreate(atFile: path) }
        if origin == .created { told(.rootKeyMade(path)) }
        return key
    }

    nonisolated(nonsending) func openSeal(
        under root: RootKey?, _ opening: Opening, _ database: Database, _ reactor: Reactor,
        _ reasons: DatabaseReasons, _ told: (Notice) -> Void
    ) async throws -> (Seal, SealedStart?) {
        if let since = try await SealOrder.read(database) { return begin(.byOrder(since: since), told) }
        guard let root else { return begin(.noRootKey(file: settings.rootKeyFile), told) }
        return try await patiently(reactor, reasons) {
            try await database.transaction { (Seal(try await opening.open(under: root, in: $0)), nil) }
        }
    }

    private func begin(_ start: SealedStart, _ told: (Notice) -> Void) -> (Seal, SealedStart?) {
        log.warning("this node starts sealed", ["reason": .text(start.reason)])
        told(.startsSealed(start))
        return (Seal(), start)
    }
}

extension SealedStart {
    var reason: String {
        switch self {
        case .noRootKey(let file):
            "the database holds keys, and there is no root key: no KEYBELL_ROOT_KEY, no file \(file)"
        case .byOrder(let since): "the installation was sealed by order at \(since)"
        }
    }
}

extension IPAddress {
    fileprivate var isEverywhere: Bool { high == 0 && low == 0 }
}

extension Settings {
    var rootKeySource: RootKeySource { rootKeyText.map { .environment($0) } ?? .file(rootKeyFile) }

    /// Whether shares reach this node from its own machine alone: what other machines reach is a proxy, and
    /// shares are not taken from one.
    var unsealsHereOnly: Bool { tls == nil || listen.ip == nil }

    /// Where keepers bring their shares: this node itself, whatever stands before it.
    var unsealPlace: String {
        guard case .ip(let address, let port) = listen else { return "\(listen)" }
        if tls != nil { return trustedProxies.isEmpty ? origin : "https://\(hostName()):\(port)" }
        guard address.isEverywhere else { return "http://\(listen)" }
        return address.family == .v4 ? "http://127.0.0.1:\(port)" : "http://[::1]:\(port)"
    }
}
