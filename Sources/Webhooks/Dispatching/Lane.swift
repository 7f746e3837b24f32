import HTTPClient
import Kernel

/// What one worker has for one endpoint.
struct Lane {
    /// Waiting for their turn, first come first served.
    private var waiting: [PendingDelivery] = []
    private var head = 0
    var inFlight = 0
    var circuit = Circuit()
    var pace = Pace()
    /// Waits for a token of its channel.
    var isResting = false
    /// The address as it was last parsed.
    var address: (text: String, url: OutgoingURL?)?
    /// Where that leads, for an address.
    var server: (url: String, server: String)?
    /// The epoch of the webhook as it was last followed.
    private var known: Int64?

    var isIdle: Bool { inFlight == 0 && head == waiting.count }
    var hasWaiting: Bool { head < waiting.count }
    var count: Int { waiting.count - head }
    var held: ArraySlice<PendingDelivery> { waiting[head...] }

    mutating func append(_ delivery: PendingDelivery) { waiting.append(delivery) }

    mutating func next() -> PendingDelivery? {
        guard head < waiting.count else { return nil }
        defer {
            head += 1
            if head == waiting.count {
                waiting.removeAll(keepingCapacity: true)
                head = 0
            } else if head >= 1_024 {
                waiting.removeFirst(head)
                head = 0
            }
        }
        return waiting[head]
    }

    mutating func takeAll() -> [PendingDelivery] {
        defer {
            waiting = []
            head = 0
        }
        return Array(held)
    }

    /// Takes over what others found out about the endpoint, and what people did with it: whoever enabled or
    /// changed it wants it tried, whatever was found out before.
    mutating func follow(_ entry: WebhookSnapshot.Entry) {
        let isNews = known.map { $0 != entry.epoch } ?? false
        known = entry.epoch
        switch entry.status {
        case .active: if isNews { circuit = Circuit() }
        case .degraded:
            guard isNews || !circuit.isDegraded && circuit.failures == 0 else { return }
            circuit = Circuit(degradedSince: entry.downSince ?? Timestamp(microseconds: 0))
        case .disabled, .suspended: break
        }
    }

    /// Until when it is not tried, and at which epoch that was found; nil: it is.
    func closure(after now: Timestamp) -> Closure? {
        circuit.opens(after: now).map { Closure(until: $0, epoch: known) }
    }

    struct Closure: Equatable {
        let until: Timestamp
        /// Nil: at whichever there is.
        let epoch: Int64?
    }

    /// Whether what came of an attempt tells of the endpoint as it is now.
    func isAbout(_ entry: WebhookSnapshot.Entry) -> Bool {
        known.map { $0 == entry.epoch } ?? true
    }
}
