/// Takes shares one by one until they give the root key. Pure: who may bring shares, when a ceremony lapses
/// and where the key goes is its owner's. What it held is wiped when it ends, is reset, or has given the key.
package struct ShareCollector: Sendable {
    package struct Progress: Sendable, Equatable {
        package let have: Int
        package let needed: Int

        package init(have: Int, needed: Int) {
            self.have = have
            self.needed = needed
        }
    }

    package enum Outcome: Sendable {
        /// Fewer than the threshold.
        case waiting(Progress)
        /// The key, and which of the shares given are false, when they were more than needed.
        case combined(RootKey, wrong: [Int])
        /// Enough, but no choice of them gives the key with the fingerprint: one or more of these is false. A
        /// further share may still help.
        case mismatched(indices: [Int])
    }

    private let set: ShareSet?
    private let fingerprint: String?
    private var shares: [KeyShare] = []

    /// For a set that is known: each share is told right or wrong by itself.
    package init(set: ShareSet) {
        self.set = set
        fingerprint = set.rootFingerprint
    }

    /// For whatever set the first share is of.
    /// - Parameter fingerprint: the root key's; nil: the first key that comes out is believed.
    package init(fingerprint: String?) {
        set = nil
        self.fingerprint = fingerprint
    }

    /// Nil until a share is here, when the set is not known.
    package var progress: Progress? {
        (set?.quorum ?? shares.first?.quorum).map { Progress(have: shares.count, needed: $0.threshold) }
    }

    /// The shares held, in the order they came.
    package var indices: [Int] { shares.map(\.index) }

    /// A share that is refused changes nothing.
    package mutating func add(_ share: KeyShare) throws(KeyShareError) -> Outcome {
        try check(share)
        shares.append(share)
        let progress = Progress(have: shares.count, needed: share.quorum.threshold)
        guard progress.have >= progress.needed else { return .waiting(progress) }
        do throws(CryptoError) {
            guard let (key, used) = try search([share], shares.dropLast(), progress.needed) else {
                return .mismatched(indices: indices)
            }
            let wrong = try indicesOfWrong(by: used)
            reset()
            return .combined(key, wrong: wrong)
        } catch {
            shares.removeLast()
            throw .crypto(error)
        }
    }

    /// Forgets what was given.
    package mutating func reset() { shares = [] }
}

extension ShareCollector {
    private func check(_ share: KeyShare) throws(KeyShareError) {
        if let expected = set?.id ?? shares.first?.set, expected != share.set {
            throw .otherSet(found: share.set, expected: expected)
        }
        if let quorum = set?.quorum ?? shares.first?.quorum, quorum != share.quorum {
            throw .forged(index: share.index)
        }
        if let set {
            let hash: [UInt8]
            do { hash = try share.hash() } catch { throw .crypto(error) }
            guard ConstantTime.equal(hash, set.hashes[share.index - 1]) else {
                throw .forged(index: share.index)
            }
        }
        if let earlier = shares.first(where: { $0.index == share.index }) {
            throw earlier.isSame(as: share)
                ? .repeated(index: share.index) : .contradicts(index: share.index)
        }
    }

    /// Tries every choice of shares that holds the newest, since those without it were tried before. At most
    /// 12,870 choices in all, for 8 of 16 with false ones among them; one when all are right.
    private func search(
        _ chosen: [KeyShare], _ rest: ArraySlice<KeyShare>, _ needed: Int
    ) throws(CryptoError) -> (key: RootKey, used: [KeyShare])? {
        if chosen.count == needed {
            let key = try RootKey(combining: chosen)
            let found = try key.fingerprint()
            return found == fingerprint ?? found ? (key, chosen) : nil
        }
        var rest = rest
        while let next = rest.popFirst() {
            if let found = try search(chosen + [next], rest, needed) { return found }
        }
        return nil
    }

    private func indicesOfWrong(by right: [KeyShare]) throws(CryptoError) -> [Int] {
        let known = right.map(\.share)
        var wrong: [Int] = []
        for share in shares where !right.contains(where: { $0.index == share.index }) {
            let expected = try SecretSharing.value(at: share.share.index, through: known)
            let fits = expected.withBytes { expected in
                share.share.value.withBytes { ConstantTime.equal(expected, $0) }
            }
            if !fits { wrong.append(share.index) }
        }
        return wrong.sorted()
    }
}
