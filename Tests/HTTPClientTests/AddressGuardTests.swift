import EventLoop
import Kernel
import Testing

@testable import HTTPClient

@Suite struct AddressGuardTests {
    private func refusal(
        _ text: String, port: UInt16 = 443, isPlain: Bool = false, _ allowance: Allowance = .publicOnly,
        own: [SocketAddress] = []
    ) throws -> AddressRefusal? {
        let address = try #require(IPAddress(text))
        return AddressGuard(ownAddresses: own).refusal(
            of: address, port: port, isPlain: isPlain, allowance: allowance)
    }

    @Test(arguments: [
        ("0.0.0.0", "0.255.255.255"), ("10.0.0.0", "10.255.255.255"), ("100.64.0.0", "100.127.255.255"),
        ("127.0.0.0", "127.255.255.255"), ("169.254.0.0", "169.254.255.255"),
        ("172.16.0.0", "172.31.255.255"),
        ("192.0.0.0", "192.0.0.255"), ("192.0.2.0", "192.0.2.255"), ("192.88.99.0", "192.88.99.255"),
        ("192.168.0.0", "192.168.255.255"), ("198.18.0.0", "198.19.255.255"),
        ("198.51.100.0", "198.51.100.255"),
        ("203.0.113.0", "203.0.113.255"), ("224.0.0.0", "239.255.255.255"), ("240.0.0.0", "255.255.255.255"),
        ("168.63.129.16", "168.63.129.16"), ("2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("2001:db8::", "2001:db8:ffff::"), ("2002::", "2002:ffff::"), ("3fff::", "3fff:fff:ffff::"),
        ("::", "1fff:ffff::"), ("4000::", "ffff::"),
    ])
    func `T18: a denied range is denied from its first to its last address`(range: (String, String)) throws {
        #expect(try refusal(range.0) != nil)
        #expect(try refusal(range.1) != nil)
    }

    @Test(arguments: [
        "1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.0.3.0",
        "192.88.98.255",
        "192.88.100.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "198.51.99.255",
        "198.51.101.0", "203.0.112.255", "203.0.114.0", "223.255.255.255", "168.63.129.15", "168.63.129.17",
        "2000::1", "2001:200::", "2001:db7::", "2001:db9::", "2003::", "3ffe::", "3fff:1000::",
        "2606:4700::1111",
    ])
    func `the neighbours of denied ranges are the public internet`(text: String) throws {
        #expect(try refusal(text) == nil)
    }

    @Test(arguments: [
        "::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "2002:7f00:1::1", "2001:0:7f00:1::1", "fe80::1", "fec0::1", "ff02::1",
    ])
    func `T18: an IPv4 address in disguise and link-local forms are denied`(text: String) throws {
        #expect(try refusal(text) != nil)
        if !text.hasPrefix("::ffff") { #expect(try refusal(text, .privateReceivers) == .reservedAddress) }
    }

    @Test func `a mapped public address is its IPv4 self`() throws {
        #expect(try refusal("::ffff:1.1.1.1") == nil)
    }

    @Test(arguments: ["127.0.0.1", "10.1.2.3", "100.64.0.1", "172.20.0.1", "192.168.1.1", "::1", "fd12::1"])
    func `private addresses need the operator's allowance, which brings plain http and every port`(
        text: String
    ) throws {
        #expect(try refusal(text) == .privateAddress)
        #expect(try refusal(text, port: 9_000, isPlain: true, .privateReceivers) == nil)
        #expect(try refusal(text, port: 9_000, Allowance(privateAddresses: true)) == .port)
        #expect(try refusal(text, isPlain: true, Allowance(privateAddresses: true)) == .plainHTTP)
    }

    @Test(arguments: [
        "0.0.0.0", "169.254.1.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "255.255.255.255", "2002::1",
    ])
    func `what is no host's address stays denied for private receivers`(text: String) throws {
        #expect(try refusal(text, .privateReceivers) == .reservedAddress)
    }

    @Test(arguments: [
        "169.254.169.254", "169.254.170.2", "100.100.100.200", "fd00:ec2::254", "168.63.129.16",
    ])
    func `T18: metadata services stay denied whatever the operator allows`(text: String) throws {
        #expect(try refusal(text) == .metadata)
        #expect(try refusal(text, port: 80, isPlain: true, .privateReceivers) == .metadata)
        #expect(try refusal("::ffff:169.254.169.254", .privateReceivers) == .metadata)
    }

    @Test func `plain http and odd ports are for private receivers only`() throws {
        #expect(try refusal("1.1.1.1", port: 80, isPlain: true, .privateReceivers) == .plainHTTP)
        #expect(try refusal("1.1.1.1", port: 9_000, .privateReceivers) == .port)
        #expect(try refusal("1.1.1.1", port: 9_000, Allowance(ports: [9_000])) == nil)
        #expect(try refusal("1.1.1.1", port: 443, Allowance(ports: [9_000])) == .port)
    }

    @Test func `our own address and port are refused, another port of our host is not`() throws {
        let own = try [#require(SocketAddress("127.0.0.1:8720")), #require(SocketAddress("[::]:8721"))]
        #expect(
            try refusal("127.0.0.1", port: 8_720, isPlain: true, .privateReceivers, own: own) == .ownAddress)
        #expect(try refusal("::ffff:127.0.0.1", port: 8_720, .privateReceivers, own: own) == .ownAddress)
        #expect(try refusal("127.0.0.1", port: 8_722, isPlain: true, .privateReceivers, own: own) == nil)
        for loopback in ["127.0.0.1", "127.9.9.9", "::1"] {
            #expect(
                try refusal(loopback, port: 8_721, isPlain: true, .privateReceivers, own: own) == .ownAddress)
        }
    }

    @Test func `behind a wildcard listener a connection from an address to itself is ours`() throws {
        let wildcard = try AddressGuard(ownAddresses: [#require(SocketAddress("0.0.0.0:8720"))])
        let us = IPAddress(v4: 0x0A00_0001)
        #expect(wildcard.isOwn(us, 8_720, connectedFrom: us))
        #expect(!wildcard.isOwn(us, 8_721, connectedFrom: us))
        #expect(!wildcard.isOwn(us, 8_720, connectedFrom: IPAddress(v4: 0x0A00_0002)))
    }

    @Test func `one bad answer refuses a name, and so does none`() throws {
        let good = IPAddress(v4: 0x0101_0101)
        let bad = IPAddress(v4: 0x7F00_0001)
        func refusal(_ answers: [IPAddress]) -> AddressRefusal? {
            AddressGuard().refusal(ofAll: answers, port: 443, isPlain: false, allowance: .publicOnly)
        }
        #expect(refusal([good, good]) == nil)
        #expect(refusal([good, bad]) == .privateAddress)
        #expect(refusal([bad, good]) == .privateAddress)
        #expect(refusal([]) == .noAddress)
    }
}
