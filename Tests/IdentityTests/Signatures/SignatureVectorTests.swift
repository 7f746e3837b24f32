import Crypto
import Testing

@testable import Identity

/// The examples of RFC 9421 and RFC 9530, as they print them.
@Suite struct SignatureVectorTests {
    /// The test request of appendix B.2.
    private static let request = SignedMessage(
        method: "POST", host: "example.com", path: "/foo", query: "param=Value&Pet=dog",
        fields: [
            ("host", "example.com"), ("date", "Tue, 20 Apr 2021 02:07:55 GMT"),
            ("content-type", "application/json"), ("content-digest", digest), ("content-length", "18"),
        ])
    private static let digest = """
        sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:
        """

    private static func covered(_ input: String) throws -> StructuredList {
        guard case .list(let list)? = try StructuredReader.dictionary("sig=\(input)".utf8).first?.value else {
            throw SignatureFault(.malformed, "no list")
        }
        return list
    }

    private static func base(_ message: SignedMessage, _ input: String) throws -> String {
        String(decoding: try SignatureBase.bytes(of: message, covered(input)), as: UTF8.self)
    }

    /// The line of one component.
    private static func line(_ name: String, of message: SignedMessage) throws -> Substring {
        try base(message, "(\"\(name)\")").split(separator: "\n", omittingEmptySubsequences: false)[0]
    }

    @Test func `section 2.5: the base is that of the example`() throws {
        let input =
            #"("@method" "@authority" "@path" "content-digest" "content-length" "content-type")"#
            + #";created=1618884473;keyid="test-key-rsa-pss""#
        #expect(
            try Self.base(Self.request, input) == """
                "@method": POST
                "@authority": example.com
                "@path": /foo
                "content-digest": \(Self.digest)
                "content-length": 18
                "content-type": application/json
                "@signature-params": ("@method" "@authority" "@path" "content-digest" "content-length" \
                "content-type");created=1618884473;keyid="test-key-rsa-pss"
                """)
    }

    /// The fold that the section also shows is refused by our parser of heads.
    @Test(arguments: [
        ("host", "www.example.com"), ("date", "Tue, 20 Apr 2021 02:07:56 GMT"),
        ("x-ows-header", "Leading and trailing whitespace."),
        ("cache-control", "max-age=60, must-revalidate"), ("x-empty-header", ""),
        ("example-dict", "a=1,    b=2;x=1;y=2,   c=(a   b   c)"),
    ])
    func `section 2.1: fields are joined, and kept as they are`(name: String, value: String) throws {
        let message = SignedMessage(
            method: "GET", host: "www.example.com", path: "/",
            fields: [
                ("host", "www.example.com"), ("date", "Tue, 20 Apr 2021 02:07:56 GMT"),
                ("x-ows-header", "Leading and trailing whitespace."), ("cache-control", "max-age=60"),
                ("cache-control", "must-revalidate"), ("x-empty-header", ""),
                ("example-dict", "a=1,    b=2;x=1;y=2,   c=(a   b   c)"),
            ])
        #expect(try Self.line(name, of: message) == "\"\(name)\": \(value)")
    }

    @Test(arguments: [
        ("@method", "POST"), ("@target-uri", "https://www.example.com/path?param=value"),
        ("@authority", "www.example.com"), ("@scheme", "https"), ("@request-target", "/path?param=value"),
        ("@path", "/path"), ("@query", "?param=value"),
    ])
    func `section 2.2: derived components are those of the examples`(name: String, value: String) throws {
        let message = SignedMessage(
            method: "POST", host: "www.example.com", path: "/path", query: "param=value", fields: [])
        #expect(try Self.line(name, of: message) == "\"\(name)\": \(value)")
    }

    @Test(arguments: [
        ("param=value&foo=bar&baz=bat%2Dman", "?param=value&foo=bar&baz=bat%2Dman"),
        ("queryString", "?queryString"), ("", "?"), (nil, "?"),
    ])
    func `section 2.2.7: a query is as it was sent, and a question mark without one`(
        query: String?, value: String
    ) throws {
        let message = SignedMessage(method: "GET", host: "a", path: "/path", query: query, fields: [])
        #expect(try Self.line("@query", of: message) == "\"@query\": \(value)")
    }

    @Test(arguments: [
        ("WWW.Example.COM", "https", "www.example.com"), ("www.example.com:443", "https", "www.example.com"),
        ("www.example.com:80", "http", "www.example.com"),
        ("www.example.com:80", "https", "www.example.com:80"),
        ("[2001:DB8::1]:8720", "http", "[2001:db8::1]:8720"),
    ])
    func `section 2.2.3: an authority is lower-case, without its scheme's own port`(
        host: String, scheme: String, value: String
    ) throws {
        let message = SignedMessage(method: "GET", scheme: scheme, host: host, path: "/", fields: [])
        #expect(try Self.line("@authority", of: message) == "\"@authority\": \(value)")
    }

    @Test func `appendix B.2.6: the Ed25519 signature verifies, and over nothing else`() throws {
        let key = try Ed25519.PublicKey(
            pem: """
                -----BEGIN PUBLIC KEY-----
                MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=
                -----END PUBLIC KEY-----
                """)
        let signature = try #require(
            Base64.decode(
                "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="))
        let input =
            #"("date" "@method" "@path" "@authority" "content-type" "content-length")"#
            + #";created=1618884473;keyid="test-key-ed25519""#
        let base = try SignatureBase.bytes(of: Self.request, Self.covered(input))
        #expect(key.isValid(signature, for: base))
        for index in base.indices {
            var other = base
            other[index] ^= 1
            #expect(!key.isValid(signature, for: other))
        }
    }

    @Test(arguments: [
        digest, "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:",
        "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:, \(digest)",
        "md5=:AAAA:, sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:",
    ])
    func `RFC 9530: digests of the examples hold, and of nothing else`(text: String) throws {
        let digest = try ContentDigest(text)
        try digest.check(Array(#"{"hello": "world"}"#.utf8))
        for other in [#"{"hello": "world"} "#, #"{"hello": "World"}"#, ""] {
            #expect(throws: SignatureFault.self) { try digest.check(Array(other.utf8)) }
        }
    }

    @Test(arguments: [
        "", "md5=:AAAA:", "sha-256", "sha-256=1", "sha-256=:AAAA:", "sha-256=(:AAAA:)", "sha-256=::",
        "SHA-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:",
        "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:, sha-512=:AAAA:",
        "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:;a",
        "sha-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=",
    ])
    func `a digest that says nothing, or says it wrongly, is refused`(text: String) {
        #expect(throws: SignatureFault.self) { try ContentDigest(text) }
    }
}
