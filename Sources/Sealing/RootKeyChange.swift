import Access
import Crypto
import Events
import HTTPServer
import JSON
import Kernel
import Postgres

/// Puts the installation under another root key: every key-encryption key is wrapped anew, in one
/// transaction, and no ciphertext is touched.
struct RootKeyChange {
    let custodian: Custodian
    let change: Change

    /// The key-encryption keys, held until the commit; refuses a node whose root key is not theirs.
    nonisolated(nonsending) func lock(under root: RootKey) async throws -> [WrappedKeyEncryptionKey] {
        let wrapped = try await KeyEncryptionKeys.lock(in: change.transaction)
        do throws(SealingError) {
            _ = try Keyring(opening: wrapped, under: root)
        } catch .wrongRootKey {
            throw Problem.staleRootKey
        } catch { throw error }
        return wrapped
    }

    /// - Parameter way: how the new key is kept: `file` or `shares`.
    nonisolated(nonsending) func move(
        _ wrapped: [WrappedKeyEncryptionKey], from old: RootKey, to new: RootKey, way: String
    ) async throws {
        let moved = try wrapped.map { key throws(SealingError) in try key.rewrapped(from: old, to: new) }
        try await KeyEncryptionKeys.update(moved, in: change.transaction)
        try await RootKeyFingerprint.set(new, in: change.transaction)
        let opened = try await custodian.opening.open(under: new, in: change.transaction)
        try await SealOrder.tell(in: change.transaction)
        let fingerprint = try new.fingerprint()
        change.audit(
            "system.rotate_root_key", nil as NodeID?,
            detail: ["fingerprint": .string(fingerprint), "way": .string(way)])
        change.emit(
            NewEvent(
                .rootKeyRotated, subject: nil as NodeID?,
                ["fingerprint": .string(fingerprint), "way": .string(way)]))
        let edition = custodian.seal.edition
        change.afterCommit { custodian.open(with: opened, ifEdition: edition) }
    }
}
