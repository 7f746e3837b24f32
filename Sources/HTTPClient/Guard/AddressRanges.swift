import Kernel

/// The special-purpose registries (RFC 6890 and IANA's lists), as far as they decide who is a stranger's
/// server.
enum AddressRanges {
    /// Denied whatever the operator allows.
    static let metadata: Set<IPAddress> = [
        address("169.254.169.254"), address("169.254.170.2"), address("100.100.100.200"),
        address("168.63.129.16"), address("fd00:ec2::254"),
    ]

    /// What `Allowance.privateAddresses` opens. Link-local stays closed: nobody's receiver lives there, and
    /// most metadata services do.
    private static let privateRanges = [
        "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128",
        "fc00::/7",
    ].map(range)

    private static let deniedV4 = [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32",
    ].map(range)

    /// Global unicast is the only IPv6 space in use. What wraps an IPv4 address (mapped, compatible, NAT64)
    /// lies outside of it, or is among the exceptions (Teredo in 2001::/23, 6to4 2002::/16).
    private static let globalUnicast = range("2000::/3")
    private static let deniedV6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"].map(range)

    static func isPrivate(_ address: IPAddress) -> Bool { privateRanges.contains { $0.contains(address) } }

    static func isPublic(_ address: IPAddress) -> Bool {
        switch address.family {
        case .v4: return !deniedV4.contains { $0.contains(address) }
        case .v6: return globalUnicast.contains(address) && !deniedV6.contains { $0.contains(address) }
        }
    }

    private static func range(_ text: String) -> CIDR {
        guard let range = CIDR(text) else {
            preconditionFailure("a range of the guard does not parse: \(text)")
        }
        return range
    }

    private static func address(_ text: String) -> IPAddress { range(text).address }
}
