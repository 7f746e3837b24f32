import Access

/// How a worker's places are divided among those that want them, so that a few receivers that hang leave room
/// for all others. Pure.
///
/// Whoever holds none gets one as long as there is one; whoever holds some gets more only while that is a
/// part of what is free. However many hang, and however long, something stays free (dynamic thresholds, as
/// switches share a buffer among their ports).
enum Places {
    /// Of what is free, what one endpoint may hold, and all endpoints of one server together.
    static let ofEndpoint = 4
    static let ofServer = 2
    /// Of all places, kept from endpoints whose last attempt failed.
    private static let keptFromFailing = 8

    /// - Parameters:
    ///   - held: by the asker.
    ///   - taken: by all.
    ///   - part: which part of what is free the asker may hold.
    static func admits(
        holding held: Int, taken: Int, of limit: Int, part: Int, isFailing: Bool = false
    ) -> Bool {
        let open = isFailing ? limit - limit / keptFromFailing : limit
        let free = open - taken
        return free > 0 && held < max(free / part, 1)
    }
}

/// Who waits for a place: each once, first come first served.
struct PlaceQueue {
    private var waiting: [WebhookID] = []
    private var members: Set<WebhookID> = []

    mutating func append(_ id: WebhookID) {
        if members.insert(id).inserted { waiting.append(id) }
    }

    mutating func take(_ most: Int) -> [WebhookID] {
        let first = Array(waiting.prefix(most))
        waiting.removeFirst(first.count)
        members.subtract(first)
        return first
    }
}
