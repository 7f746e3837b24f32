extension RootKey {
    /// Cuts the key into shares for `quorum.count` keepers. Each call makes another set, and shares of
    /// different sets do not go together.
    package func split(_ quorum: Quorum) throws(CryptoError) -> (set: ShareSet, shares: [KeyShare]) {
        let id = ShareSetID()
        let shares = try SecretSharing.split(key, quorum).map { share in
            KeyShare(set: id, quorum: quorum, share: share)
        }
        var hashes: [[UInt8]] = []
        for share in shares { hashes.append(try share.hash()) }
        let set = ShareSet(id: id, quorum: quorum, rootFingerprint: try fingerprint(), hashes: hashes)
        guard let set else { preconditionFailure("one hash for each share") }
        return (set, shares)
    }

    /// From shares of one set, at least as many as its threshold; nothing is verified.
    convenience init(combining shares: [KeyShare]) throws(CryptoError) {
        try self.init(copying: SecretSharing.combine(shares.map(\.share)))
    }
}
