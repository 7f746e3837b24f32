import Access
import Crypto
import EventLoop
import Kernel
import Postgres

/// What the workers of a node share: immutable values, and the few things that are made for many threads.
package struct NodeShared: Sendable {
    package let id: NodeID
    package let startedAt: Timestamp
    package let settings: Settings
    package let database: DatabaseURL
    package let clock: Clock
    package let entropy: Entropy
    package let log: Log
    package let metrics: Metrics
    package let keyring: Keyring
    package let rootKey: RootKey
    package let offLoop: OffLoop
    package let state: NodeState
}

/// The release, as `/` and `/v1/system` tell it.
package enum Release {
    package static let version = "0.1.0"
}
