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

    private struct Heard {
        let rest: Rest
        let at: Timestamp
    }

    /// What was heard is written down by then, unless another node's success took it back at once.
    private static let writtenWithin: Period = .seconds(2)

    private struct Known {
        var heard: [WebhookID: Heard] = [:]
        var written: [WebhookID: Rest] = [:]
    }

    private let known = Mutex(Known())

    package init() {}

    /// Its receiver said so to one of the loops.
    func hear(_ rest: Rest, of id: WebhookID, at now: Timestamp) {
        known.withLock { known in
            if let before = known.heard[id]?.rest {
                if before.epoch > rest.epoch { return }
                if before.epoch == rest.epoch, before.until >= rest.until { return }
            }
            known.heard[id] = Heard(rest: rest, at: now)
        }
    }

    /// It took a message.
    /// - Parameter begun: when that was sent: what it asked for since stands.
    func end(of id: WebhookID, begun: Timestamp) {
        known.withLock { known in
            if let heard = known.heard[id], heard.at >= begun { return }
            known.heard[id] = nil
            known.written[id] = nil
        }
    }

    /// - Parameter written: all that the database knows.
    func learn(_ written: [WebhookID: Rest], at now: Timestamp) {
        known.withLock { known in
            known.written = written
            if known.heard.isEmpty { return }
            known.heard = known.heard.filter { _, heard in
                now < heard.rest.until && (now - heard.at).magnitude < Self.writtenWithin
            }
        }
    }

    /// When the next message may go; nil: now.
    func opening(of webhook: WebhookSnapshot.Entry, after now: Timestamp) -> Timestamp? {
        known.withLock { known in
            [known.heard[webhook.id]?.rest, known.written[webhook.id]].compactMap(\.self)
                .filter { $0.epoch == webhook.epoch && now < $0.until }.map(\.until).max()
        }
    }
}
