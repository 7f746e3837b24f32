import Access
import JSON
import Kernel
import Signals

/// A theme that tokens belong to for a time.
struct Narrative: Sendable {
    /// Of all together: all of a market are measured at once.
    static let atMost = 200
    static let mostMembers = 500
    /// Weeks have too few candles in seven days, minutes too many.
    static let intervals: [Interval] = [.hour, .fourHours, .day]

    struct Member: Equatable, Sendable {
        let token: TokenID
        let symbol: String
        /// `[from, to)`; nil is without end.
        let from: Timestamp?
        let to: Timestamp?

        func overlaps(_ other: Member) -> Bool {
            token == other.token && (to.map { end in other.from.map { $0 < end } ?? true } ?? true)
                && (other.to.map { end in from.map { $0 < end } ?? true } ?? true)
        }
    }

    let id: NarrativeID
    let owner: PrincipalID
    var name: String
    var description: String?
    let source: String
    let interval: Interval
    let measuredAt: Timestamp?
    let createdAt: Timestamp
    var updatedAt: Timestamp
    var revision: Int64

    var detail: JSONValue {
        [
            "name": .string(name), "source": .string(source), "interval": .string(interval.rawValue),
        ]
    }

    /// - Parameters:
    ///   - members: nil in lists.
    ///   - latest: its newest measurement.
    func write(_ members: [Member]?, _ latest: StoredNarrativeScore?, to w: inout JSONWriter) {
        w.object { w in
            w.field("id", id.description)
            w.field("name", name)
            w.field("description", description)
            w.field("source", source)
            w.field("interval", interval.rawValue)
            if let members {
                w.array("members", members) { w, member in
                    w.object { w in
                        w.field("token_id", member.token.description)
                        w.field("symbol", member.symbol)
                        w.field("valid_from", member.from?.description)
                        w.field("valid_to", member.to?.description)
                    }
                }
            }
            if let latest { w.field("latest", latest) } else { w.null("latest") }
            w.field("owner_id", owner.description)
            w.field("created_at", createdAt.description)
            w.field("updated_at", updatedAt.description)
            w.field("revision", revision)
        }
    }
}
