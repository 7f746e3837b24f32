import Access
import Channels
import EventLoop
import Events
import HTTPClient
import Kernel
import Postgres

/// From a delivery that is ours to its outcome.
extension Dispatcher {
    /// What this worker committed, or a poll found.
    func accept(_ deliveries: [PendingDelivery]) {
        guard let view = directory.newest else { return release(deliveries) }
        var touched: Set<WebhookID> = []
        for delivery in deliveries where held.insert(delivery.id).inserted {
            guard !isDraining, held.count <= limits.held else {
                release([delivery])
                continue
            }
            guard let webhook = judge(delivery, by: view), !isCrowded(delivery, webhook) else { continue }
            guard hasRoom(for: webhook) else {
                postpone(delivery, to: webhook)
                continue
            }
            lanes[delivery.webhook, default: Lane()].append(delivery)
            touched.insert(delivery.webhook)
        }
        for id in touched { pump(id) }
    }

    /// The webhook, when it may be sent to it now; otherwise the delivery's outcome is decided.
    func judge(_ delivery: PendingDelivery, by view: WebhookDirectory.View) -> WebhookSnapshot.Entry? {
        let now = clock.now()
        guard let webhook = view.webhooks.entries[delivery.webhook] else {
            settle(Outcome(delivery, .dead(.webhookDeleted), at: now))
            return nil
        }
        if !webhook.status.takesMessages || view.rights[webhook.owner] == nil {
            shelve([delivery])
            return nil
        }
        if !view.mayRead(webhook.owner, delivery) {
            settle(Outcome(delivery, .dead(.notPermitted), at: now))
            return nil
        }
        return webhook
    }

    /// Sends as much to an endpoint as it and this worker bear. What it will not take soon is given back
    /// until then.
    func pump(_ id: WebhookID) {
        guard let view = directory.newest, let webhook = view.webhooks.entries[id], !keys.isSealed else {
            release(lanes[id]?.takeAll() ?? [])
            if lanes[id]?.isIdle == true { lanes[id] = nil }
            return
        }
        lanes[id]?.follow(webhook)
        if !webhook.status.takesMessages { return shelve(lanes[id]?.takeAll() ?? []) }
        let now = clock.now()
        let rest = rests.opening(of: webhook, after: now)
        while let lane = lanes[id], lane.hasWaiting {
            if let opening = [lane.circuit.opens(after: now), rest].compactMap(\.self).max() {
                return postpone(id, until: opening, now)
            }
            if webhook.isPaced { return beginTurn(of: webhook) }
            let isOpen = lane.inFlight < lane.circuit.allowance(at: now, of: limits.perEndpoint)
            guard isOpen, hasPlace(for: webhook), mayLeave(webhook, at: now) else { return }
            // What was taken a while ago is judged by what holds now.
            guard let delivery = lanes[id]?.next() else { return }
            if judge(delivery, by: view) != nil { launch(delivery, to: webhook) }
        }
        if lanes[id]?.isIdle == true, lanes[id]?.circuit == Circuit() { lanes[id] = nil }
    }

    /// There is no room for it beside what waits for its endpoint: others need some too.
    /// Until about when there is.
    private func postpone(_ delivery: PendingDelivery, to webhook: WebhookSnapshot.Entry) {
        let now = clock.now()
        let drained = webhook.terms.maxPerSecond.map { Double(limits.ofLane(webhook)) / Double($0) }
        let isFailing = (lanes[webhook.id]?.circuit.failures ?? 0) > 0
        let wait = drained.map { Period.seconds(1) * $0 } ?? (isFailing ? .seconds(5) : .milliseconds(500))
        let until = now + wait * (0.5 + ledger.entropy.fraction())
        settle(.waiting(delivery, until: until, else: .exhausted, at: now))
    }

    private func postpone(_ id: WebhookID, until opening: Timestamp, _ now: Timestamp) {
        for delivery in lanes[id]?.takeAll() ?? [] {
            settle(.waiting(delivery, until: opening + jitter(), else: .exhausted, at: now))
        }
    }

    /// So that what waits for one endpoint does not come at one moment.
    private func jitter() -> Period { .seconds(1) * ledger.entropy.fraction() }

    /// Of a webhook that is disabled what waits here goes on waiting in the database.
    func shelve(_ deliveries: [PendingDelivery]) {
        let now = clock.now()
        for delivery in deliveries {
            let lapse = delivery.progress.begun + RetrySchedule.lifetime
            settle(.waiting(delivery, until: lapse, else: .webhookDisabled, at: now))
        }
    }

    func release(_ deliveries: [PendingDelivery]) {
        let now = clock.now()
        for delivery in deliveries { settle(Outcome(delivery, .released, at: now)) }
    }

    func settle(_ outcome: Outcome) {
        book.append(outcome)
        if book.count == 1 || book.count >= limits.batchRows { book.bell.wake() }
    }

    // MARK: One attempt

    nonisolated(nonsending) func attempt(
        _ delivery: PendingDelivery, to webhook: WebhookSnapshot.Entry, at place: Place
    ) async {
        let begun = clock.now()
        let result = await send(delivery, to: webhook, at: begun)
        conclude(delivery, result, from: webhook, begun: begun)
        giveBack(place)
    }

    /// - Parameter isFirst: of the messages that went in one; what became of them is the endpoint's once.
    func conclude(
        _ delivery: PendingDelivery, _ result: AttemptResult?, from webhook: WebhookSnapshot.Entry,
        begun: Timestamp, isFirst: Bool = true
    ) {
        let now = clock.now()
        guard let result, result.verdict != .notMade else {
            return settle(.waiting(delivery, until: now + .seconds(5), else: .exhausted, at: now))
        }
        if result.verdict == .tooLarge { return settle(Outcome(delivery, .dead(.tooLarge), at: now)) }
        if isFirst { metrics.duration.observe(result.duration.seconds) }
        (result.verdict == .delivered ? metrics.delivered : metrics.failed).add()
        settle(
            Outcome(delivery, result, begun: begun, at: now, fraction: ledger.entropy.fraction()))
        let isAboutIt = lanes[webhook.id]?.isAbout(webhook) ?? true
        if isFirst, isAboutIt { react(to: result, from: webhook, at: now) }
    }

    private func react(to result: AttemptResult, from webhook: WebhookSnapshot.Entry, at now: Timestamp) {
        let id = webhook.id
        let event: Circuit.Event
        switch result.verdict {
        case .delivered:
            let begun = now - result.duration
            event = .succeeded(begun: begun)
            rests.end(of: id, begun: begun)
        case .throttled(let asked):
            let wait = min(asked ?? RetrySchedule.throttleWaits.first, RetrySchedule.retryAfterLimit)
            event = .throttled(wait)
            rests.hear(.init(until: now + wait, epoch: webhook.epoch), of: id, at: now)
        case .slowed: event = .slowed
        // One that hangs holds a place for as long as one that is overrun.
        case .failed: event = result.mistake == .timeout ? .slowed : .failed
        case .gone: return begin(.disable(webhook, .gone))
        case .rejected(let words): return begin(.reject(webhook, words))
        case .refusedByPolicy, .notMade, .tooLarge: return
        }
        var circuit = lanes[id]?.circuit ?? Circuit()
        let action = circuit.event(event, at: now)
        let failures = circuit.failures
        lanes[id, default: Lane()].circuit = circuit
        switch action {
        case .none: break
        case .degrade: begin(.degrade(id, failures: failures, result))
        case .recover: begin(.recover(id))
        case .disable: begin(.disable(webhook, .failing))
        }
    }

    private nonisolated(nonsending) func send(
        _ delivery: PendingDelivery, to webhook: WebhookSnapshot.Entry, at now: Timestamp
    ) async -> AttemptResult? {
        await timed(webhook.id, whatFails: "a webhook's secret cannot be opened") {
            guard let url = address(of: webhook) else {
                return AttemptResult(.refusedByPolicy(.reservedAddress), duration: Period(microseconds: 0))
            }
            do {
                let packed = try packer.pack(delivery, for: webhook, to: url, at: now)
                book.use(packed.secrets, at: now)
                return try await carry(packed.parcel, to: webhook.channel?.kind ?? .standard)
            } catch is Packer.TooLarge {
                return .tooLarge
            }
        }
    }

    /// What sending came to. Nil: it could not be begun, and the log says why.
    nonisolated(nonsending) func timed(
        _ webhook: WebhookID, whatFails: String,
        _ send: nonisolated(nonsending) () async throws -> AttemptResult?
    ) async -> AttemptResult? {
        let start = clock.monotonicNanoseconds()
        do {
            return try await send()
        } catch let error as OutgoingError {
            let spent = clock.monotonicNanoseconds() &- start
            return AttemptResult(error, duration: Period(microseconds: Int64(spent / 1_000)))
        } catch {
            log.error(whatFails, ["webhook_id": .text(webhook.description), "error": .text("\(error)")])
            return nil
        }
    }

    nonisolated(nonsending) func carry(_ parcel: Parcel, to kind: ChannelKind) async throws -> AttemptResult {
        switch parcel {
        case .request(let request) where kind == .standard:
            AttemptResult(try await client.send(request), now: clock.now())
        case .request(let request):
            AttemptResult(try await client.send(request), from: kind, now: clock.now())
        case .mail(let order): AttemptResult(try await mail.send(order))
        }
    }

    /// Nil when the settings no longer allow it.
    private func address(of webhook: WebhookSnapshot.Entry) -> OutgoingURL? {
        if let known = lanes[webhook.id]?.address, known.text == webhook.url { return known.url }
        let url = try? OutgoingURL(webhook.url, allowance: allowance)
        lanes[webhook.id]?.address = (webhook.url, url)
        return url
    }
}
