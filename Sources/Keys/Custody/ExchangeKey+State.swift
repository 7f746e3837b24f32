import Crypto
import Exchanges
import Access
import JSON
import Kernel

/// Somebody wrote past the service: what the row says is not what the service wrote.
struct TamperedKey: Error {
    let id: ExchangeKeyID
    let revision: Int64
    let table: String
    /// The fields that every event of a key has, as they stood there.
    let facts: KeyValuePairs<String, JSONValue>

    init(_ key: ExchangeKey, table: String = "exchange_key") {
        (id, revision, self.table) = (key.id, key.revision, table)
        facts = key.sharedFields
    }

    /// A row that cannot even be read.
    init(_ row: KeyRow) {
        (id, revision, table) = (row.id, row.revision, "exchange_key")
        facts = row.sharedFields
    }
}

extension ExchangeKey {
    /// Everything that decides about the key's use and every word that an answer tells of it. The notices of
    /// its deadlines are left out: jobs move them by thousands.
    var stateBytes: [UInt8] {
        var bytes = StateBytes("keybell key state 1")
        bytes.add(id.description)
        for text in [exchange.rawValue, account, label, environment.rawValue, owner.description] {
            bytes.add(text)
        }
        bytes.add(tags)
        bytes.add(permissions.map(\.rawValue))
        bytes.add(addresses.map(\.shortText))
        bytes.add(status.rawValue)
        bytes.add(ownMode.rawValue)
        bytes.add(isQuarantined)
        bytes.add(statusReason)
        bytes.add(ownReason)
        bytes.add(isReadable)
        bytes.add(isDecoy)
        bytes.add(currentVersion)
        bytes.add(risksAccepted)
        bytes.add(fingerprint)
        bytes.add(rotation?.every.text)
        bytes.add(rotation?.remindBefore.map(\.text) ?? [])
        for time in [statusChangedAt, expiresAt, secretCreatedAt, handedOutUntil, createdAt, updatedAt] {
            bytes.add(time)
        }
        bytes.add(createdBy.description)
        bytes.add(revision)
        if let policy {
            bytes.add(policy.version)
            bytes.add(Hex.encode(policy.digest))
        }
        // Each named, and only where it is not what every key had before there was the like.
        if isPassphraseDisclosable { bytes.add("passphrase_disclosable") }
        if let egressAddress { bytes.add(["egress_address", egressAddress]) }
        if isAwayModeOn { bytes.add("away mode") }
        return bytes.bytes
    }
}
