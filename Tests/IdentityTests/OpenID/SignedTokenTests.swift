import Crypto
import JSON
import Testing

@testable import Identity

/// Tokens that must not count, each by its name in the lists of known attacks (RFC 8725).
struct SignedTokenTests {
    private let claims: JSONValue = ["sub": "ann"]

    private func verdict(_ token: String, _ keys: KeySet?) -> String {
        do {
            try #require(keys).verify(SignedToken(token))
            return "fine"
        } catch {
            return (error as? TokenRefusal)?.rawValue ?? "\(error)"
        }
    }

    @Test(arguments: TokenAlgorithm.allCases)
    func `a token that one of the keys signed is taken, and a changed one is not`(
        algorithm: TokenAlgorithm
    ) throws {
        let pair = try SigningPair("one", algorithm)
        let keys = try KeySet.of(pair, SigningPair("two", algorithm))
        let token = try pair.token(claims)
        #expect(verdict(token, keys) == "fine")
        let parts = token.split(separator: ".")
        let other = SigningPair.part(["sub": "bob"])
        #expect(verdict("\(parts[0]).\(other).\(parts[2])", keys) == "signature")
        #expect(try verdict(SigningPair("one", algorithm).token(claims), keys) == "signature")
    }

    @Test(arguments: ["none", "None", "NONE", "nOnE", ""])
    func `a token that nobody signed is refused, however its header spells that`(name: String) throws {
        let keys = try KeySet.of(SigningPair("one", .rs256))
        let header = SigningPair.part(["alg": .string(name), "kid": "one"])
        #expect(verdict("\(header).\(SigningPair.part(claims)).", keys) == "algorithm")
        #expect(verdict("\(header).\(SigningPair.part(claims)).AAAA", keys) == "algorithm")
    }

    @Test(arguments: ["HS256", "HS384", "HS512"])
    func `a token that takes the public key for a shared secret is refused`(name: String) throws {
        let pair = try SigningPair("one", .rs256)
        let header = SigningPair.part(["alg": .string(name), "kid": "one"])
        let signed = "\(header).\(SigningPair.part(claims))"
        let code = HMAC.sha256(key: Array(pair.key.publicKey.pem.utf8), signed)
        let token = "\(signed).\(Base64.encode(code, alphabet: .url))"
        #expect(try verdict(token, KeySet.of(pair)) == "algorithm")
    }

    @Test func `an algorithm that is known but not allowed is refused`() throws {
        let pair = try SigningPair("one", .es256)
        let token = try pair.token(claims)
        #expect(throws: TokenRefusal.algorithm) { try SignedToken(token, allowing: [.rs256, .edDSA]) }
    }

    @Test func `a key of another type than the token's algorithm verifies nothing`() throws {
        let (rsa, curve) = (try SigningPair("one", .rs256), try SigningPair("one", .es256))
        let token = try rsa.token(claims)
        #expect(try verdict(token, KeySet.of(curve)) == "other_kind_of_key")
        let disguised = try rsa.token(claims, header: ["alg": "ES256", "kid": "one"])
        #expect(try verdict(disguised, KeySet.of(rsa)) == "other_kind_of_key")
        #expect(try verdict(disguised, KeySet.of(curve)) == "signature")
    }

    @Test func `an ECDSA signature in DER, or of zeros, is none`() throws {
        let pair = try SigningPair("one", .es256)
        let parts = try pair.token(claims).split(separator: ".")
        let signed = "\(parts[0]).\(parts[1])"
        let der = try pair.key.signature(for: Array(signed.utf8), ecdsa: .der)
        for signature in [der, [UInt8](repeating: 0, count: 64), []] {
            let token = "\(signed).\(Base64.encode(signature, alphabet: .url))"
            #expect(try verdict(token, KeySet.of(pair)) == "signature")
        }
    }

    @Test(arguments: ["jku", "x5u", "jwk", "crit"])
    func `a header that brings a key, leads to one or wants to be understood is refused`(name: String) throws
    {
        let (pair, stranger) = (try SigningPair("one", .es256), try SigningPair("two", .es256))
        let values: [String: JSONValue] = [
            "jku": "https://evil.example/keys", "x5u": "https://evil.example/cert",
            "jwk": .object(stranger.jwk), "crit": ["exp"],
        ]
        let header: JSONValue = ["alg": "ES256", "kid": "one"]
        let token = try pair.token(claims, header: header.with(name, values[name]))
        #expect(try verdict(token, KeySet.of(pair)) == "header")
    }

    @Test(arguments: ["at+jwt", "logout+jwt", "JOSE"])
    func `a token of another type, signed by the same key, is no ID token`(type: String) throws {
        let pair = try SigningPair("one", .edDSA)
        let header: JSONValue = ["alg": "EdDSA", "kid": "one", "typ": .string(type)]
        #expect(try verdict(pair.token(claims, header: header), KeySet.of(pair)) == "header")
        let plain = try pair.token(claims, header: header.with("typ", "jwt"))
        #expect(try verdict(plain, KeySet.of(pair)) == "fine")
    }

    @Test func `a token without a key's name counts where only one key can be meant`() throws {
        let (one, two) = (try SigningPair("one", .es256), try SigningPair("two", .es256))
        let token = try one.token(claims, header: ["alg": "ES256"])
        #expect(try verdict(token, KeySet.of(one, SigningPair("three", .edDSA))) == "fine")
        #expect(try verdict(token, KeySet.of(one, two)) == "unknown_key")
        #expect(try verdict(token, KeySet.of()) == "unknown_key")
    }

    @Test(arguments: [
        "", ".", "..", "a.b", "a.b.c.d", "e30.e30.", "!.e30.AAAA", "e30=.e30.AAAA", "W10.e30.AAAA",
    ])
    func `what is no token in the compact form is refused`(text: String) {
        #expect(throws: TokenRefusal.malformed) { try SignedToken(text) }
    }

    @Test func `neither white space nor padding nor a second spelling of the same bytes is taken`() throws {
        let pair = try SigningPair("one", .edDSA)
        let token = try pair.token(claims)
        let keys = try KeySet.of(pair)
        // The last letter of 64 bytes carries two bits that must be zero: four letters would say the same.
        let last = try #require(token.last)
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        let twin = alphabet[try #require(alphabet.firstIndex(of: last)) + 1]
        for text in [" \(token)", "\(token)\n", "\(token)=", "\(token.dropLast())\(twin)"] {
            #expect(verdict(text, keys) == "malformed", "\(text.debugDescription)")
        }
    }

    @Test func `a member that stands twice makes a token unreadable`() throws {
        let header = Base64.encode(Array(#"{"alg":"none","alg":"RS256"}"#.utf8), alphabet: .url)
        #expect(throws: TokenRefusal.malformed) { try SignedToken("\(header).e30.AAAA") }
    }

    @Test func `a token that is longer than any is not looked at`() throws {
        let pair = try SigningPair("one", .edDSA)
        let long = String(repeating: "x", count: SignedToken.bytesAtMost)
        let token = try pair.token(["sub": .string(long)])
        #expect(throws: TokenRefusal.tooLong) { try SignedToken(token) }
    }
}
