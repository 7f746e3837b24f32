import Exchanges
package import JSON

/// What is done to keys in somebody's name while they are away: it takes, and never gives back.
package enum KeyDeed: String, CaseIterable, Sendable {
    /// From now on only what lessens a position.
    case reduceOnly = "reduce_only"
    case suspend = "suspended"
    case rotate

    /// What it takes to do so by hand.
    package var permission: Permission { self == .rotate ? .keysRotate : .keysSuspend }

    /// The operations that do the same by hand: where one of them waits for approvals, so does this.
    package var operations: Set<String> {
        switch self {
        case .reduceOnly: ["setKeyMode", "setKeysMode"]
        case .suspend: ["setKeyMode", "setKeysMode", "suspendKey"]
        case .rotate: ["createKeyRotation"]
        }
    }
}

/// A key that a deed changes, or would.
package struct ReachedKey: Sendable {
    package let id: ExchangeKeyID
    package let label: String
    package let target: Target

    package init(id: ExchangeKeyID, label: String, target: Target) {
        (self.id, self.label, self.target) = (id, label, target)
    }

    /// Where it is, as answers name it.
    package var place: KeyValuePairs<String, String> {
        [
            "exchange": target.exchange.rawValue, "environment": target.environment.rawValue,
            "account": target.account,
        ]
    }
}

/// How far a deed goes.
package struct DeedReach: Sendable {
    /// In the order of their ids.
    package var changed: [ReachedKey] = []
    /// As strict already, or being rotated already.
    package var unchanged = 0
    /// Out of the reach of whom it is done for, or in need of approvals.
    package var forbidden = 0

    package init() {}

    package var matched: Int { changed.count + unchanged + forbidden }
}

/// For whom a deed is done, and why.
package struct DeedCause: Sendable {
    /// All of them must be allowed to do it; where there is nobody, nobody is.
    package let holders: [Rights]
    /// What the key says of why it is so.
    package let reason: String
    /// What the trail has beside it.
    package let detail: JSONObject

    package init(holders: [Rights], reason: String, detail: JSONObject) {
        (self.holders, self.reason, self.detail) = (holders, reason, detail)
    }
}
