import Keys
import Sealing

extension KeyStates {
    /// The tags of the room of keys.
    static let ofKeys = KeyStates(
        tagAll: { transaction, keyring in try await KeyTags.tagAll(in: transaction, by: keyring) },
        retag: { transaction, keyring, limit in
            try await KeyTags.retag(in: transaction, by: keyring, limit: limit)
        })
}
