import Crypto
import Kernel
import Synchronization

/// The root key whose keepers are showing that they hold it.
extension Custodian {
    func begin(_ proof: RootKeyProof) { proving.withLock { $0 = proof } }

    func endProof() { proving.withLock { $0 = nil } }

    func proof(at now: Timestamp) -> RootKeyProof? {
        tidy(at: now)
        return proving.withLock { $0 }
    }

    /// True once the quorum is complete.
    func prove(_ share: KeyShare, _ set: ShareSetID) throws(KeyShareError) -> Bool {
        try proving.withLock { proof throws(KeyShareError) in
            guard proof?.set.id == set else { return false }
            return try proof?.prove(share) ?? false
        }
    }
}
