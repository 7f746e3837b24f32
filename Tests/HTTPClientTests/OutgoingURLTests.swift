import EventLoop
import Kernel
import Testing

@testable import HTTPClient

@Suite struct OutgoingURLTests {
    private func refusal(_ text: String, _ allowance: Allowance = .publicOnly) -> URLRefusal? {
        do {
            _ = try OutgoingURL(text, allowance: allowance)
            return nil
        } catch { return error }
    }

    @Test func `this service's own place is refused, and its neighbours are not`() {
        var allowance = Allowance.privateReceivers
        allowance.ownPlaces = ["keybell.desk.example:443"]
        #expect(refusal("https://Keybell.desk.example./v1/events", allowance) == .hostRefused)
        #expect(refusal("https://keybell.desk.example:8443/", allowance) == nil)
        #expect(refusal("https://desk.example/", allowance) == nil)
    }

    @Test func `where this service listens is refused by every name of it, and its neighbours are not`() {
        var allowance = Allowance.privateReceivers
        allowance.ownAddresses = [.ip(IPAddress(v4: 0x7F00_0001), port: 8720)]
        for host in ["127.0.0.1", "localhost", "LOCALHOST.", "keybell.localhost", "[::ffff:127.0.0.1]"] {
            #expect(refusal("http://\(host):8720/v1/events", allowance) == .hostRefused, "\(host)")
            if host.contains("localhost") { #expect(refusal("http://\(host):8721/", allowance) == nil) }
        }
        #expect(refusal("http://127.0.0.1:8721/", allowance) == nil)
        #expect(refusal("http://10.0.0.1:8720/", allowance) == nil)
        allowance.ownAddresses = [.ip(IPAddress(v4: 0), port: 8720)]
        for host in ["127.0.0.1", "127.8.8.8", "localhost", "[::1]"] {
            #expect(refusal("http://\(host):8720/", allowance) == .hostRefused, "\(host)")
        }
    }

    @Test(arguments: MustRefuse.hosts)
    func `a host that must be refused is refused, by https and by http, with and without a port`(host: String)
    {
        for text in ["https://\(host)/", "https://\(host):8443/x?y", "http://\(host)/", "https://\(host)."] {
            #expect(refusal(text) != nil, "\(text)")
        }
    }

    @Test(arguments: [
        "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "0", "0x7f000001", "1.2.3.4.5", "127.0.0.1.",
    ])
    func `what only a lenient reader takes for an address is refused even for private receivers`(host: String)
    {
        let refused = refusal("http://\(host)/", .privateReceivers)
        #expect(host == "127.0.0.1." ? refused == nil : refused == .hostAmbiguous)
    }

    @Test(arguments: [
        ("https://example.com", "https://example.com/"),
        ("HTTPS://Example.COM./hook?a=b", "https://example.com/hook?a=b"),
        ("https://example.com:443/", "https://example.com/"),
        ("https://example.com:8443", "https://example.com:8443/"),
        ("https://example.com?q=1", "https://example.com/?q=1"),
        ("https://example.com/a/../b/./%2e%2e/?", "https://example.com/a/../b/./%2e%2e/?"),
        ("https://xn--bcher-kva.example/", "https://xn--bcher-kva.example/"),
        ("https://1.1.1.1/", "https://1.1.1.1/"),
        ("https://[2606:4700:0:0::1111]/", "https://[2606:4700::1111]/"),
        ("https://[::ffff:1.1.1.1]/", "https://1.1.1.1/"),
        ("https://a_b.example/x@y:z", "https://a_b.example/x@y:z"),
    ])
    func `a good URL is read into one canonical form`(pair: (String, String)) throws {
        let url = try OutgoingURL(pair.0, allowance: .publicOnly)
        #expect(url.text == pair.1)
        #expect(try OutgoingURL(url.text, allowance: .publicOnly) == url)
    }

    @Test(
        arguments: [
            ("", .notHTTPS), ("example.com", .notHTTPS), ("ftp://example.com", .notHTTPS),
            ("unix:/run/x", .notHTTPS),
            ("http://example.com", .notHTTPS), ("http+unix://x", .notHTTPS),
            ("https:/example.com", .notHTTPS),
            ("file:///etc/passwd", .notHTTPS), ("https:example.com", .notHTTPS), ("//example.com", .notHTTPS),
            ("https://", .hostMissing), ("https:///path", .hostMissing), ("https://.", .hostMissing),
            ("https://:443/", .hostMissing), ("https://?x", .hostMissing),
            ("https://user@example.com", .hasCredentials),
            ("https://user:pass@example.com", .hasCredentials), ("https://@example.com", .hasCredentials),
            ("https://127.0.0.1@example.com", .hasCredentials), ("https://example.com/#x", .hasFragment),
            ("https://example.com#@127.0.0.1", .hasFragment), ("https://example.com/a b", .badCharacter),
            ("https://example.com/\r\nX: y", .badCharacter), ("https://example.com/\0", .badCharacter),
            ("https://example.com\\@127.0.0.1/", .badCharacter), ("https://bücher.example/", .badCharacter),
            ("https://example。com/", .badCharacter), ("https://example.com/\u{7F}", .badCharacter),
            (" https://example.com/", .badCharacter), ("https://exa%6dple.com/", .hostInvalid),
            ("https://example..com/", .hostInvalid), ("https://-a.example/", .hostInvalid),
            ("https://a-.example/", .hostInvalid), ("https://[1.2.3.4]/", .hostInvalid),
            ("https://[::1", .hostInvalid),
            ("https://[::1]x/", .hostInvalid), ("https://[v1.x]/", .hostInvalid),
            ("https://[]/", .hostInvalid),
            ("https://a,b/", .hostInvalid), ("https://*.example/", .hostInvalid),
            ("https://[fe80::1%25lo]/", .hostHasZone),
            ("https://[fe80::1%lo]/", .hostHasZone), ("https://localhost/", .hostRefused),
            ("https://x.LOCALHOST./", .hostRefused), ("https://example.com:/", .portInvalid),
            ("https://example.com:0/", .portInvalid), ("https://example.com:65536/", .portInvalid),
            ("https://example.com:+443/", .portInvalid), ("https://example.com:0443/", .portInvalid),
            ("https://example.com:443:443/", .portInvalid), ("https://example.com:22/", .portRefused),
            ("https://example.com/%", .pathInvalid), ("https://example.com/?%zz", .pathInvalid),
            ("https://300.1.1.1/", .hostAmbiguous), ("https://1.2.3/", .hostAmbiguous),
            ("https://example.0x1/", .hostAmbiguous), ("https://a.1/", .hostAmbiguous),
        ] as [(String, URLRefusal)])
    func `a bad URL is refused for what is wrong with it`(pair: (String, URLRefusal)) {
        #expect(refusal(pair.0) == pair.1, "\(pair.0)")
    }

    @Test func `length is limited, of the whole and of labels and names`() {
        let path = String(repeating: "a", count: OutgoingURL.maximumBytes - "https://a.example/".count)
        #expect(refusal("https://a.example/\(path)") == nil)
        #expect(refusal("https://a.example/\(path)a") == .tooLong)
        let label = String(repeating: "a", count: 63)
        #expect(refusal("https://\(label).example/") == nil)
        #expect(refusal("https://a\(label).example/") == .hostInvalid)
        #expect(refusal("https://\(label).\(label).\(label).\(label).example/") == .hostInvalid)
    }

    @Test func `the operator's allowance admits private receivers, plain http and any port`() {
        for text in [
            "http://localhost:9000/x", "http://127.0.0.1:9000", "http://[::1]:9000", "https://10.0.0.1:1",
        ] {
            #expect(refusal(text, .privateReceivers) == nil, "\(text)")
        }
        #expect(refusal("http://169.254.169.254/", .privateReceivers) == .hostRefused)
        #expect(refusal("http://1.1.1.1/", .privateReceivers) == .notHTTPS)
        #expect(refusal("https://1.1.1.1:9000/", .privateReceivers) == .portRefused)
    }

    @Test func `every refusal has a code of its own and a sentence`() {
        #expect(Set(URLRefusal.allCases.map(\.rawValue)).count == URLRefusal.allCases.count)
        #expect(
            URLRefusal.allCases.allSatisfy { $0.rawValue.hasPrefix("url_") && $0.sentence.hasSuffix(".") })
    }

    @Test func `a seeded walk of broken URLs finds none whose canonical form reads differently`() throws {
        let random = SeededGenerator(seed: 7)
        let pieces = [
            "https://", "http://", "example.com", "127.0.0.1", "[::1]", "@", ":", "/", "?", "#", "%", "%41",
            "\\", " ",
            "443", "0", ".", "..", "0x7f", "localhost", "\u{0}", "é", "a", "-", "[", "]", ",", ";", "8443",
            "1.1.1.1",
        ]
        var accepted = 0
        for _ in 0..<20_000 {
            let count = Int(random.next() % 6)
            let text =
                "https://"
                + (0..<count).map { _ in pieces[Int(random.next() % UInt64(pieces.count))] }.joined()
            guard let url = try? OutgoingURL(text, allowance: .privateReceivers) else { continue }
            accepted += 1
            #expect(try OutgoingURL(url.text, allowance: .privateReceivers) == url, "\(text)")
            #expect(!url.hostText.contains("@") && !url.hostText.contains("%"), "\(text)")
        }
        #expect(accepted > 100)
    }
}
