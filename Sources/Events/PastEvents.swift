package import Kernel

/// Events that would have been told of what is stored now, had it come when it happened. Whose past it is
/// makes them; nothing is written.
package protocol PastEvents {
    /// In the order of their times; nil when there are no more. A page may be empty.
    nonisolated(nonsending) mutating func next() async throws -> [Event]?
}

package struct PastQuestion: Equatable, Sendable {
    package let types: Set<EventType>
    package let from: Timestamp
    /// Exclusive.
    package let to: Timestamp
    /// What some fields of an event must be for it to matter.
    package let fields: [String: Set<String>]

    package init(
        _ types: Set<EventType>, from: Timestamp, to: Timestamp, fields: [String: Set<String>] = [:]
    ) {
        (self.types, self.from, self.to, self.fields) = (types, from, to, fields)
    }
}

/// Throws `FieldErrors` of a question that is too large.
package typealias PastEventSource = nonisolated(nonsending) (PastQuestion) async throws -> any PastEvents

extension EventType {
    /// What the close of a candle tells, and nothing else does.
    package static let toldOfCandles: Set<EventType> = [
        .marketClosed, .gradeChanged, .signalOpened, .signalClosed, .levelApproached, .levelBroken,
    ]
}
