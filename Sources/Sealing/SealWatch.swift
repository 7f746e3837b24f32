import Crypto
package import EventLoop
package import Kernel
package import Postgres

/// Keeps a node's keys in step with the database, one a node: seals it when the installation is sealed,
/// unseals it when the order is taken back and it has a root key of its own, and loads new generations.
package final class SealWatch {
    /// Woken by notifications; this is the net under them.
    private static let every: Period = .milliseconds(200)
    /// Looks between two attempts to open with a root key of one's own, when nothing has changed: 5 s.
    private static let looksPerAttempt = 25

    private static let state = Statement(
        "seal_state",
        """
        select a.sealed_at, i.root_fingerprint,
            array(select generation::bigint from key_encryption_key order by generation)
        from authority a, installation i
        """)
    private static let note = Statement(
        "node_key_generation", "update node set key_generation = $2::integer where id = $1")

    private let custodian: Custodian
    private let database: Database
    private let clock: Clock
    private let log: Log
    private let listener: NotificationListener
    private let bell: Wakeup
    private var isStopped = false
    private var wasOrdered = false
    private var looks = 0
    private var lastTrouble: String?

    package init(_ custodian: Custodian, _ database: Database, clock: Clock, log: Log) {
        let bell = Wakeup()
        (self.custodian, self.database, self.clock, self.log) = (custodian, database, clock, log)
        self.bell = bell
        listener = NotificationListener(database.connector, channels: [SealOrder.channel]) { _ in bell.wake()
        }
    }

    package func start(on worker: isolated Worker) {
        listener.start(on: worker)
        worker.spawn {
            await self.watch()
        }
    }

    package func stop() {
        isStopped = true
        listener.stop()
        bell.wake()
    }

    private nonisolated(nonsending) func watch() async {
        while !isStopped {
            do {
                try await look()
                lastTrouble = nil
            } catch {
                tell(error)
            }
            let timer = database.connector.reactor.schedule(afterNanoseconds: Self.every.nanoseconds) {
                [bell] in
                bell.wake()
            }
            await bell.wait()
            database.connector.reactor.cancel(timer)
        }
    }

    /// Once for each trouble, not at every look.
    private func tell(_ error: any Error) {
        let text = "\(error)"
        if text != lastTrouble { log.warning("the seal cannot be kept in step", ["error": .text(text)]) }
        lastTrouble = text
    }

    package nonisolated(nonsending) func look() async throws {
        looks += 1
        let now = clock.now()
        custodian.tidy(at: now)
        // What is decided below by this row is dropped when somebody opened or closed meanwhile.
        let edition = custodian.seal.edition
        guard let row = try await database.query(Self.state).first else { return }
        let isOrdered = !row.isNull(0)
        defer { wasOrdered = isOrdered }
        if isOrdered { return close(edition) }
        let generations = row.int64Array(2).map(Int.init)
        guard let opened = try? custodian.seal.opened() else {
            let isDue = wasOrdered || looks % Self.looksPerAttempt == 1
            return isDue ? try await reopen(edition) : ()
        }
        let isSame = try row.optionalText(1) == opened.root.fingerprint()
        if isSame && opened.keyring.generations == generations {
            custodian.isStale = false
            return
        }
        if custodian.isStale && looks % Self.looksPerAttempt != 1 { return }
        try await reload(opened, isSame: isSame, edition)
    }

    private func close(_ edition: Int) {
        guard custodian.seal.isOpen, custodian.close(ifEdition: edition) else { return }
        log.warning("sealed, by order: this node holds no keys any more")
    }

    private nonisolated(nonsending) func reopen(_ edition: Int) async throws {
        let wrapped = try await KeyEncryptionKeys.read(database)
        guard let root = try await custodian.ownRootKey(opening: wrapped) else { return }
        try await open(under: root, edition)
        log.info("unsealed, by this node's own root key")
    }

    /// Another generation, or another root key.
    private nonisolated(nonsending) func reload(
        _ opened: Seal.Opened, isSame: Bool, _ edition: Int
    ) async throws {
        var root: RootKey? = opened.root
        if !isSame {
            let wrapped = try await KeyEncryptionKeys.read(database)
            root = try? await custodian.ownRootKey(opening: wrapped)
        }
        guard let root else { return noteStale() }
        try await open(under: root, edition)
    }

    private func noteStale() {
        guard !custodian.isStale else { return }
        custodian.isStale = true
        log.warning("the root key was rotated elsewhere", ["remedy": .text(custodian.source.staleRemedy)])
    }

    private nonisolated(nonsending) func open(under root: RootKey, _ edition: Int) async throws {
        let opening = custodian.opening
        let opened = try await database.transaction { try await opening.open(under: root, in: $0) }
        guard custodian.open(with: opened, ifEdition: edition) else { return }
        _ = try await database.transaction { [node = custodian.node] transaction in
            try await transaction.query(Self.note, .id(node), .int(opened.keyring.currentGeneration))
        }
    }
}

extension RootKeySource {
    /// What to do on a node whose root key is not the installation's any more.
    package var staleRemedy: String {
        switch self {
        case .file(let path):
            "this node goes on with the keys it has, but cannot start again: put the new root key into "
                + "\(path), or remove that file and unseal this node with the new shares"
        case .environment:
            "this node goes on with the keys it has, but cannot start again: put the new root key into "
                + "KEYBELL_ROOT_KEY, or take that setting away and unseal this node with the new shares"
        }
    }
}
