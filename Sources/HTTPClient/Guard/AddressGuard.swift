package import EventLoop
package import Kernel

/// Decides whether an address may be connected to. Pure: it sees addresses only, never names, so it is asked
/// about every answer of the resolver, about every socket before it connects, and about every connection
/// before it carries a request.
package struct AddressGuard: Hashable, Sendable {
    /// Where this service listens. `0.0.0.0` and `::` stand for every loopback address of that port.
    package var ownAddresses: [SocketAddress]

    package init(ownAddresses: [SocketAddress] = []) { self.ownAddresses = ownAddresses }

    /// Nil: the address may be connected to.
    /// - Parameter isPlain: by http without TLS.
    package func refusal(
        of address: IPAddress, port: UInt16, isPlain: Bool, allowance: Allowance
    ) -> AddressRefusal? {
        if AddressRanges.metadata.contains(address) { return .metadata }
        if isOwn(address, port) { return .ownAddress }
        if AddressRanges.isPrivate(address) {
            guard allowance.privateAddresses else { return .privateAddress }
            if isPlain, !allowance.plainHTTP { return .plainHTTP }
            return allowance.anyPort || allowance.ports.contains(port) ? nil : .port
        }
        guard AddressRanges.isPublic(address) else { return .reservedAddress }
        if isPlain { return .plainHTTP }
        return allowance.ports.contains(port) ? nil : .port
    }

    /// The first refusal among all answers of a name: one bad answer refuses the name, or an attacker could
    /// mix one into a list and wait for it to be picked.
    package func refusal(
        ofAll addresses: [IPAddress], port: UInt16, isPlain: Bool, allowance: Allowance
    ) -> AddressRefusal? {
        guard !addresses.isEmpty else { return .noAddress }
        for address in addresses {
            if let refusal = refusal(of: address, port: port, isPlain: isPlain, allowance: allowance) {
                return refusal
            }
        }
        return nil
    }

    /// A connection whose two ends have one address stays on this host: behind a wildcard listener that is
    /// us.
    func isOwn(_ address: IPAddress, _ port: UInt16, connectedFrom local: IPAddress) -> Bool {
        address == local && listensEverywhere(onPort: port)
    }

    private func isOwn(_ address: IPAddress, _ port: UInt16) -> Bool {
        ownAddresses.contains(.ip(address, port: port))
            || address.isLoopback && listensEverywhere(onPort: port)
    }

    /// Of whatever loopback address: who names this host may mean each.
    func listensOnLoopback(port: UInt16) -> Bool {
        listensEverywhere(onPort: port)
            || ownAddresses.contains { own in
                guard case .ip(let address, port) = own else { return false }
                return address.isLoopback
            }
    }

    private func listensEverywhere(onPort port: UInt16) -> Bool {
        ownAddresses.contains(.ip(IPAddress(v4: 0), port: port))
            || ownAddresses.contains(.ip(IPAddress(v6: 0, 0), port: port))
    }
}
