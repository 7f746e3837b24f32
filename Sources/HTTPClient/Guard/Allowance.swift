package import EventLoop

/// What one purpose (webhooks, an exchange, a feed) may reach. Only the operator's settings widen it, never a
/// caller of the API.
package struct Allowance: Hashable, Sendable {
    /// Loopback and the private ranges (RFC 1918, RFC 6598, RFC 4193). Metadata services stay denied.
    package var privateAddresses: Bool
    /// `http` URLs, to private receivers only.
    package var plainHTTP: Bool
    /// Every port, to private receivers only.
    package var anyPort: Bool
    /// The ports of public receivers.
    package var ports: Set<UInt16>
    /// Hosts, each with its port, by which others reach this service: it does not call itself.
    package var ownPlaces: Set<String> = []
    /// Where this service listens.
    package var ownAddresses: [SocketAddress] = []

    package init(
        privateAddresses: Bool = false, plainHTTP: Bool = false, anyPort: Bool = false,
        ports: Set<UInt16> = [443, 8443, 80]
    ) {
        self.privateAddresses = privateAddresses
        self.plainHTTP = plainHTTP
        self.anyPort = anyPort
        self.ports = ports
    }

    /// The public internet by https: what holds when no setting says otherwise.
    package static let publicOnly = Allowance()
    /// `KEYBELL_PRIVATE_WEBHOOKS=true`: private receivers too, and to them plain http and any port.
    package static let privateReceivers = Allowance(privateAddresses: true, plainHTTP: true, anyPort: true)
}
