/// The matrix of hosts that a webhook must never reach, as they stand in URLs.
enum MustRefuse {
    static let hosts = [
        "127.0.0.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "localhost", "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::1]", "[fd00:ec2::254]", "[fe80::1%lo]",
        "169.254.169.254", "100.100.100.200", "0",
    ]

    /// What a hostile name server can answer of it: addresses.
    static let answers = [
        "127.0.0.1", "::1", "::ffff:127.0.0.1", "::ffff:7f00:1", "64:ff9b::7f00:1", "2002:7f00:1::1",
        "fd00:ec2::254",
        "fe80::1", "169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "0.0.0.0",
        "10.0.0.1",
        "192.168.0.1", "172.16.0.1", "::",
    ]
}
