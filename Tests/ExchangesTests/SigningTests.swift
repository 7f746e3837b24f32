import Crypto
import JSON
import Kernel
import Testing

@testable import Exchanges

/// T17, as far as signing goes.
@Suite struct SigningTests {
    @Test func `T17: requests are those of an independent implementation, byte for byte`() throws {
        let vectors = try SigningVector.all().filter { $0.exchange != .coinbase }
        #expect(vectors.count == 18)
        for vector in vectors {
            let signed = try signed(vector)
            #expect(signed.url == vector.url, "\(vector)")
            #expect(signed.body.map { String(decoding: $0, as: UTF8.self) } == vector.body, "\(vector)")
            #expect(Set(signed.headers.map { "\($0.name): \($0.value)" }) == vector.headers, "\(vector)")
        }
    }

    @Test func `T17: Coinbase's token makes the same claims and verifies`() throws {
        let vector = try #require(try SigningVector.all().first { $0.name.contains("ES256") })
        let signed = try signed(vector)
        #expect(signed.url == vector.url)
        let theirs = try claims(vector.headers.first { $0.hasPrefix("Authorization") } ?? "")
        let ours = try claims(signed.headers[0].value)
        for name in ["sub", "nbf", "exp", "uri"] { #expect(ours.claims[name] == theirs.claims[name]) }
        #expect(ours.claims["iss"] == .string("cdp"))
        for name in ["alg", "typ", "kid"] { #expect(ours.header[name] == theirs.header[name]) }
        #expect(ours.header["nonce"]?.asString?.count == 32)
        let key = try PublicKey(pem: #require(try vector.credential().publicKeyPEM))
        for token in [ours, theirs] {
            #expect(key.isValid(token.signature, for: token.signed, ecdsa: .raw))
        }
    }

    @Test func `Coinbase does not get an Ed25519 key`() throws {
        let vector = try #require(try SigningVector.all().first { $0.name.contains("EdDSA") })
        #expect(throws: CredentialError(.secret, .kind(found: .hmac, taken: [.p256]))) {
            try vector.credential()
        }
    }

    /// https://developers.binance.com/docs/binance-spot-api-docs/rest-api/request-security, HMAC example.
    @Test func `Binance's published signature comes out`() throws {
        let credential = try ExchangeCredential(
            exchange: .binance, apiKey: "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A",
            secret: "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j")
        let text =
            "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000"
            + "&timestamp=1499827319559"
        #expect(
            Hex.encode(try credential.signature(for: Array(text.utf8)))
                == "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71")
    }

    @Test func `a stand-in changes the host and nothing else`() throws {
        for vector in try SigningVector.all().filter({ $0.exchange != .coinbase }) {
            let there = try signed(vector)
            let here = try signed(vector, standIn: "http://127.0.0.1:8999")
            #expect(here.url.hasPrefix("http://127.0.0.1:8999/"))
            #expect((here.headers, here.body) == (there.headers, there.body))
        }
    }

    @Test func `Coinbase's token names the stand-in, since it covers the host`() throws {
        let vector = try #require(try SigningVector.all().first { $0.name.contains("ES256") })
        let here = try signed(vector, standIn: "http://127.0.0.1:8999")
        let token = try claims(here.headers[0].value)
        #expect(token.claims["uri"] == .string("GET 127.0.0.1:8999/api/v3/brokerage/accounts"))
    }

    @Test func `a stand-in is scheme and authority only`() throws {
        let host = try #require(Binance().host("spot", in: .live))
        for wrong in [
            "", "127.0.0.1", "ftp://x", "http://", "http://x/", "http://x?y", "http://a b", "http://u@x",
        ] {
            #expect(host.standing(at: wrong) == nil)
        }
        #expect(host.standing(at: "http://[::1]:80")?.base == "http://[::1]:80")
    }

    @Test func `a demonstration account is marked by us, also at a stand-in`() throws {
        let credential = try ExchangeCredential(
            exchange: .okx, apiKey: "AKEY", secret: "SECRETSECRET", passphrase: "PASS")
        let draft = OKX().probe(in: .demo)
        for (environment, count) in [(Environment.live, 0), (.demo, 1)] {
            let host = try #require(OKX().host("main", in: environment)?.standing(at: "http://127.0.0.1:1"))
            let signed = try OKX().sign(draft, with: credential, at: moment, to: host)
            #expect(signed.headers.count { $0 == .init("x-simulated-trading", "1") } == count)
        }
    }

    @Test func `spaces and signs are percent-encoded before they are signed`() throws {
        let credential = try ExchangeCredential(exchange: .binance, apiKey: "AKEY", secret: "SECRETSECRET")
        let host = try #require(Binance().host("spot", in: .live))
        let draft = try RequestDraft(.get, host: "spot", path: "/api/v3/x", query: [.init("a b", "1+2&ü~")])
        let signed = try Binance().sign(draft, with: credential, at: moment, to: host)
        let text = "timestamp=1700000000123&a%20b=1%2B2%26%C3%BC~&recvWindow=5000"
        let code = Hex.encode(HMAC.sha256(key: Array("SECRETSECRET".utf8), text))
        #expect(signed.url == "https://api.binance.com/api/v3/x?\(text)&signature=\(code)")
    }

    @Test func `Binance signs query and form one behind the other`() throws {
        let credential = try ExchangeCredential(exchange: .binance, apiKey: "AKEY", secret: "SECRETSECRET")
        let host = try #require(Binance().host("spot", in: .live))
        let draft = try RequestDraft(
            .post, host: "spot", path: "/p", query: [.init("a", "1")], body: .form([.init("b", "2")]))
        let signed = try Binance().sign(draft, with: credential, at: moment, to: host)
        let form = "timestamp=1700000000123&b=2&recvWindow=5000"
        let code = Hex.encode(HMAC.sha256(key: Array("SECRETSECRET".utf8), "a=1" + form))
        #expect(signed.url == "https://api.binance.com/p?a=1")
        #expect(signed.body == Array("\(form)&signature=\(code)".utf8))
    }

    @Test func `fields that the signature sets are not taken from a draft`() throws {
        let host = ExchangeHost("example.org")
        for (exchange, name) in [ExchangeName.binance, .mexc].flatMap({ exchange in
            ["timestamp", "recvWindow", "signature"].map { (exchange, $0) }
        }) {
            let draft = try RequestDraft(.get, host: "spot", path: "/p", query: [.init(name, "1")])
            let credential = try anyCredential(exchange)
            #expect(throws: SigningError.reservedField(name)) {
                try exchange.adapter.sign(draft, with: credential, at: moment, to: host)
            }
        }
        let kraken = try ExchangeCredential(exchange: .kraken, apiKey: "A", secret: "U0VDUkVUU0VDUkVU")
        let draft = try RequestDraft(.post, host: "spot", path: "/p", body: .form([.init("nonce", "1")]))
        let batch = try RequestDraft(
            .post, host: "spot", path: "/p", body: .json(Array(#"{"\u006eonce":"1"}"#.utf8)))
        for draft in [draft, batch] {
            #expect(throws: SigningError.reservedField("nonce")) {
                try Kraken().sign(draft, with: kraken, at: moment, to: host)
            }
        }
    }

    @Test func `a part that the exchange would not read is refused, since it would go unsigned`() throws {
        let host = ExchangeHost("example.org")
        let json = RequestDraft.Body.json(Array("{}".utf8))
        let field = RequestDraft.Field("a", "1")
        let cases: [(ExchangeName, RequestDraft, Exchange.RequestPart)] = [
            (.binance, try RequestDraft(.post, host: "spot", path: "/p", body: json), .body),
            (.bybit, try RequestDraft(.get, host: "main", path: "/p", body: json), .body),
            (.bybit, try RequestDraft(.post, host: "main", path: "/p", query: [field], body: json), .query),
            (.bybit, try RequestDraft(.post, host: "main", path: "/p", body: .form([field])), .body),
            (.okx, try RequestDraft(.post, host: "main", path: "/p", body: .form([field])), .body),
            (.kucoin, try RequestDraft(.post, host: "spot", path: "/p", body: .form([field])), .body),
            (.coinbase, try RequestDraft(.post, host: "main", path: "/p", body: .form([field])), .body),
            (.kraken, try RequestDraft(.get, host: "spot", path: "/p"), .method),
            (.kraken, try RequestDraft(.post, host: "spot", path: "/p", query: [field]), .query),
            (
                .kraken, try RequestDraft(.post, host: "spot", path: "/p", body: .json(Array("[]".utf8))),
                .body
            ),
            (.gate, try RequestDraft(.post, host: "main", path: "/p", body: .form([field])), .body),
            (.bitget, try RequestDraft(.post, host: "main", path: "/p", body: .form([field])), .body),
            (.mexc, try RequestDraft(.post, host: "spot", path: "/p", body: .form([field])), .body),
            (.mexc, try RequestDraft(.post, host: "spot", path: "/p", body: json), .body),
            (.mexc, try RequestDraft(.get, host: "futures", path: "/p", body: json), .body),
            (
                .mexc, try RequestDraft(.post, host: "futures", path: "/p", query: [field], body: json),
                .query
            ),
        ]
        for (name, draft, part) in cases {
            let adapter = name.adapter
            let credential = try anyCredential(name)
            #expect(throws: SigningError.unsupportedPart(part)) {
                try adapter.sign(draft, with: credential, at: moment, to: host)
            }
        }
    }

    @Test func `no exchange signs with another's credential`() throws {
        for name in ExchangeName.allCases {
            let adapter = name.adapter
            let other = try anyCredential(name == .bybit ? .binance : .bybit)
            #expect(throws: SigningError.wrongCredential) {
                try adapter.sign(adapter.probe(in: .live), with: other, at: moment, to: .init("x"))
            }
        }
    }

    // MARK: - Inside

    private let moment = SigningMoment(at: Timestamp(milliseconds: 1_700_000_000_123), nonce: 1)

    private func signed(_ vector: SigningVector, standIn: String? = nil) throws -> SignedRequest {
        let adapter = vector.exchange.adapter
        let (alias, host) = try #require(
            Exchange.of(vector.exchange).aliases.lazy.compactMap { alias in
                adapter.host(alias, in: .live).map { (alias, $0) }
            }.first { vector.url.hasPrefix($0.1.base + "/") })
        let target = try standIn.map { try #require(host.standing(at: $0)) } ?? host
        return try adapter.sign(
            vector.draft(alias: alias, base: host.base), with: vector.credential(), at: vector.moment,
            to: target)
    }

    private struct Token {
        let header: JSONValue
        let claims: JSONValue
        let signed: [UInt8]
        let signature: [UInt8]
    }

    private func claims(_ authorization: String) throws -> Token {
        let token = try #require(authorization.split(separator: " ").last)
        let parts = token.split(separator: ".").map { Base64.decode(String($0), alphabet: .url) ?? [] }
        try #require(parts.count == 3)
        let signed = token.split(separator: ".").prefix(2).joined(separator: ".")
        return Token(
            header: try JSONValue.parse(parts[0]), claims: try JSONValue.parse(parts[1]),
            signed: Array(signed.utf8), signature: parts[2])
    }
}

/// A credential that the exchange would take.
func anyCredential(_ name: ExchangeName) throws -> ExchangeCredential {
    let exchange = Exchange.of(name)
    let secret: String
    if exchange.credentialKinds.contains(.hmac) {
        secret = name == .kraken ? Base64.encode(Array("SECRETSECRET".utf8)) : "SECRETSECRET"
    } else {
        secret = try PrivateKey.generate(.p256).pkcs8PEM().withBytes { String(decoding: $0, as: UTF8.self) }
    }
    return try ExchangeCredential(
        exchange: name, apiKey: "AKEY", secret: secret, passphrase: exchange.hasPassphrase ? "PASS" : nil)
}
