package import Kernel

/// What an exchange says that a key may do, in one vocabulary for all of them. A permission counts when the
/// key holds it, whether or not the account is enabled for what it covers.
package struct ProbedPermissions: Sendable, Equatable {
    package var granted: Set<KeyPermission>
    /// False where the exchange only shows that the key works: then nothing is known of what it may do.
    package var areTold = true
    /// What the exchange names beside: `Earn`, `Affiliate`; and whatever it may add one day.
    package var others: [String] = []
    /// nil where the exchange does not tell.
    package var isAddressBound: Bool?
    /// Addresses as the exchange writes them, masked at some; empty where it does not tell.
    package var addresses: [String] = []
    package var expiresAt: Timestamp?
    /// How long the key may rest before the exchange lets it lapse.
    package var lapsesWhenUnusedFor: Period?
    package var createdAt: Timestamp?
    /// The account's own number, where told.
    package var uid: String?
    /// By how much the number of a request may lie below the highest so far; nil where nothing is told.
    package var nonceWindow: Int64?
    /// The account's mode, as the exchange calls it, where that decides what its orders mean: see
    /// `ExchangeName.readsReduceOnly`.
    package var accountMode: String?
    /// The whole answer as JSON, for people; at most `ProbeAnswer.bodyBytesAtMost`.
    package var raw: [UInt8] = []

    package init(_ granted: Set<KeyPermission>) {
        self.granted = granted
    }
}

extension ProbedPermissions {
    /// In the vocabulary's order.
    package var list: [KeyPermission] { KeyPermission.allCases.filter(granted.contains) }

    mutating func makeOneLined() {
        others = others.map(\.oneLine)
        addresses = addresses.map(\.oneLine)
        uid = uid?.oneLine
        accountMode = accountMode?.oneLine
    }

    /// Whether a request from that address would pass; nil where the exchange does not tell enough.
    package func admits(_ address: IPAddress) -> Bool? {
        guard let isAddressBound else { return nil }
        guard isAddressBound else { return true }
        let ranges = addresses.map { CIDR($0) }
        if ranges.contains(where: { $0?.contains(address) == true }) { return true }
        return ranges.isEmpty || ranges.contains(nil) ? nil : false
    }
}
