import Access
import EventLoop
import Kernel

/// Keeping to the rate that an endpoint asks for.
extension Dispatcher {
    /// Whether the webhook's rate lets a request leave now, and uses up its turn; otherwise somebody looks
    /// again.
    func mayLeave(_ webhook: WebhookSnapshot.Entry, at now: Timestamp) -> Bool {
        guard let perSecond = webhook.terms.maxPerSecond, let lane = lanes[webhook.id] else { return true }
        switch lane.pace.turn(at: now) {
        case .now:
            lanes[webhook.id]?.pace.take()
            return true
        case .later(let time):
            if !lane.pace.isAwaited { look(at: webhook.id, after: time - now) }
            return false
        case .none:
            if !lane.pace.isAwaited {
                lanes[webhook.id]?.pace.isAwaited = true
                begin(.reserve(webhook, turns: Pace.turns(waiting: lane.count, perSecond: perSecond)))
            }
            return false
        }
    }

    private func look(at id: WebhookID, after wait: Period) {
        lanes[id]?.pace.isAwaited = true
        _ = reactor.schedule(afterNanoseconds: wait.nanoseconds) { [weak self] in
            self?.lanes[id]?.pace.isAwaited = false
            self?.pump(id)
        }
    }

    nonisolated(nonsending) func reserve(_ turns: Int, of webhook: WebhookSnapshot.Entry) async {
        let interval = Period(microseconds: 1_000_000 / Int64(webhook.terms.maxPerSecond ?? 1))
        let first = try? await PaceStore.reserve(
            turns, every: interval, of: webhook.id, at: clock.now(), in: database)
        lanes[webhook.id]?.pace.isAwaited = false
        // Without one, the next poll asks again.
        guard let first else { return }
        lanes[webhook.id]?.pace.reserve(turns, from: first, every: interval)
        pump(webhook.id)
    }

    // MARK: Before their time

    /// Of what failed before and is tried soon once a message came through.
    private static let hastenedAtOnce = 500
    /// Rounds: what is left over has its schedule, or the next that comes through.
    private static let hasteningRounds = 200

    nonisolated(nonsending) func hasten(_ id: WebhookID) async throws {
        defer { hastening.remove(id) }
        await reactor.sleep(nanoseconds: limits.hastenDelay.nanoseconds)
        let now = clock.now()
        let span = Period.seconds(Int64(Self.hastenedAtOnce / RetrySchedule.earlyPerSecond))
        for round in 0..<Self.hasteningRounds where !isDraining {
            let found = try await DeliveryQueue.trySoon(
                id, most: Self.hastenedAtOnce, from: now + span * Double(round),
                perSecond: RetrySchedule.earlyPerSecond, at: now, in: database)
            if found < Self.hastenedAtOnce { return }
        }
    }
}
