import Access
import Alerts
import Crypto
import EventLoop
import Events
import HTTPClient
import Jobs
import Kernel
import Keys
import Webhooks

/// From an event to a receiver, on one worker: rules, the outbox, the dispatcher.
struct DeliveryRooms {
    let operations: [Operation]
    let jobs: [Job]
    private let dispatcher: Dispatcher
    /// One a node, both.
    private let courses: CourseEngine?
    private let actions: RuleActionRunner?

    init(_ shared: NodeShared, ledger: Ledger, book: KeyBook, isLead: Bool, reactor: Reactor) {
        let allowance = shared.settings.receivers
        let directory = WebhookDirectory(
            rights: PrincipalRights.reader(shared.clock), in: ledger.database, things: KeyTargets.source)
        let outbox = WebhookOutbox(
            directory: directory, node: shared.id.uuid, clock: shared.clock, entropy: shared.entropy)
        let keys = WebhookKeys(seal: shared.seal)
        let client = HTTPClient(
            on: reactor, resolver: .system(shared.receiverNames),
            addressGuard: AddressGuard(ownAddresses: [shared.settings.listen]), settings: .ofReceivers)
        let mail = MailClient(
            on: reactor, resolver: .system(shared.receiverNames),
            addressGuard: AddressGuard(ownAddresses: [shared.settings.listen]))
        let dispatcher = Dispatcher(
            node: shared.id.uuid, ledger: ledger, outbox: outbox, directory: directory, keys: keys,
            client: client, mail: mail, allowance: allowance, origin: shared.settings.origin,
            rests: shared.endpointRests, reactor: reactor, log: shared.log, metrics: shared.webhookMetrics,
            sweeps: isLead)
        let engine = AlertEngine(
            ledger: ledger, rights: PrincipalRights.reader(shared.clock), things: KeyTargets.source,
            receivers: directory, origin: shared.settings.origin)
        ledger.wish { try await engine.wishes($0, in: $1) }
        ledger.react(
            where: { outbox.mayTake($0, at: $1) || engine.mayTake($0, at: $1) },
            outbox.reaction(adding: { try await engine.messages(for: $0, in: $1) }))
        let courses =
            isLead
            ? CourseEngine(
                ledger: ledger, alerts: engine, rights: PrincipalRights.reader(shared.clock),
                things: KeyTargets.source, node: shared.id.uuid, nodes: { shared.state.liveNodes },
                reactor: reactor, log: shared.log, enqueue: { try await outbox.enqueue($0, in: $1) })
            : nil
        if let courses { ledger.onEvents { courses.wake() } }
        self.courses = courses
        let hands = RuleHands(KeyRestraint(book: book))
        let actions = RuleActionRunner(
            ledger: ledger, rights: PrincipalRights.reader(shared.clock), hands: hands, reactor: reactor,
            log: shared.log, isPaused: { !shared.seal.isOpen })
        ledger.onEvents { if engine.takeOpenedActions() { actions.wake() } }
        self.actions = isLead ? actions : nil
        let alerts = AlertRooms(
            shared, ledger: ledger, engine: engine, hands: hands,
            enqueue: { try await outbox.enqueue($0, in: $1) })
        let wake = { [weak dispatcher] in dispatcher?.wake() ?? () }
        operations =
            WebhookEndpoints(
                ledger: ledger, outbox: outbox, keys: keys, allowance: allowance,
                uses: WebhookUses.read, wake: wake
            ).operations
            + DeliveryEndpoints(ledger: ledger, things: KeyTargets.source, wake: wake).operations
            + ReplayEndpoints(
                ledger: ledger, outbox: outbox, things: KeyTargets.source,
                alerts: ReplayEndpoints.Alerts(MissedAlerts(engine)), wake: wake
            ).operations
            + alerts.operations
        jobs =
            WebhookJobs(ledger: ledger, directory: directory, poll: { try await dispatcher.poll() }).jobs
            + alerts.jobs + [actions.job, HeartbeatWatch(ledger: ledger, outbox: outbox).job]
        self.dispatcher = dispatcher
    }

    func start(on worker: isolated Worker) {
        dispatcher.start(on: worker)
        courses?.start(on: worker)
        actions?.start(on: worker)
    }

    nonisolated(nonsending) func stop() async {
        await actions?.stop()
        await courses?.stop()
        await dispatcher.drain()
    }
}

extension ReplayEndpoints.Alerts {
    fileprivate init(_ missed: MissedAlerts) {
        self.init(
            messages: { try await missed.messages(for: $0, in: $1) },
            sent: { try await missed.note($0, to: $1, in: $2) })
    }
}

extension HTTPClient.Settings {
    /// Anybody may name a receiver: one whose name server hangs takes a thread at a time from the others.
    fileprivate static var ofReceivers: HTTPClient.Settings {
        var settings = HTTPClient.Settings()
        settings.unansweredLifetime = .seconds(30)
        return settings
    }
}

extension RuleHands {
    fileprivate init(_ restraint: KeyRestraint) {
        self.init(
            look: { deed, scope, holders, source in
                try await restraint.look(deed, on: scope, by: holders, in: source)
            },
            act: { deed, scope, cause, change, allows in
                try await restraint.act(deed, on: scope, cause, change, allows: allows)
            })
    }
}
