import Kernel
import Testing

@testable import Signing

/// Where a node stands between its database and its exits: the whole table, and a walk through it.
@Suite struct AwayStateTests {
    typealias Phase = AwayState.Phase
    typealias Event = AwayState.Event

    private static let second: UInt64 = 1_000_000_000
    private static let minute = 60 * second

    /// A state in `phase`, reached by what leads there.
    private func state(in phase: Phase) -> AwayState {
        var state = AwayState()
        switch phase {
        case .idle: break
        case .fresh(let at): _ = state.happened(.confirmed, at: at)
        case .away(let since):
            _ = state.happened(.confirmed, at: since)
            _ = state.happened(.lost, at: since)
        case .over:
            _ = state.happened(.confirmed, at: 0)
            _ = state.happened(.lost, at: 0)
            _ = state.happened(.tick, at: 15 * Self.minute)
        case .merging(let confirmed):
            _ = state.happened(.confirmed, at: 0)
            _ = state.happened(.lost, at: 0)
            _ = state.happened(.answered, at: 1)
            if let confirmed { _ = state.happened(.confirmed, at: confirmed) }
        }
        #expect(state.phase == phase)
        return state
    }

    private struct Row: Sendable {
        let from: Phase
        let event: Event
        let at: UInt64
        let to: Phase
        let action: AwayState.Action

        init(
            _ from: Phase, _ event: Event, _ at: UInt64, _ to: Phase, _ action: AwayState.Action = .nothing
        ) {
            (self.from, self.event, self.at) = (from, event, at)
            (self.to, self.action) = (to, action)
        }
    }

    private static let fromFresh: [Row] = [
        Row(.fresh(confirmed: 7), .answered, minute, .fresh(confirmed: 7)),
        Row(.fresh(confirmed: 7), .confirmed, minute, .fresh(confirmed: minute)),
        Row(.fresh(confirmed: 7), .emptied, minute, .idle),
        Row(.fresh(confirmed: 7), .closed, minute, .idle),
        Row(.fresh(confirmed: 7), .tick, 100 * minute, .fresh(confirmed: 7)),
        Row(.fresh(confirmed: 7), .failed, 8, .fresh(confirmed: 7)),
        Row(.fresh(confirmed: 7), .merged, 8, .fresh(confirmed: 7)),
        // The snapshot was under 60 s old, or it was not.
        Row(.fresh(confirmed: 0), .lost, minute - 1, .away(since: minute - 1), .begin),
        Row(.fresh(confirmed: 0), .lost, minute, .idle),
        Row(.fresh(confirmed: 0), .lost, 100 * minute, .idle),
    ]
    private static let fromAway: [Row] = [
        Row(.away(since: 0), .answered, second, .merging(confirmed: nil), .end(.answered)),
        Row(.away(since: 0), .confirmed, second, .merging(confirmed: nil), .end(.answered)),
        Row(.away(since: 0), .emptied, second, .merging(confirmed: nil), .end(.answered)),
        Row(.away(since: 0), .lost, second, .away(since: 0)),
        Row(.away(since: 0), .tick, 15 * minute - 1, .away(since: 0)),
        Row(.away(since: 0), .tick, 15 * minute, .over, .end(.expired)),
        Row(.away(since: 0), .lost, 16 * minute, .over, .end(.expired)),
        Row(.away(since: 0), .closed, second, .over, .end(.sealed)),
        Row(.away(since: 0), .failed, second, .over, .end(.failed)),
        Row(.away(since: 0), .merged, second, .away(since: 0)),
    ]
    private static let fromOver: [Row] = [
        Row(.over, .answered, minute, .merging(confirmed: nil)),
        Row(.over, .confirmed, minute, .merging(confirmed: nil)),
        Row(.over, .emptied, minute, .merging(confirmed: nil)),
        Row(.over, .lost, minute, .over), Row(.over, .tick, minute, .over),
        Row(.over, .closed, minute, .over), Row(.over, .failed, minute, .over),
        Row(.over, .merged, minute, .over),
    ]
    private static let fromMerging: [Row] = [
        Row(.merging(confirmed: nil), .answered, second, .merging(confirmed: nil)),
        Row(.merging(confirmed: nil), .confirmed, second, .merging(confirmed: second)),
        Row(.merging(confirmed: second), .emptied, minute, .merging(confirmed: nil)),
        Row(.merging(confirmed: second), .closed, minute, .merging(confirmed: nil)),
        Row(.merging(confirmed: second), .merged, minute, .fresh(confirmed: second)),
        Row(.merging(confirmed: nil), .merged, minute, .idle),
        Row(.merging(confirmed: nil), .lost, minute, .over),
        Row(.merging(confirmed: second), .lost, minute, .away(since: minute), .begin),
        Row(.merging(confirmed: second), .lost, 2 * minute, .over),
        Row(.merging(confirmed: second), .tick, minute, .merging(confirmed: second)),
        Row(.merging(confirmed: second), .failed, minute, .merging(confirmed: second)),
    ]
    private static let fromIdle: [Row] = Event.allCases.map { event in
        Row(.idle, event, second, event == .confirmed ? .fresh(confirmed: second) : .idle)
    }

    @Test func `every event in every phase leads where the table says`() {
        let rows = Self.fromIdle + Self.fromFresh + Self.fromAway + Self.fromOver + Self.fromMerging
        for row in rows {
            var state = state(in: row.from)
            let action = state.happened(row.event, at: row.at)
            #expect(state.phase == row.to, "\(row)")
            #expect(action == row.action, "\(row)")
        }
    }

    @Test func `no pair of a phase and an event is missing in the table`() {
        let tables = [Self.fromIdle, Self.fromFresh, Self.fromAway, Self.fromOver, Self.fromMerging]
        for table in tables { #expect(Set(table.map(\.event)) == Set(Event.allCases)) }
    }

    @Test func `exits go for 15 minutes, to the nanosecond, whether or not somebody looked at the clock`() {
        let state = state(in: .away(since: Self.minute))
        #expect(state.isAway(at: Self.minute))
        #expect(state.isAway(at: 16 * Self.minute - 1))
        #expect(!state.isAway(at: 16 * Self.minute))
        #expect(state.left(at: 6 * Self.minute) == .minutes(10))
        #expect(state.left(at: 16 * Self.minute) == .seconds(0))
    }

    @Test func `whatever happens, nothing goes that the rules do not let go`() {
        for seed in 0..<200 as Range<UInt64> {
            let random = SeededGenerator(seed: seed)
            var (state, now) = (AwayState(), UInt64(0))
            var confirmed: UInt64?
            var since: UInt64?
            for _ in 0..<300 {
                now += random.next() % (20 * Self.second)
                let all = Event.allCases
                let event = all[Int(random.next() % UInt64(all.count))]
                let wasAway = since != nil
                let action = state.happened(event, at: now)
                if event == .confirmed { confirmed = now }
                if event == .emptied || event == .closed { confirmed = nil }
                if action == .begin {
                    since = now
                    let age = confirmed.map { now - $0 }
                    #expect(age.map { $0 < Self.minute } ?? false, "seed \(seed)")
                }
                if case .end = action { since = nil }
                #expect(wasAway || action == .begin || since == nil)
                let mayGo = since.map { now - $0 < 15 * Self.minute } ?? false
                #expect(state.isAway(at: now) == mayGo, "seed \(seed)")
            }
        }
    }
}
