package import Access
import Kernel

/// An event's place in the feed: what happened in which era of the database, in which transaction, in which
/// order.
package struct EventPosition: Comparable, Hashable, Sendable {
    /// Raised when the server under the database is another one: transaction ids start low there.
    package let era: Int32
    package let transaction: UInt64
    package let id: EventID

    package init(era: Int32, transaction: UInt64, id: EventID) {
        (self.era, self.transaction, self.id) = (era, transaction, id)
    }

    /// Before everything.
    package static let beginning = EventPosition(
        era: 0, transaction: 0, id: EventID(UUID(high: 0, low: 0)))

    /// Behind all that is decided when transactions below `horizon` are.
    static func end(era: Int32, horizon: UInt64) -> EventPosition {
        EventPosition(
            era: era, transaction: max(horizon, 1) - 1, id: EventID(UUID(high: .max, low: .max)))
    }

    package static func < (a: Self, b: Self) -> Bool {
        (a.era, a.transaction, a.id) < (b.era, b.transaction, b.id)
    }
}

// MARK: Cursor

extension EventPosition: CustomStringConvertible {
    /// The text of a cursor: `1.8841.01k…`, era, transaction, and the id without its prefix.
    package var description: String { "\(era).\(transaction).\(id.description.dropFirst(4))" }

    package init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let era = Int32(parts[0]), era >= 0, let transaction = UInt64(parts[1]),
            let id = EventID("evt_\(parts[2])"), transaction <= UInt64(Int64.max)
        else { return nil }
        self.init(era: era, transaction: transaction, id: id)
        // One place has one spelling.
        guard description == text else { return nil }
    }
}
