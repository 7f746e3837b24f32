import Expressions
import Kernel

/// Why an event cannot be counted.
struct CountFailure: Error { let message: String }

/// What a window holds. At a moment T these are the events after T less its length, up to T.
extension RuleWindow {
    /// None: it counts for nothing.
    func entries(of occurrence: RuleMachine.Occurrence) -> Result<[GroupState.Entry], CountFailure> {
        let mark = occurrence.id.uuid.low
        switch measure {
        case .events: return .success([GroupState.Entry(at: occurrence.at, mark: mark)])
        case .distinct(let expression), .first(let expression):
            return values(of: expression, occurrence).map { values in
                values.map { GroupState.Entry(at: occurrence.at, mark: $0.mark) }
            }
        case .sum(let expression):
            return value(of: expression, occurrence).flatMap { value in
                guard let value else { return .success([]) }
                guard let amount = EventExpression.amount(of: value) else {
                    return .failure(CountFailure(message: "\(expression.source) is no number"))
                }
                return .success([GroupState.Entry(at: occurrence.at, mark: mark, amount: amount)])
            }
        }
    }

    /// Of a list each of its values by itself, so that none hides behind another.
    private func values(
        of expression: EventExpression, _ occurrence: RuleMachine.Occurrence
    ) -> Result<[Value], CountFailure> {
        value(of: expression, occurrence).flatMap { value in
            guard case .list(let values)? = value else { return .success(value.map { [$0] } ?? []) }
            guard values.count <= Self.valuesAtMost else {
                let message = "\(expression.source) has more than \(Self.valuesAtMost) values"
                return .failure(CountFailure(message: message))
            }
            return .success(values.filter { if case .null = $0 { false } else { true } })
        }
    }

    /// Nil for null.
    private func value(
        of expression: EventExpression, _ occurrence: RuleMachine.Occurrence
    ) -> Result<Value?, CountFailure> {
        switch expression.evaluate(occurrence.event) {
        case .nothing: .success(nil)
        case .error(let message): .failure(CountFailure(message: message))
        case .value(let value): .success(value)
        }
    }

    /// Whether the bound is reached now.
    func add(_ entry: GroupState.Entry, to state: inout GroupState) -> Bool {
        guard entry.at > state.clock - within.period else { return isSo(state) }
        switch measure {
        case .events, .sum:
            if !state.entries.contains(where: { $0.at == entry.at && $0.mark == entry.mark }) {
                state.insert(entry)
            }
        case .distinct, .first:
            if let place = state.entries.firstIndex(where: { $0.mark == entry.mark }) {
                guard state.entries[place].at < entry.at else { return isSo(state) }
                state.entries.remove(at: place)
            }
            state.insert(entry)
        }
        prune(&state)
        return isSo(state)
    }

    /// At the state's clock.
    func isSo(_ state: GroupState) -> Bool {
        switch bound {
        case .atLeast(let least): !isLess(state, than: least)
        case .below(let most): state.clock >= state.began + within.period && isLess(state, than: most)
        }
    }

    private func isLess(_ state: GroupState, than bound: Decimal) -> Bool {
        let edge = state.clock - within.period
        let inside = state.entries.lazy.filter { $0.at > edge }
        guard case .sum = measure else { return inside.count < threshold }
        var total = Decimal.zero
        for entry in inside {
            // A sum that is beyond 36 digits is above every bound.
            guard let sum = total.adding(entry.amount ?? .zero) else { return false }
            total = sum
        }
        return total < bound
    }

    /// Entries of a sum that are kept one by one; what is more is added up with its neighbours.
    static let exactEntries = 512

    /// Forgets what cannot matter any more. Of counts only the newest matter, as many as the bound says.
    func prune(_ state: inout GroupState) {
        let edge = state.clock - within.period
        if let first = state.entries.firstIndex(where: { $0.at > edge }) {
            state.entries.removeFirst(first)
        } else {
            state.entries = []
        }
        switch measure {
        case .events, .distinct:
            state.entries.removeFirst(max(0, state.entries.count - threshold))
        case .first: break
        case .sum:
            if state.entries.count > Self.exactEntries { state.mergeOldest(Self.exactEntries / 2) }
        }
    }

    /// When time alone may change whether it is so.
    func nextChange(_ state: GroupState) -> Timestamp? {
        let first: GroupState.Entry?
        switch measure {
        case .events, .distinct:
            // While there are fewer than the bound says, the leaving of one more changes nothing.
            first = state.entries.count < threshold ? nil : state.entries[state.entries.count - threshold]
        case .sum, .first: first = state.entries.first
        }
        let warm = isBelow && state.clock < state.began + within.period ? state.began + within.period : nil
        let leaving = first.map { $0.at + within.period } ?? (isBelow ? nil : lapse(of: state))
        return [warm, leaving].compactMap(\.self).filter { $0 > state.clock }.min()
    }

    private func lapse(of state: GroupState) -> Timestamp? {
        state.entries.last.map { $0.at + within.period }
    }
}

extension GroupState {
    /// In the order of time; what is as old comes behind.
    mutating func insert(_ entry: Entry) {
        let place = entries.lastIndex { $0.at <= entry.at }.map { $0 + 1 } ?? 0
        entries.insert(entry, at: place)
    }

    /// Two by two, each pair at the time of its newer one: they leave a little late, and never too early.
    fileprivate mutating func mergeOldest(_ count: Int) {
        var merged: [Entry] = []
        for place in stride(from: 0, to: count - 1, by: 2) {
            let (a, b) = (entries[place], entries[place + 1])
            guard let sum = (a.amount ?? .zero).adding(b.amount ?? .zero) else { return }
            merged.append(Entry(at: b.at, mark: b.mark, amount: sum))
        }
        entries.replaceSubrange(0..<merged.count * 2, with: merged)
    }
}
