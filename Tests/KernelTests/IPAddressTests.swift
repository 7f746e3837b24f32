import Testing

@testable import Kernel

@Suite struct IPAddressTests {
    @Test func `a mapped address is the IPv4 one`() {
        #expect(IPAddress("::ffff:10.1.2.3") == IPAddress("10.1.2.3"))
        #expect(IPAddress("::ffff:7f00:1")?.isLoopback == true)
        #expect(IPAddress("2001:db8::1")?.description == "2001:db8::1")
    }

    @Test(arguments: [
        "", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "::1%lo", "fe80::1%eth0", "1.2.3.4 ",
    ])
    func `what is not an address is refused`(text: String) {
        #expect(IPAddress(text) == nil)
        // C ends a text at its first NUL.
        #expect(IPAddress("10.0.0.1\u{0}\(text)") == nil)
        #expect(CIDR("10.0.0.0\u{0}\(text)/8") == nil)
    }

    @Test func `a host is its IPv4 address, or its /64`() {
        #expect(IPAddress("203.0.113.7")?.host == CIDR("203.0.113.7/32"))
        #expect(IPAddress("::ffff:203.0.113.7")?.host == CIDR("203.0.113.7"))
        #expect(IPAddress("2001:db8:1:2:3:4:5:6")?.host == CIDR("2001:db8:1:2::/64"))
        #expect(IPAddress("::2")?.host == CIDR("::/64"))
    }

    @Test func `a range contains its own family only`() throws {
        let range = try #require(CIDR("10.1.0.0/16"))
        #expect(range.contains(try #require(IPAddress("10.1.255.1"))))
        #expect(!range.contains(try #require(IPAddress("10.2.0.1"))))
        #expect(range.contains(try #require(IPAddress("::ffff:10.1.0.9"))))
        let v6 = try #require(CIDR("2000::/3"))
        #expect(v6.contains(try #require(IPAddress("3fff::1"))))
        #expect(!v6.contains(try #require(IPAddress("4000::1"))))
        #expect(CIDR("10.1.0.1/16") == nil && CIDR("10.0.0.0/33") == nil && CIDR("10.0.0.0/+8") == nil)
        #expect(CIDR("0.0.0.0/0")?.contains(try #require(IPAddress("255.1.2.3"))) == true)
    }
}
