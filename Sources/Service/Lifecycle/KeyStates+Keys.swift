import Keys
import Sealing
import Signing

extension KeyStates {
    /// The tags of the rooms of keys and of policies.
    static let ofKeys = KeyStates(
        begin: { transaction, key in try await PolicyRegister.begin(in: transaction, by: key) },
        tagAll: { transaction, keyring in try await KeyTags.tagAll(in: transaction, by: keyring) },
        retag: { transaction, keyring, limit in
            try await KeyTags.retag(in: transaction, by: keyring, limit: limit)
        })
}
