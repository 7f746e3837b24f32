import EventLoop
import HTTPServer
import Kernel
import TestSupport
import Testing

@testable import Identity

struct PublicOriginTests {
    @Test(arguments: [
        ("https://keybell.desk.example", "https://keybell.desk.example"),
        ("https://Keybell.Desk.Example:443", "https://keybell.desk.example"),
        ("https://keybell:8443", "https://keybell:8443"), ("https://[2001:db8::1]", "https://[2001:db8::1]"),
        ("http://localhost", "http://localhost"), ("http://localhost:8720", "http://localhost:8720"),
        ("HTTP://LOCALHOST:80", "http://localhost"),
    ])
    func `an origin is what a browser writes`(typed: String, text: String) {
        #expect(PublicOrigin(typed)?.text == text)
    }

    @Test(arguments: [
        "", "localhost", "https://", "http://127.0.0.1:8720", "http://desk.example", "https://a/",
        "https://a/b",
        "https://u@a", "https://a b", "https://a:0", "https://a:65536", "https://a:08", "https://a:",
        "ftp://a",
        "https://a?b", "https://a#b", "http://localhost.evil", "http://localhost:1/x", "https://-a",
        "https://a..b",
        "https://[::1", "https://[a]", "https://a\u{0}", "https://ä.example",
    ])
    func `anything else is none`(typed: String) {
        #expect(PublicOrigin(typed) == nil)
    }

    private static let here = SocketAddress.ip(IPAddress(v4: 0x7F00_0001), port: 40_000)
    private static let proxy = SocketAddress.ip(IPAddress(v4: 0x0A00_0001), port: 40_000)
    private static let far = SocketAddress.ip(IPAddress(v4: 0xCB00_7107), port: 40_000)

    private func refusal(
        _ origin: String?, from peer: SocketAddress, _ headers: [(name: String, value: String)] = []
    ) throws -> String? {
        let door = FrontDoor(
            origin: origin.flatMap { PublicOrigin($0) }, trustedProxies: [try #require(CIDR("10.0.0.0/8"))])
        let request = try testRequest("POST", "/v1/sessions", headers: headers, at: peer)
        do throws(Problem) {
            try door.check(request)
            return nil
        } catch {
            return error.detail
        }
    }

    @Test func `passwords come over TLS, from this machine, or through a proxy that says so`() throws {
        let secure = "https://keybell.desk.example"
        let said = [(name: "x-forwarded-proto", value: "https")]
        #expect(try refusal(secure, from: Self.here) == nil)
        #expect(try refusal(secure, from: Self.proxy, said) == nil)
        #expect(try refusal(secure, from: Self.proxy)?.contains("plain HTTP") == true)
        #expect(try refusal(secure, from: Self.far, said)?.contains("plain HTTP") == true)
        #expect(try refusal("http://localhost", from: Self.proxy) == nil)
        #expect(try refusal("http://localhost", from: Self.far)?.contains("plain HTTP") == true)
        let forwarded = [(name: "x-forwarded-for", value: "127.0.0.1")]
        #expect(try refusal("http://localhost", from: Self.here, forwarded)?.contains("plain HTTP") == true)
        #expect(try refusal(nil, from: Self.here)?.contains("KEYBELL_PUBLIC_ORIGIN") == true)
    }

    @Test func `a page of another origin logs nobody in`() throws {
        let own = "http://localhost:8720"
        for (name, value) in [
            ("origin", "https://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site"),
        ] {
            #expect(try refusal(own, from: Self.here, [(name: name, value: value)])?.contains("page") == true)
        }
        let ours = [(name: "origin", value: own), (name: "sec-fetch-site", value: "same-origin")]
        #expect(try refusal(own, from: Self.here, ours) == nil)
    }
}

struct DeviceNameTests {
    @Test(arguments: [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox on Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/126.0 Safari/537.36 Edg/126.0",
            "Edge on Windows"
        ),
        ("curl/7.88.1", "curl"), ("robot", "unknown"),
    ])
    func `a session is called by browser and system`(agent: String, name: String) {
        #expect(DeviceName.of(agent) == name)
    }
}
