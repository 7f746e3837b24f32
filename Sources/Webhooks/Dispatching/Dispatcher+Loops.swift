import Access
import EventLoop
import Events
import JSON
import Kernel
import Postgres

/// What runs as long as the dispatcher: finding due rows, renewing leases, writing outcomes.
extension Dispatcher {
    // MARK: Finding

    /// Rows a poll takes at once.
    private static let pollRows = 256

    nonisolated(nonsending) func pollLoop() async {
        while !isDraining {
            do {
                // A full batch means that there is more.
                while !isDraining, try await poll() == Self.pollRows {}
            } catch {
                log.debug("deliveries cannot be polled", ["error": .text("\(error)")])
            }
            if isDraining { return }
            await pause(limits.poll)
            if isDraining { return }
            await sweep()
        }
    }

    /// Takes due rows, with what is allowed at this moment. Returns how many.
    @discardableResult
    package nonisolated(nonsending) func poll() async throws -> Int {
        // What is due stays due, for this node once it is unsealed, or for another.
        if keys.isSealed { return 0 }
        let room = min(limits.held - held.count, Self.pollRows)
        var (found, resting) = try await DeliveryQueue.take(
            most: max(room, 0), for: node, at: clock.now(), in: database)
        rests.learn(resting, at: clock.now())
        // Also without rows or room: what waits in lanes follows enabling and disabling.
        let view = try await directory.view(in: database)
        if !found.isEmpty {
            metrics.taken.add(found.count)
            try await directory.look(at: &found, view, in: database)
            accept(found)
        }
        for id in Array(lanes.keys) { pump(id) }
        return found.count
    }

    // MARK: Keeping

    nonisolated(nonsending) func renewLoop() async {
        var known: Set<DeliveryID> = []
        let ticks = Int(Lease.renewal.microseconds / 200_000)
        while !isDraining {
            for _ in 0..<ticks where !isDraining {
                await reactor.sleep(nanoseconds: Period.milliseconds(200).nanoseconds)
            }
            // What is younger than a round has a lease of at least two more.
            let old = held.intersection(known)
            known = held
            if old.isEmpty || isDraining { continue }
            do {
                try await DeliveryQueue.renew(old.sorted(), for: node, in: database)
            } catch {
                log.warning("leases of deliveries cannot be renewed", ["error": .text("\(error)")])
            }
        }
    }

    // MARK: Recording

    private static let delaysAtMost = 4
    private static let muchOutcomes = 4

    nonisolated(nonsending) func recordLoop() async {
        while true {
            if book.isEmpty {
                if isDraining && inFlight == 0 { return }
                await book.bell.wait()
            }
            // The first waits for company, but not longer than it is worth: longer where much comes, unless
            // a line waits for one of them.
            for _ in 0..<Self.delaysAtMost where book.count < limits.batchRows && !isDraining {
                await reactor.sleep(nanoseconds: limits.batchDelay.nanoseconds)
                if book.count < Self.muchOutcomes || book.hasOrdered { break }
            }
            await recordBatch()
        }
    }

    private nonisolated(nonsending) func recordBatch() async {
        let batch = book.batch(limits.batchRows)
        if batch.isEmpty { return }
        do {
            let recovered = try await record(batch, secrets: book.takeUses())
            book.removeFirst(batch.count)
            for outcome in batch { held.remove(outcome.delivery.id) }
            for id in recovered where hastening.insert(id).inserted { begin(.hasten(id)) }
            await advance(batch)
            metrics.dead.add(batch.count { $0.deadReason != nil })
        } catch {
            // They stay in the book; at worst their leases lapse and they are sent again.
            log.warning("outcomes of deliveries are not written yet", ["error": .text("\(error)")])
            await reactor.sleep(nanoseconds: Period.milliseconds(250).nanoseconds)
        }
    }

    private nonisolated(nonsending) func record(
        _ batch: [Outcome], secrets: [WebhookSecretID]
    ) async throws -> [WebhookID] {
        let now = clock.now()
        let closed = closures(after: now)
        let exhausted = batch.filter { $0.deadReason?.isTold == true }
        if exhausted.isEmpty {
            return try await database.transaction { transaction in
                let recording = DeliveryQueue.record(
                    batch, secrets: secrets, closed: closed, at: now, in: transaction)
                try await transaction.commit()
                return try await recording.recovered()
            }
        }
        return try await ledger.change(standing.context) { change in
            let recovered = try await DeliveryQueue.record(
                batch, secrets: secrets, closed: closed, at: now, in: change.transaction
            ).recovered()
            for outcome in exhausted { tell(outcome, change) }
            return recovered
        }
    }

    /// What a receiver asked another loop for stands, whatever was sent to it here before that.
    private func closures(after now: Timestamp) -> [WebhookID: Lane.Closure] {
        let entries = directory.newest?.webhooks.entries ?? [:]
        var closures: [WebhookID: Lane.Closure] = [:]
        for (id, lane) in lanes {
            let asked = entries[id].flatMap { entry in
                rests.opening(of: entry, after: now).map { Lane.Closure(until: $0, epoch: entry.epoch) }
            }
            closures[id] = [lane.closure(after: now), asked].compactMap(\.self).max { $0.until < $1.until }
        }
        return closures
    }

    private func tell(_ outcome: Outcome, _ change: Change) {
        let delivery = outcome.delivery
        guard let entry = directory.newest?.webhooks.entries[delivery.webhook] else { return }
        _ = change.emit(
            NewEvent(
                .messageExhausted, subject: delivery.id,
                [
                    "webhook_id": .string(delivery.webhook.description), "name": .string(entry.name),
                    "host": .string(Webhook.host(of: entry.url)),
                    "delivery_id": .string(delivery.id.description),
                    "message_id": .string(delivery.message.description),
                    "event_type": .string(delivery.eventType),
                    "alert_id": delivery.alert.map { .string($0.description) } ?? .null,
                    "reason": outcome.deadReason.map { .string($0.rawValue) } ?? .null,
                    "attempts": .number(JSONNumber(outcome.progress.attempts)),
                    "last_status": outcome.status.map { .number(JSONNumber($0)) } ?? .null,
                    "last_error": outcome.mistake.map { .string($0) } ?? .null,
                ]))
    }
}
