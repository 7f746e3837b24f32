import Access
import Channels
import EventLoop
import Events
import HTTPClient
import JSON
import Kernel
import Postgres

/// Channels whose makers count: one message or digest at a time, when all their buckets have a token.
extension Dispatcher {
    /// Held of one such channel: the rest waits in the database, so that others have room.
    static let heldPerChannel = 2 * Digest.messageLimit
    /// What found no room comes back then.
    private static let crowdWait = Period.seconds(5)

    /// Whether it waits elsewhere because too many wait here.
    func isCrowded(_ delivery: PendingDelivery, _ webhook: WebhookSnapshot.Entry) -> Bool {
        guard webhook.isPaced, let lane = lanes[webhook.id], lane.held.count >= Self.heldPerChannel else {
            return false
        }
        let now = clock.now()
        settle(.waiting(delivery, until: now + Self.crowdWait, else: .exhausted, at: now))
        return true
    }

    /// Begins a turn, unless one is under way or the channel rests.
    func beginTurn(of webhook: WebhookSnapshot.Entry) {
        guard let lane = lanes[webhook.id], lane.inFlight == 0, !lane.isResting, hasPlace(for: webhook)
        else { return }
        begin(.turn(webhook, takePlace(of: webhook)))
    }

    nonisolated(nonsending) func turn(of webhook: WebhookSnapshot.Entry, at place: Place) async {
        let id = webhook.id
        do {
            let destination = try keys.destination(of: webhook)
            if let destination, let until = try await token(for: destination) {
                rest(webhook, until: until)
            } else {
                await send(batch(of: webhook, to: destination), of: webhook, to: destination)
            }
        } catch {
            log.error(
                "a channel's turn failed",
                ["webhook_id": .text(id.description), "error": .text("\(error)")])
            rest(webhook, until: clock.now() + .seconds(1))
        }
        giveBack(place)
    }

    private nonisolated(nonsending) func token(for destination: Destination) async throws -> Timestamp? {
        try await ChannelPace.take(destination.paces, at: clock.now(), in: database)
    }

    /// One, or so many as become a digest, of what may still go.
    private func batch(of webhook: WebhookSnapshot.Entry, to destination: Destination?) -> [PendingDelivery] {
        guard let view = directory.newest else { return [] }
        guard let lane = lanes[webhook.id] else { return [] }
        let isDigest = destination?.digestAbove.map { lane.held.count > $0 } ?? false
        let most = isDigest ? Digest.messageLimit : 1
        return (0..<min(most, lane.held.count)).compactMap { _ in lanes[webhook.id]?.next() }.filter {
            judge($0, by: view) != nil
        }
    }

    /// What waits goes on waiting here, with its lease renewed.
    private func rest(_ webhook: WebhookSnapshot.Entry, until time: Timestamp) {
        lanes[webhook.id]?.isResting = true
        let wait = max((time - clock.now()).nanoseconds, 1_000_000)
        _ = reactor.schedule(afterNanoseconds: wait) { [weak self] in
            self?.lanes[webhook.id]?.isResting = false
            self?.pump(webhook.id)
        }
    }

    private nonisolated(nonsending) func send(
        _ deliveries: [PendingDelivery], of webhook: WebhookSnapshot.Entry, to destination: Destination?
    ) async {
        if deliveries.isEmpty { return }
        let begun = clock.now()
        let result = await attempt(deliveries, of: webhook, to: destination)
        if let destination, let pause = result?.pause { await hold(destination, pause) }
        for (index, delivery) in deliveries.enumerated() {
            conclude(delivery, result, from: webhook, begun: begun, isFirst: index == 0)
        }
    }

    private nonisolated(nonsending) func attempt(
        _ deliveries: [PendingDelivery], of webhook: WebhookSnapshot.Entry, to destination: Destination?
    ) async -> AttemptResult? {
        await timed(webhook.id, whatFails: "a channel's message cannot be made") {
            guard let destination else { return nil }
            let authority = webhook.channel?.settings["authority"]?.asString
            let parcel = try ChannelPacker(allowance: allowance)
                .pack(deliveries, to: destination, authority: authority)
            return try await carry(parcel, to: destination.kind)
        }
    }

    private nonisolated(nonsending) func hold(_ destination: Destination, _ pause: Period) async {
        do {
            let now = clock.now()
            try await ChannelPace.hold(destination.paces, until: now + pause, at: now, in: database)
        } catch {
            // Others will be told 429 themselves.
            log.debug("a channel's pause is not shared", ["error": .text("\(error)")])
        }
    }
}

extension WebhookSnapshot.Entry {
    /// Its messages wait for tokens.
    var isPaced: Bool {
        switch channel?.kind {
        case nil, .standard, .json, .cloudevents: false
        case .slack, .discord, .telegram, .pagerduty, .teams, .email: true
        }
    }
}

extension WebhookKeys {
    func destination(of webhook: WebhookSnapshot.Entry) throws -> Destination? {
        try webhook.channel.flatMap { try destination(of: webhook.id, $0, url: webhook.url) }
    }
}
