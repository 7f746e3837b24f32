package import EventLoop
package import Events
package import HTTPClient
package import Kernel
import Postgres
import Access

/// Sends what is due, on one worker: what was just committed here at once, what is due or was left behind by
/// polling. At least once: a row stays pending until its outcome is committed, and a lease that lapses is
/// taken by somebody else.
package final class Dispatcher {
    package struct Limits: Sendable {
        /// Requests of this worker on their way: each holds a connection and a body.
        package var inFlight = 256
        /// Of these to one endpoint; connections are kept alive, so this is also how many it keeps.
        package var perEndpoint = 32
        /// Taken and not yet recorded, the queue of this worker: 20 kB each at most.
        package var held = 4_096
        /// Of these for one endpoint, so that one that is slow leaves room for others.
        package var heldPerEndpoint = 2_048
        /// Outcomes that wait for company before they are written.
        package var batchRows = 256
        package var batchDelay = Period.milliseconds(4)
        /// From a message that came through after others had failed to when these are given a time soon: once
        /// for all that come through meanwhile.
        package var hastenDelay = Period.seconds(1)
        /// How often rows are looked for that nobody was told of.
        package var poll = Period.milliseconds(250)

        package init() {}

        /// An endpoint with a rate takes no more soon, however much is held for it.
        func ofLane(_ webhook: WebhookSnapshot.Entry) -> Int {
            min(webhook.terms.maxPerSecond.map { 2 * $0 + 32 } ?? heldPerEndpoint, heldPerEndpoint)
        }
    }

    let limits: Limits
    let node: UUID
    let outbox: WebhookOutbox
    let directory: WebhookDirectory
    let keys: WebhookKeys
    let standing: WebhookStanding
    let ledger: Ledger
    let client: HTTPClient
    let mail: MailClient
    let allowance: Allowance
    let packer: Packer
    let rests: EndpointRests
    let reactor: Reactor
    let log: Log
    let metrics: WebhookMetrics
    var clock: Clock { ledger.clock }
    var database: Database { ledger.database }

    var lanes: [WebhookID: Lane] = [:]
    /// Everything taken and not yet recorded.
    var held: Set<DeliveryID> = []
    var inFlight = 0
    var inFlightOfServer: [String: Int] = [:]
    var placeless = PlaceQueue()
    var book = OutcomeBook()
    var isDraining = false
    /// Webhooks whose batches this worker makes at this moment, and whether more came meanwhile.
    var collecting: [WebhookID: Bool] = [:]
    /// Webhooks whose waiting messages are about to be tried soon.
    var hastening: Set<WebhookID> = []
    private(set) var isRunning = false
    /// Monotonic.
    var lastSweep: UInt64 = 0
    /// Where its next look at what waits in order begins.
    var sweptTo: DeliveryQueue.Line?
    /// Whether it looks for what others left behind: one a node does.
    let sweeps: Bool
    private let pollBell = Wakeup()
    private var tasks = 0
    private var spawn: ((PendingDelivery, WebhookSnapshot.Entry, Place) -> Void)?
    private var spawnErrand: ((Errand) -> Void)?

    package init(
        node: UUID, ledger: Ledger, outbox: WebhookOutbox, directory: WebhookDirectory, keys: WebhookKeys,
        client: HTTPClient, mail: MailClient, allowance: Allowance, origin: String, rests: EndpointRests,
        reactor: Reactor, log: Log, metrics: WebhookMetrics, sweeps: Bool = true,
        limits: Limits = Limits()
    ) {
        (self.node, self.ledger, self.outbox, self.directory) = (node, ledger, outbox, directory)
        (self.keys, self.client, self.allowance, self.reactor) = (keys, client, allowance, reactor)
        (self.log, self.metrics, self.limits) = (log, metrics, limits)
        (self.mail, self.rests, self.sweeps) = (mail, rests, sweeps)
        standing = WebhookStanding(ledger: ledger)
        packer = Packer(keys: keys, allowance: allowance, origin: origin)
    }

    /// Takes what this worker commits, and polls, on the loop of `worker`, until `drain`.
    package func start(on worker: isolated Worker) {
        isRunning = true
        spawn = { delivery, webhook, place in
            worker.spawn {
                await self.attempt(delivery, to: webhook, at: place)
            }
        }
        spawnErrand = { errand in
            worker.spawn {
                await self.run(errand)
            }
        }
        outbox.taker = { [weak self] in self?.accept($0) }
        outbox.onAbsentOwner = { [weak self] in self?.begin(.suspend($0)) }
        outbox.collector = { [weak self] in for id in $0 { self?.gather(id) } }
        outbox.onEnabledOwner = { [weak self] in self?.begin(.resume($0)) }
        begin(.poll)
        begin(.record)
        begin(.renew)
    }

    /// Stops taking, lets finish what is on its way, gives back what is not, records everything.
    package nonisolated(nonsending) func drain() async {
        guard isRunning, !isDraining else { return }
        isDraining = true
        outbox.taker = nil
        outbox.collector = nil
        for id in lanes.keys.sorted() { release(lanes[id]?.takeAll() ?? []) }
        pollBell.wake()
        book.bell.wake()
        while inFlight > 0 || tasks > 0 {
            if inFlight == 0 { book.bell.wake() }
            await reactor.sleep(nanoseconds: Period.milliseconds(10).nanoseconds)
        }
        isRunning = false
    }

    /// Looks for due rows now rather than at the next poll.
    package func wake() { pollBell.wake() }

    // MARK: Errands

    /// What runs beside attempts.
    enum Errand {
        case poll, record, renew
        case degrade(WebhookID, failures: Int, AttemptResult?)
        case recover(WebhookID)
        case disable(WebhookSnapshot.Entry, Webhook.DisableReason)
        case reject(WebhookSnapshot.Entry, String)
        case turn(WebhookSnapshot.Entry, Place)
        case suspend(PrincipalID)
        case resume(PrincipalID)
        case reserve(WebhookSnapshot.Entry, turns: Int)
        case collect(WebhookID)
        case hasten(WebhookID)
    }

    func begin(_ errand: Errand) {
        guard let spawnErrand else { return }
        tasks += 1
        spawnErrand(errand)
    }

    private nonisolated(nonsending) func run(_ errand: Errand) async {
        defer { tasks -= 1 }
        do {
            switch errand {
            case .poll: await pollLoop()
            case .record: await recordLoop()
            case .renew: await renewLoop()
            case .degrade(let id, let failures, let last):
                try await standing.degrade(id, failures: failures, last: last)
            case .recover(let id):
                try await standing.recover(id)
                pollBell.wake()
            case .disable(let webhook, let reason): try await standing.disable(webhook, reason)
            case .reject(let webhook, let words): try await standing.reject(webhook, words)
            case .turn(let webhook, let place): await turn(of: webhook, at: place)
            case .suspend(let owner): try await standing.suspend(owner)
            case .resume(let owner): try await standing.resume(owner)
            case .reserve(let webhook, let turns): await reserve(turns, of: webhook)
            case .collect(let id): await collect(id)
            case .hasten(let id): try await hasten(id)
            }
        } catch {
            log.warning("a webhook's status could not be changed", ["error": .text("\(error)")])
        }
    }

    /// Sleeps until rung or over.
    nonisolated(nonsending) func pause(_ period: Period) async {
        let timer = reactor.schedule(afterNanoseconds: period.nanoseconds) { [pollBell] in pollBell.wake() }
        await pollBell.wait()
        reactor.cancel(timer)
    }

    func launch(_ delivery: PendingDelivery, to webhook: WebhookSnapshot.Entry) {
        guard let spawn else { return release([delivery]) }
        spawn(delivery, webhook, takePlace(of: webhook))
    }
}
