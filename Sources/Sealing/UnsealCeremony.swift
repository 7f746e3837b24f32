import Access
import Crypto
import Kernel

/// Shares on their way to unsealing one node, in its memory and nowhere else. Pure; whoever asks too late
/// finds it empty.
struct UnsealCeremony: Sendable {
    /// From the first share on. Shares that lie around in memory are a risk of their own.
    static let lifetime: Period = .minutes(10)
    /// Sets that may be gathered side by side, so that a share of some other set does not shut out the right
    /// ones.
    static let setLimit = 4

    struct Begun: Sendable {
        let id: CeremonyID
        let at: Timestamp
        var until: Timestamp { at + UnsealCeremony.lifetime }
    }

    private(set) var begun: Begun?
    private var collectors: [ShareSetID: ShareCollector] = [:]
    /// Sets that the database has: no number of shares that somebody made up drives them out.
    private var known: Set<ShareSetID> = []

    /// What may be told of it: of the set that has come furthest.
    struct Outline: Sendable {
        let begun: Begun?
        let set: ShareSetID?
        let indices: [Int]
        let needed: Int?
    }

    var outline: Outline {
        let furthest = collectors.max { left, right in
            left.value.indices.count < right.value.indices.count
        }
        return Outline(
            begun: begun, set: furthest?.key, indices: furthest?.value.indices.sorted() ?? [],
            needed: furthest?.value.progress?.needed)
    }

    /// - Parameter make: the collector for a set that no share came of yet.
    mutating func add(
        _ share: KeyShare, at now: Timestamp, id: CeremonyID, isKnown: Bool, make: () -> ShareCollector
    ) throws(KeyShareError) -> ShareCollector.Outcome {
        expire(at: now)
        var collector = collectors[share.set] ?? make()
        let outcome = try collector.add(share)
        if collectors[share.set] == nil, collectors.count >= Self.setLimit { forgetLeast() }
        collectors[share.set] = collector
        if isKnown { known.insert(share.set) }
        if begun == nil { begun = Begun(id: id, at: now) }
        return outcome
    }

    mutating func expire(at now: Timestamp) {
        guard let begun, begun.until <= now else { return }
        end()
    }

    private mutating func forgetLeast() {
        let least = collectors.filter { !known.contains($0.key) }.min {
            $0.value.indices.count < $1.value.indices.count
        }
        if let least { collectors[least.key] = nil }
    }

    mutating func end() { self = UnsealCeremony() }
}
