package import Crypto
package import Postgres

/// What this room asks of the room of keys, whose tags hang on key-encryption keys too.
package struct KeyStates: Sendable {
    /// Tags the state of every key, in the transaction that takes the installation into custody.
    package let tagAll: @Sendable (Transaction, Keyring) async throws -> Void
    /// Tags anew at most so many keys whose tag is of an older generation than the keyring's; how many.
    package let retag: @Sendable (Transaction, Keyring, Int) async throws -> Int

    /// Begins what stands under the installation's key of fingerprints, in the transaction that makes it.
    package let begin: @Sendable (Transaction, HMACKey) async throws -> Void

    package init(
        begin: @escaping @Sendable (Transaction, HMACKey) async throws -> Void = { _, _ in },
        tagAll: @escaping @Sendable (Transaction, Keyring) async throws -> Void,
        retag: @escaping @Sendable (Transaction, Keyring, Int) async throws -> Int
    ) {
        self.begin = begin
        self.tagAll = tagAll
        self.retag = retag
    }
}
