import Access
import Kernel

/// What waits behind something else: messages in order, and alerts that become batches.
extension Dispatcher {
    /// How often what a dead node left behind is looked for.
    private static let sweepEvery = Period.seconds(2)
    private static let knocksAtOnce = 64

    /// After the commit of outcomes: the next of each line whose first message is over.
    nonisolated(nonsending) func advance(_ outcomes: [Outcome]) async {
        var lines: Set<DeliveryQueue.Line> = []
        for outcome in outcomes where outcome.isOver {
            guard let key = outcome.delivery.orderKey else { continue }
            lines.insert(DeliveryQueue.Line(webhook: outcome.delivery.webhook, key: key))
        }
        await advance(lines)
    }

    private nonisolated(nonsending) func advance(_ lines: Set<DeliveryQueue.Line>) async {
        if lines.isEmpty || isDraining { return }
        do {
            try await take(DeliveryQueue.advance(lines, for: node, at: clock.now(), in: database))
        } catch {
            // A sweep finds them, or their leases lapse.
            log.warning("messages in order cannot go on yet", ["error": .text("\(error)")])
        }
    }

    private nonisolated(nonsending) func take(_ deliveries: [PendingDelivery]) async throws {
        if deliveries.isEmpty { return }
        let view = try await directory.view(in: database)
        var deliveries = deliveries
        try await directory.look(at: &deliveries, view, in: database)
        accept(deliveries)
    }

    /// Now and then, in the poll's loop of one worker of the node.
    nonisolated(nonsending) func sweep() async {
        let now = clock.monotonicNanoseconds()
        guard sweeps, now &- lastSweep >= UInt64(Self.sweepEvery.nanoseconds), !keys.isSealed else { return }
        lastSweep = now
        do {
            let looked = try await DeliveryQueue.strandedLines(after: sweptTo, in: database)
            sweptTo = looked.last
            await advance(looked.stranded)
            for id in try await BatchQueue.waiting(in: database) { gather(id) }
            try await knock()
        } catch {
            log.debug("what waits cannot be looked for", ["error": .text("\(error)")])
        }
    }

    /// Tries a message for each endpoint that was not reached: when one comes through, the rest is hastened.
    private nonisolated(nonsending) func knock() async throws {
        let room = min(limits.held - held.count, Self.knocksAtOnce)
        guard room > 0, !isDraining else { return }
        try await take(
            DeliveryQueue.knock(most: room, for: node, at: clock.now(), in: database))
    }

    // MARK: Batches

    /// Makes batches of what waits for a webhook, once at a time: what comes meanwhile is in the next.
    func gather(_ id: WebhookID) {
        guard collecting[id] == nil else {
            collecting[id] = true
            return
        }
        collecting[id] = false
        begin(.collect(id))
    }

    nonisolated(nonsending) func collect(_ id: WebhookID) async {
        defer { collecting[id] = nil }
        while !isDraining {
            collecting[id] = false
            do {
                let made = try await outbox.makeBatches(for: id, in: database)
                accept(made.deliveries)
                if !made.isFull, collecting[id] == false { return }
            } catch {
                log.warning("alerts are not batched yet", ["error": .text("\(error)")])
                return
            }
        }
    }
}
