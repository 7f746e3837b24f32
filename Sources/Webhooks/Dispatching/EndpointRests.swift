import Access
import Kernel
import Synchronization

/// Until when which endpoints are left alone, as the loops of a node know it together: what one of them was
/// told a moment ago, and what other nodes wrote down.
package final class EndpointRests: Sendable {
    struct Rest: Equatable {
        let until: Timestamp
        /// Of the webhook, when that was found: at another one it holds no more.
        let epoch: Int64
    }

    private struct Known {
        var heard: [WebhookID: Rest] = [:]
        var written: [WebhookID: Rest] = [:]
    }

    private let known = Mutex(Known())

    package init() {}

    /// Its receiver said so to one of the loops.
    func hear(_ rest: Rest, of id: WebhookID) {
        known.withLock { known in
            if let before = known.heard[id], before.epoch == rest.epoch, before.until >= rest.until { return }
            known.heard[id] = rest
        }
    }

    /// It took a message.
    func end(of id: WebhookID) {
        known.withLock { known in
            known.heard[id] = nil
            known.written[id] = nil
        }
    }

    /// - Parameter written: all that the database knows.
    func learn(_ written: [WebhookID: Rest], at now: Timestamp) {
        known.withLock { known in
            known.written = written
            if !known.heard.isEmpty { known.heard = known.heard.filter { now < $0.value.until } }
        }
    }

    /// When the next message may go; nil: now.
    func opening(of webhook: WebhookSnapshot.Entry, after now: Timestamp) -> Timestamp? {
        known.withLock { known in
            [known.heard[webhook.id], known.written[webhook.id]].compactMap(\.self)
                .filter { $0.epoch == webhook.epoch && now < $0.until }.map(\.until).max()
        }
    }
}
