import Kernel

/// `KEYBELL_EGRESS_ADDRESSES=tokyo=10.0.0.5@203.0.113.7,spare=203.0.113.8`.
extension SettingsReader {
    private static var egressAtMost: Int { 64 }

    mutating func egress(_ name: String) -> EgressAddresses {
        let all = list(name, "addresses, each as address, name=address or name=address@seen-as") {
            EgressAddress($0)
        }
        if all.count > Self.egressAtMost { fail(name, "may have at most \(Self.egressAtMost) addresses") }
        if Set(all.map(\.name)).count < all.count { fail(name, "has a name twice") }
        return EgressAddresses(all)
    }
}
