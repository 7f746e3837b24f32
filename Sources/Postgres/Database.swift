package import EventLoop
package import Kernel

/// The database as one worker sees it: plain state of its loop. A link answers in the order in which it was
/// asked, so who may wait behind whom is decided by the link:
///
/// - `vital`: what lets a caller in, makes a key ready for its use, and says whether the node is ready.
/// - `reads` (also `query` and `send` of the database itself): everything else that finds its rows by keys.
/// - `report`: what may look at many more rows than it answers. Few at a time, each alone, and not for long.
/// - `batch`, and `transaction`: what changes something, in several round trips.
package final class Database: Queryable {
    package struct Size: Sendable {
        /// Connections for transactions of several round trips; opened when first wanted.
        package var transactions = 4
        /// Reports at a time; their connections are opened when first wanted.
        var reports = 2
        /// How long a caller waits for one of them.
        package var wait = TransactionPool.maximumWait
        var patience = SilenceWatch.Patience()

        package init() {}
    }

    /// Autocommit, by keys, a few rows: nobody waits here behind somebody else's question.
    package let vital: Link
    /// Autocommit; never given a statement that waits for a lock.
    package let reads: Link
    let reports: TransactionPool
    /// One connection for batches: transactions in a row, never two at once.
    package let batch: TransactionPool
    package let pool: TransactionPool
    package let connector: Connector
    package let use: DatabaseUse
    let links: [Link]
    private let watch: SilenceWatch
    /// Told when the server says nothing any more, and when it does again.
    package var onSilence: ((_ isSilent: Bool) -> Void)? {
        get { watch.onChange }
        set { watch.onChange = newValue }
    }

    package init(
        _ url: DatabaseURL, settings: SessionSettings = .init(), size: Size = .init(), reactor: Reactor,
        offLoop: OffLoop, entropy: Entropy = .system, use: DatabaseUse = DatabaseUse()
    ) {
        let connector = Connector(url, settings: settings, reactor: reactor, offLoop: offLoop)
        var byKeys = settings
        byKeys.findsByKeys = true
        let batches = Connector(url, settings: byKeys, reactor: reactor, offLoop: offLoop)
        var brief = settings
        brief.statementTimeout = Self.reportLimit(under: settings.statementTimeout)
        let reporters = Connector(url, settings: brief, reactor: reactor, offLoop: offLoop)
        func link(_ connector: Connector, isEager: Bool = false) -> Link {
            Link(connector, entropy: entropy, use: use, isEager: isEager)
        }
        (self.connector, self.use) = (connector, use)
        vital = link(connector, isEager: true)
        reads = link(connector, isEager: true)
        reports = TransactionPool(
            (0..<size.reports).map { _ in link(reporters) }, use: use, reactor: reactor, wait: size.wait)
        batch = TransactionPool([link(batches)], use: use, reactor: reactor, wait: size.wait)
        pool = TransactionPool(
            (0..<size.transactions).map { _ in link(connector) }, use: use, reactor: reactor, wait: size.wait)
        links = [vital, reads] + reports.links + batch.links + pool.links
        watch = SilenceWatch(links, connector, size.patience)
        watch.onLook = { [weak self] in self?.renewReadOnly() }
    }

    package var isAvailable: Bool { vital.isOpen && reads.isOpen }

    /// Statements that were sent from here since it was made.
    package var sentCount: Int { links.reduce(0) { $0 + $1.sentCount } }

    /// Starts to connect and to stay connected, on the loop of `worker`, until `stop`.
    package func start(on worker: isolated Worker) {
        for link in links {
            worker.spawn {
                await link.run()
            }
        }
        worker.spawn { await self.watch.run() }
    }

    /// Closes every connection; what waits fails with `unavailable`.
    package func stop() {
        watch.stop()
        for link in links { link.stop() }
    }

    /// Waits for the first connection, through as many attempts as fit into `limit`.
    package nonisolated(nonsending) func ready(within limit: Period = .seconds(10))
        async throws(PostgresError)
    {
        let step: Period = .milliseconds(5)
        var waited = Period(microseconds: 0)
        while !isAvailable {
            guard waited < limit else { throw .unavailable }
            await connector.reactor.sleep(nanoseconds: step.nanoseconds)
            waited = waited + step
        }
    }

    package func send(_ statement: Statement, _ parameters: [Parameter]) -> Query {
        reads.send(statement, parameters)
    }

    /// Runs `body` in a transaction; see `TransactionPool.transaction`.
    package nonisolated(nonsending) func transaction<Result>(
        retries: Int = 0, _ body: nonisolated(nonsending) (Transaction) async throws -> Result
    ) async throws -> Result {
        try await pool.transaction(retries: retries, body)
    }
}
