import Synchronization

/// What clients did to keys and when, by one monotonic clock, from many tasks at once.
package final class UseHistory: Sendable {
    package struct Use: Sendable, Equatable {
        package var key: String
        package var begun: UInt64
        package var ended: UInt64
        package var wasServed: Bool

        package init(_ key: String, _ begun: UInt64, _ ended: UInt64, served: Bool) {
            (self.key, self.begun, self.ended, wasServed) = (key, begun, ended, served)
        }
    }

    /// A key is stopped, or goes on.
    package struct Switch: Sendable, Equatable {
        package var key: String
        package var begun: UInt64
        package var acknowledged: UInt64
        package var stops: Bool

        package init(_ key: String, _ begun: UInt64, _ acknowledged: UInt64, stops: Bool) {
            (self.key, self.begun, self.acknowledged, self.stops) = (key, begun, acknowledged, stops)
        }
    }

    /// When something left for an exchange, or was committed to the trail.
    package struct Effect: Sendable, Equatable {
        package var key: String
        package var at: UInt64

        package init(_ key: String, _ at: UInt64) { (self.key, self.at) = (key, at) }
    }

    /// A number that was given out, which must be higher than all that were there before it was asked for.
    package struct Number: Sendable, Equatable {
        package var key: String
        package var begun: UInt64
        package var ended: UInt64
        package var value: UInt64

        package init(_ key: String, _ begun: UInt64, _ ended: UInt64, _ value: UInt64) {
            (self.key, self.begun, self.ended, self.value) = (key, begun, ended, value)
        }
    }

    private struct State {
        var numbers: [Number] = []
        var uses: [Use] = []
        var switches: [Switch] = []
        var effects: [Effect] = []
    }

    private let state = Mutex(State())

    package init() {}

    package var useCount: Int { state.withLock { $0.uses.count } }
    package var servedCount: Int { state.withLock { $0.uses.count { $0.wasServed } } }
    package func add(_ use: Use) { state.withLock { $0.uses.append(use) } }
    package func add(_ change: Switch) { state.withLock { $0.switches.append(change) } }
    package func add(_ number: Number) { state.withLock { $0.numbers.append(number) } }
    package func add(_ effect: Effect) { state.withLock { $0.effects.append(effect) } }
}

// MARK: The checker

extension UseHistory {
    /// What contradicts one order of all uses and switches of each key in which every answer is right; and
    /// what took effect later than `grace` after a stop was acknowledged. Switches of one key come one
    /// after the other. Numbers of a key rise, and none is given twice.
    package func violations(grace: UInt64) -> [String] {
        let all = state.withLock { $0 }
        let keys = Set(all.uses.map(\.key)).union(all.switches.map(\.key)).union(all.numbers.map(\.key))
        return keys.sorted().flatMap { key in
            let switches = all.switches.filter { $0.key == key }.sorted { $0.begun < $1.begun }
            let spans = Self.spans(switches)
            return all.uses.filter { $0.key == key }.compactMap { Self.mistake($0, spans) }
                + all.effects.filter { $0.key == key }.compactMap { Self.mistake($0, spans, grace) }
                + Self.mistakes(all.numbers.filter { $0.key == key })
        }
    }

    private static func mistakes(_ numbers: [Number]) -> [String] {
        var found: [String] = []
        var seen: Set<UInt64> = []
        for number in numbers where !seen.insert(number.value).inserted {
            found.append("\(number.key): \(number.value) was given twice")
        }
        var ended = numbers.sorted { $0.ended < $1.ended }[...]
        var highest: UInt64 = 0
        for number in numbers.sorted(by: { $0.begun < $1.begun }) {
            while let first = ended.first, first.ended < number.begun {
                highest = max(highest, first.value)
                ended.removeFirst()
            }
            if number.value < highest {
                found.append("\(number.key): \(number.value) behind \(highest), which was there before")
            }
        }
        return found
    }

    /// From an acknowledgement to the begin of the next switch the state is certain.
    private struct Span {
        let from: UInt64
        let to: UInt64
        let isStopped: Bool
    }

    private static func spans(_ switches: [Switch]) -> [Span] {
        let first = Span(from: 0, to: switches.first?.begun ?? .max, isStopped: false)
        return [first]
            + switches.indices.map { index in
                let next = index + 1 < switches.count ? switches[index + 1].begun : .max
                return Span(
                    from: switches[index].acknowledged, to: next, isStopped: switches[index].stops)
            }
    }

    private static func mistake(_ use: Use, _ spans: [Span]) -> String? {
        guard let span = spans.first(where: { $0.from <= use.begun && use.ended <= $0.to }),
            span.isStopped == use.wasServed
        else { return nil }
        let what = use.wasServed ? "served while it was stopped" : "refused while it was active"
        return "\(use.key): \(what), \(use.begun - span.from) ns after the acknowledgement"
    }

    private static func mistake(_ effect: Effect, _ spans: [Span], _ grace: UInt64) -> String? {
        guard
            let span = spans.first(where: {
                $0.isStopped && $0.from.addingReportingOverflow(grace).partialValue < effect.at
                    && effect.at <= $0.to
            })
        else { return nil }
        return "\(effect.key): an effect \(effect.at - span.from) ns after the stop was acknowledged"
    }
}
