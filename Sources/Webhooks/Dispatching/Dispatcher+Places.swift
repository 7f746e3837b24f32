import Access
import HTTPClient

/// Who of those that wait may send now.
extension Dispatcher {
    /// Looked at when a place becomes free; all others at the next poll at the latest.
    private static let askedAtOnce = 8

    /// Whether there is a place for one more request to it; otherwise it is asked again when one is free.
    func hasPlace(for webhook: WebhookSnapshot.Entry) -> Bool {
        guard let lane = lanes[webhook.id] else { return false }
        let isFailing = lane.circuit.failures > 0
        let hasPlace =
            Places.admits(
                holding: lane.inFlight, taken: inFlight, of: limits.inFlight, part: Places.ofEndpoint,
                isFailing: isFailing)
            && Places.admits(
                holding: inFlightOfServer[server(of: webhook)] ?? 0, taken: inFlight, of: limits.inFlight,
                part: Places.ofServer, isFailing: isFailing)
        if !hasPlace { placeless.append(webhook.id) }
        return hasPlace
    }

    /// Room in the queue of this worker, beside what others have there.
    func hasRoom(for webhook: WebhookSnapshot.Entry) -> Bool {
        let waiting = lanes[webhook.id]?.count ?? 0
        return waiting < limits.ofLane(webhook)
            && Places.admits(holding: waiting, taken: held.count - 1, of: limits.held, part: 1)
    }

    /// Returns what to give back.
    func takePlace(of webhook: WebhookSnapshot.Entry) -> Place {
        let place = Place(webhook: webhook.id, server: server(of: webhook))
        inFlight += 1
        lanes[webhook.id]?.inFlight += 1
        inFlightOfServer[place.server, default: 0] += 1
        return place
    }

    /// Those that waited for it come before the one that had it.
    func giveBack(_ place: Place) {
        inFlight -= 1
        lanes[place.webhook]?.inFlight -= 1
        let left = (inFlightOfServer[place.server] ?? 0) - 1
        inFlightOfServer[place.server] = left > 0 ? left : nil
        for id in placeless.take(Self.askedAtOnce) where id != place.webhook { pump(id) }
        pump(place.webhook)
    }

    struct Place {
        let webhook: WebhookID
        /// As its address was when it was taken.
        let server: String
    }

    /// Scheme, host and port of its address.
    private func server(of webhook: WebhookSnapshot.Entry) -> String {
        if let known = lanes[webhook.id]?.server, known.url == webhook.url { return known.server }
        let end = webhook.url.dropFirst(9).firstIndex { $0 == "/" || $0 == "?" }
        let server = webhook.url.prefix(upTo: end ?? webhook.url.endIndex).lowercased()
        lanes[webhook.id]?.server = (webhook.url, server)
        return server
    }
}
