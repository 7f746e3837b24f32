import Crypto
import Exchanges

/// A count that goes where its limit stands from now on. A limit is the same as long as it counts the same:
/// wherever it stands in the list, whatever its maximum is, and after it was out of force for a while.
/// Whoever publishes a policy gives nobody what is used up once more.
struct CounterMove: Hashable {
    let source: Int32
    let target: Int32

    /// Counters of limits that are in force are below.
    static let firstAside: Int32 = 1_000
}

extension Policy {
    /// What is to be moved when this policy takes the place of `old`. What no count is moved to begins at
    /// nothing.
    func counterMoves(from old: Policy?, of owner: PolicyOwner) -> [CounterMove] {
        let (left, taken) = (old?.namedCounters(of: owner) ?? [:], namedCounters(of: owner))
        let moved = left.map { name, number in
            CounterMove(source: number, target: taken[name] ?? name.aside)
        }
        let back = taken.filter { left[$0.key] == nil }.map { name, number in
            CounterMove(source: name.aside, target: number)
        }
        return (moved + back).filter { $0.source != $0.target }.sorted { $0.source < $1.source }
    }

    /// Counters that begin at nothing, unless something is moved there.
    func counterNumbers(startingAnewFrom old: Policy?, of owner: PolicyOwner) -> [Int32] {
        let left = old?.namedCounters(of: owner) ?? [:]
        return namedCounters(of: owner).filter { left[$0.key] != $0.value }.map(\.value).sorted()
    }

    private func namedCounters(of owner: PolicyOwner) -> [CountName: Int32] {
        var named: [CountName: Int32] = [:]
        // Of several that count the same, the one that binds has the count.
        let all = zip(limits, counters(of: owner)).enumerated().map { place, one in
            (limit: one.0, counter: one.1, reports: logOnly.contains(.limit(place + 1)))
        }
        let rank = { (one: (limit: UseLimit, counter: LimitCounter, reports: Bool)) in
            (one.reports ? 1 : 0, one.limit.max)
        }
        for one in all.sorted(by: { rank($0) < rank($1) }) {
            var name = CountName(text: one.limit.countText(in: owner), occurrence: 1)
            while named[name] != nil { name.occurrence += 1 }
            named[name] = Int32(one.counter.number)
        }
        return named
    }
}

/// What a limit counts.
private struct CountName: Hashable {
    let text: String
    var occurrence: Int

    /// Where its count is kept while it is not in force: a billion places, so that two hardly ever meet.
    var aside: Int32 {
        let digest = SHA256.hash(Array("\(text) \(occurrence)".utf8))
        let number = digest.prefix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        return CounterMove.firstAside + Int32(number % 1_000_000_000)
    }
}

extension UseLimit {
    /// All but its maximum, the same however it was written.
    fileprivate func countText(in owner: PolicyOwner) -> String {
        // Only orders open.
        let everything: Set<RequestOperation> =
            scope == .opening ? [.trade] : Set(RequestOperation.allCases)
        let counted = Set(operations ?? RequestOperation.allCases).intersection(everything)
        let operations = counted.map(\.rawValue).sorted().joined(separator: ",")
        let symbols = symbols.map { $0.map(\.text).sorted().joined(separator: ",") } ?? "*"
        return [
            owner.rawValue, (of ?? owner).rawValue, count.rawValue, scope.rawValue, "\(per.seconds)",
            operations, symbols,
        ].joined(separator: " ")
    }
}
