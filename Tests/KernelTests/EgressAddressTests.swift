import Testing

@testable import Kernel

@Suite struct EgressAddressTests {
    @Test(arguments: [
        ("203.0.113.7", "203.0.113.7=203.0.113.7"), ("tokyo=10.0.0.5", "tokyo=10.0.0.5"),
        ("tokyo=10.0.0.5@203.0.113.7", "tokyo=10.0.0.5@203.0.113.7"),
        ("10.0.0.5@203.0.113.7", "10.0.0.5=10.0.0.5@203.0.113.7"),
        ("2001:db8::7", "2001:db8::7=2001:db8::7"), ("v6=fd00::1@2001:db8::7", "v6=fd00::1@2001:db8::7"),
        ("same=10.0.0.5@10.0.0.5", "same=10.0.0.5"),
    ])
    func `an address is read, and written so that it is read again`(_ text: String, _ written: String) {
        let address = EgressAddress(text)
        #expect(address?.description == written)
        #expect(EgressAddress(written) == address)
    }

    @Test(arguments: [
        "", "=", "@", "tokyo", "tokyo=", "=10.0.0.5", "Tokyo=10.0.0.5", "to kyo=10.0.0.5", "a=b=10.0.0.5",
        "a=10.0.0.5@", "a=@10.0.0.5", "a=10.0.0.5@1.2.3.4@5.6.7.8", "a=10.0.0.0/8", "a=example.com",
        "a=10.0.0.5,b=10.0.0.6", "\(String(repeating: "a", count: 46))=10.0.0.5", "é=10.0.0.5",
    ])
    func `what is none is refused`(_ text: String) { #expect(EgressAddress(text) == nil) }

    @Test func `a key without a name has the first, and another's name is missed`() {
        let all = EgressAddresses(["a=10.0.0.5", "b=10.0.0.6"].compactMap { EgressAddress($0) })
        #expect(all.choose(nil).name == "a" && all.choose("b").source == IPAddress("10.0.0.6"))
        #expect(all.choose("c") == .missing && all.choose("c").source == nil)
        #expect(EgressAddresses.none.choose(nil) == .system)
        #expect(EgressAddresses.none.choose("a") == .missing)
    }
}
