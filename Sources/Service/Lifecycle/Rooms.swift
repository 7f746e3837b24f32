import Access
import Alerts
import Crypto
import EventLoop
import Events
import HTTPClient
import HTTPServer
import Identity
import Jobs
import Kernel
import Keys
import Postgres
import Sealing
import Signals
import Signing
import Webhooks

/// The composition root of one worker: every room's stores, endpoints and loops, wired to each other here and
/// nowhere else.
final class Rooms {
    let operations: [Operation]
    let ledger: Ledger
    let authenticator: Authenticator
    let approvals: ApprovalRooms
    /// For exits while the database is gone.
    var door: AwayDoor { signing.door }
    private let shared: NodeShared
    private let database: Database
    private let signals: SignalRooms
    private let signing: SigningRooms
    private let delivery: DeliveryRooms
    private let feed: EventFeed
    private let notifier: Notifier
    private let audit: AuditRooms
    private let sealing: SealingRooms
    private let scheduler: Scheduler?
    private let horizon: HorizonWatch?
    private var isStopping = false
    private var tidyings = 0

    /// - Parameter isLead: this worker also does what a node does once: jobs, and the watch over the horizon.
    init(_ shared: NodeShared, database: Database, isLead: Bool, on worker: isolated Worker) throws {
        let ledger = Ledger(database: database, clock: shared.clock, entropy: shared.entropy)
        self.shared = shared
        self.database = database
        self.ledger = ledger
        authenticator = Authenticator(ledger: ledger, refusals: shared.refusals)
        let sender = ExchangeSender(shared, reactor: worker.reactor)
        signals = SignalRooms(shared, ledger: ledger, sender: sender, reactor: worker.reactor)
        feed = EventFeed(database, things: KeyTargets.source, reactor: worker.reactor)
        notifier = Notifier(database, reactor: worker.reactor)
        audit = AuditRooms(shared, ledger: ledger, reactor: worker.reactor)
        let book = RunBook(database, books: ledger, clock: shared.clock, entropy: shared.entropy)
        let rewrap = Rewrap(
            ledger: ledger, custodian: shared.custodian, states: .ofKeys, reactor: worker.reactor)
        let keys = KeyRooms(shared, ledger: ledger, sender: sender, reactor: worker.reactor)
        delivery = DeliveryRooms(
            shared, ledger: ledger, book: keys.book, isLead: isLead, reactor: worker.reactor)
        approvals = ApprovalRooms(shared, ledger: ledger)
        signing = SigningRooms(
            shared, ledger: ledger, book: keys.book, sender: sender, approvals: approvals.ofUses,
            isLead: isLead, reactor: worker.reactor)
        let people = PeopleRooms(shared, ledger: ledger, keys.book, reactor: worker.reactor)
        let jobs =
            [rewrap.job] + people.jobs + approvals.jobs + keys.jobs + signing.jobs + signals.jobs
            + delivery.jobs + audit.jobs
        scheduler =
            isLead
            ? Scheduler(
                jobs, book: book, node: shared.id, clock: shared.clock, reactor: worker.reactor,
                log: shared.log, isPaused: { !shared.seal.isOpen })
            : nil
        sealing = SealingRooms(
            shared, ledger: ledger, isLead: isLead, onUnsealed: audit.checkpointSoon,
            requestRun: { [weak scheduler] context in
                _ = try await book.request(Rewrap.jobName, context)
                scheduler?.wake()
            })
        horizon =
            isLead
            ? HorizonWatch(
                database, ledger: ledger, reactor: worker.reactor, log: shared.log, metrics: shared.metrics)
            : nil
        let events = EventEndpoints(
            database: database, ledger: ledger, feed: feed, things: KeyTargets.source,
            origin: shared.origin, reactor: worker.reactor, streams: shared.streams, posts: shared.eventPosts,
            recheck: { try await PrincipalRights.left(of: $0, at: shared.clock.now(), in: database) })
        let runs = JobEndpoints(
            jobs, book: book, clock: shared.clock, wake: { [weak scheduler] in scheduler?.wake() })
        operations =
            OpenEndpoints(shared: shared, database: database, pages: ProblemPages()).operations
            + SystemEndpoints(shared: shared, database: database).operations
            + people.operations + approvals.operations + keys.operations + signing.operations
            + signals.operations + delivery.operations + events.operations + audit.operations
            + sealing.operations + runs.operations
        for bind in [approvals.bind, people.bind] { bind(operations) }
        ledger.onEvents { [feed, notifier] in
            feed.wake()
            notifier.note()
        }
    }

    func start(on worker: isolated Worker) async throws {
        feed.start(on: worker)
        notifier.start(on: worker)
        audit.start(on: worker)
        sealing.start(on: worker)
        signals.share(by: notifier, feed)
        signals.start(on: worker)
        signing.start(on: worker)
        delivery.start(on: worker)
        scheduler?.count(in: shared)
        scheduler?.start(on: worker)
        horizon?.start(on: worker)
    }

    /// What makes work ends before what carries it out.
    nonisolated(nonsending) func stop() async {
        isStopping = true
        await scheduler?.stop()
        horizon?.stop()
        signals.stop()
        signing.stop()
        feed.stop()
        notifier.stop()
        audit.stop()
        sealing.stop()
        await delivery.stop()
        await tidy()
    }

    /// The seal was closed: whoever follows something has to come again.
    func endStreams() {
        feed.endStreams()
        signing.forgetSecrets()
    }

    /// Writes what was gathered off the requests' path; tells that this node is alive.
    nonisolated(nonsending) func tidy() async {
        do {
            try await authenticator.flush(now: shared.clock.now())
            if scheduler != nil { try await noteNode() }
        } catch {
            shared.log.warning("not written yet", ["error": .text("\(error)")])
        }
    }
}

extension Rooms {
    /// Tidyings between two looks at the exports: about a minute.
    private static let tidyingsPerLook = 30

    /// What a node does once for all its workers.
    private nonisolated(nonsending) func noteNode() async throws {
        if let horizon { shared.state.note(horizonLagSeconds: horizon.lagSeconds) }
        try await NodeRegister.note(shared, isStopping: isStopping, in: database)
        shared.state.note(
            liveNodes: try await NodeRegister.liveCount(at: shared.clock.now(), in: database))
        shared.state.note(pendingApprovals: try await approvals.book.pendingCount())
        defer { tidyings += 1 }
        // Until the first export; what was exported once stays so.
        guard !isStopping, tidyings == 0 || !shared.state.isAuditExported else { return }
        guard tidyings % Self.tidyingsPerLook == 0 else { return }
        shared.state.note(isAuditExported: try await audit.isExported())
    }
}

extension Settings {
    /// What links to this service begin with.
    var origin: String { publicOrigin?.text ?? "\(tls == nil ? "http" : "https")://\(listen)" }
}
