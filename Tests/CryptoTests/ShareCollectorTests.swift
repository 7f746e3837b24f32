import Crypto
import Kernel
import Testing

@Suite struct ShareCollectorTests {
    private let key: RootKey
    private let set: ShareSet
    private let shares: [KeyShare]
    private let fingerprint: String

    init() throws {
        key = try RootKey()
        (set, shares) = try key.split(#require(Quorum(threshold: 3, count: 5)))
        fingerprint = try key.fingerprint()
    }

    /// A collector that knows the set, and one that knows the key's fingerprint only.
    private var collectors: [ShareCollector] {
        [ShareCollector(set: set), ShareCollector(fingerprint: fingerprint)]
    }

    @Test func `progress is told until the threshold gives the key`() throws {
        for var collector in collectors {
            #expect(try waits(collector.add(shares[4])) == .init(have: 1, needed: 3))
            #expect(try waits(collector.add(shares[1])) == .init(have: 2, needed: 3))
            #expect(collector.progress == .init(have: 2, needed: 3))
            #expect(collector.indices == [5, 2])
            let (combined, wrong) = try #require(combines(collector.add(shares[2])))
            #expect(try combined.fingerprint() == fingerprint)
            #expect(wrong.isEmpty)
            #expect(collector.indices.isEmpty, "nothing is kept once the key is out")
        }
        #expect(ShareCollector(set: set).progress == .init(have: 0, needed: 3))
        #expect(ShareCollector(fingerprint: nil).progress == nil)
    }

    @Test func `any order of any shares gives the key`() throws {
        let generator = SeededGenerator(seed: 6)
        for quorum in [(2, 2), (2, 5), (5, 5), (8, 16), (16, 16)].compactMap({
            Quorum(threshold: $0, count: $1)
        }) {
            let (set, shares) = try key.split(quorum)
            let order = shares.map { ($0, generator.next()) }.sorted { $0.1 < $1.1 }.map(\.0)
            var collector = ShareCollector(set: set)
            for share in order.prefix(quorum.threshold - 1) {
                #expect(try waits(collector.add(share)) != nil)
            }
            let last = try #require(try combines(collector.add(order[quorum.threshold - 1])))
            #expect(try last.key.fingerprint() == fingerprint)
        }
    }

    @Test func `a repeated share and one of another set change nothing`() throws {
        let other = try key.split(set.quorum)
        for var collector in collectors {
            _ = try collector.add(shares[0])
            #expect(throws: KeyShareError.repeated(index: 1)) { _ = try collector.add(shares[0]) }
            #expect(throws: KeyShareError.otherSet(found: other.set.id, expected: set.id)) {
                _ = try collector.add(other.shares[1])
            }
            #expect(collector.indices == [1])
        }
        var collector = ShareCollector(set: set)
        #expect(throws: KeyShareError.otherSet(found: other.set.id, expected: set.id)) {
            _ = try collector.add(other.shares[0])
        }
    }

    @Test func `a forged share of a known set is told at once, whatever byte was changed`() throws {
        var collector = ShareCollector(set: set)
        for place in 12..<44 {
            let forged = try shares[1].altered { $0[place] ^= 0x10 }
            #expect(throws: KeyShareError.forged(index: 2)) { _ = try collector.add(forged) }
        }
        let moved = try shares[1].altered { $0[11] = 3 }
        #expect(throws: KeyShareError.forged(index: 3)) { _ = try collector.add(moved) }
        let easier = try shares[1].altered { $0[9] = 2 }
        #expect(throws: KeyShareError.forged(index: 2)) { _ = try collector.add(easier) }
        #expect(collector.indices.isEmpty)
    }

    @Test func `a forged share of an unknown set shows at the threshold, and a further share names it`()
        throws
    {
        var collector = ShareCollector(fingerprint: fingerprint)
        _ = try collector.add(shares[0])
        _ = try collector.add(try shares[3].altered { $0[30] ^= 1 })
        #expect(try mismatches(collector.add(shares[2])) == [1, 4, 3])
        let (combined, wrong) = try #require(combines(collector.add(shares[1])))
        #expect(try combined.fingerprint() == fingerprint)
        #expect(wrong == [4])
    }

    @Test func `several forged shares are named as soon as enough right ones are there`() throws {
        let (_, shares) = try key.split(#require(Quorum(threshold: 2, count: 6)))
        var collector = ShareCollector(fingerprint: fingerprint)
        let forged = try [1, 3, 5].map { try shares[$0].altered { $0[40] ^= 0x80 } }
        _ = try collector.add(forged[0])
        #expect(try mismatches(collector.add(forged[1])) == [2, 4])
        #expect(try mismatches(collector.add(shares[0])) == [2, 4, 1])
        #expect(try mismatches(collector.add(forged[2])) == [2, 4, 1, 6])
        let (combined, wrong) = try #require(combines(collector.add(shares[2])))
        #expect(try combined.fingerprint() == fingerprint)
        #expect(wrong == [2, 4, 6])
    }

    @Test func `the right share after a forged one with its index is told apart from a repeated one`() throws
    {
        var collector = ShareCollector(fingerprint: fingerprint)
        _ = try collector.add(try shares[0].altered { $0[12] ^= 1 })
        #expect(throws: KeyShareError.contradicts(index: 1)) { _ = try collector.add(shares[0]) }
        collector.reset()
        #expect(collector.progress == nil)
        #expect(try waits(collector.add(shares[0])) == .init(have: 1, needed: 3))
    }

    @Test func `shares of another key are noticed by the fingerprint`() throws {
        let other = try RootKey().split(set.quorum)
        var collector = ShareCollector(fingerprint: fingerprint)
        for share in other.shares.dropLast(3) { _ = try collector.add(share) }
        #expect(try mismatches(collector.add(other.shares[2])) == [1, 2, 3])
        #expect(try mismatches(collector.add(other.shares[3])) == [1, 2, 3, 4])
    }

    @Test func `without a fingerprint the first key is believed`() throws {
        var collector = ShareCollector(fingerprint: nil)
        for share in shares.prefix(2) { _ = try collector.add(share) }
        let combined = try #require(try combines(collector.add(shares[2])))
        #expect(try combined.key.fingerprint() == fingerprint)
    }

    private func waits(_ outcome: ShareCollector.Outcome) -> ShareCollector.Progress? {
        if case .waiting(let progress) = outcome { return progress }
        return nil
    }

    private func mismatches(_ outcome: ShareCollector.Outcome) -> [Int]? {
        if case .mismatched(let indices) = outcome { return indices }
        return nil
    }

    private func combines(_ outcome: ShareCollector.Outcome) -> (key: RootKey, wrong: [Int])? {
        if case .combined(let key, let wrong) = outcome { return (key, wrong) }
        return nil
    }
}
