import Crypto
import Testing

@testable import Exchanges

@Suite struct ExchangeCredentialTests {
    private static let text = "SECRETSECRETSECRET"
    private static let base64 = Base64.encode(Array("a secret of Kraken".utf8))

    private static func pem(_ kind: PrivateKey.Kind) throws -> String {
        try PrivateKey.generate(kind).pkcs8PEM().withBytes { String(decoding: $0, as: UTF8.self) }
    }

    @Test func `the kind comes from reading the secret, and each exchange takes its own`() throws {
        let secrets: [(Exchange.CredentialKind, String)] = try [
            (.hmac, Self.base64), (.ed25519, Self.pem(.ed25519)), (.rsa, Self.pem(.rsa)),
            (.p256, Self.pem(.p256)),
        ]
        for exchange in Exchange.all {
            let passphrase = exchange.hasPassphrase ? "pass phrase" : nil
            for (kind, secret) in secrets {
                let made = Result {
                    try ExchangeCredential(
                        exchange: exchange.name, apiKey: "key", secret: secret, passphrase: passphrase)
                }
                guard exchange.credentialKinds.contains(kind) else {
                    let reason = CredentialError.Reason.kind(found: kind, taken: exchange.credentialKinds)
                    #expect(throws: CredentialError(.secret, reason)) { try made.get() }
                    continue
                }
                #expect(try made.get().kind == kind)
                #expect(try (made.get().publicKeyPEM == nil) == (kind == .hmac))
            }
        }
    }

    @Test func `what is wrong is told with its field`() throws {
        let long = String(repeating: "x", count: 600)
        let cases: [(ExchangeName, String, String, String?, CredentialError)] = [
            (.binance, "", Self.text, nil, .init(.apiKey, .missing)),
            (.binance, "a b", Self.text, nil, .init(.apiKey, .whiteSpace)),
            (.binance, "ab\n", Self.text, nil, .init(.apiKey, .whiteSpace)),
            (.binance, "ab\u{1}", Self.text, nil, .init(.apiKey, .characters)),
            (.binance, "abü", Self.text, nil, .init(.apiKey, .characters)),
            (.binance, long, Self.text, nil, .init(.apiKey, .tooLong(atMost: 256))),
            (.binance, "key", "", nil, .init(.secret, .missing)),
            (.binance, "key", "short", nil, .init(.secret, .tooShort(atLeast: 8))),
            (.binance, "key", long, nil, .init(.secret, .tooLong(atMost: 512))),
            (.binance, "key", " " + Self.text, nil, .init(.secret, .whiteSpace)),
            (.binance, "key", Self.text + "\r\n", nil, .init(.secret, .whiteSpace)),
            (.binance, "key", Self.text + "\0", nil, .init(.secret, .characters)),
            (.binance, "key", Self.text, "pass", .init(.passphrase, .needless)),
            (.okx, "key", Self.text, nil, .init(.passphrase, .missing)),
            (.okx, "key", Self.text, "", .init(.passphrase, .missing)),
            (.okx, "key", Self.text, "pass ", .init(.passphrase, .whiteSpace)),
            (.okx, "key", Self.text, "pa\tss", .init(.passphrase, .whiteSpace)),
            (.okx, "key", Self.text, "päss", .init(.passphrase, .characters)),
            (
                .okx, "key", Self.text, String(repeating: "x", count: 129),
                .init(.passphrase, .tooLong(atMost: 128))
            ),
            (.kraken, "key", "not-base64-at-all", nil, .init(.secret, .notBase64)),
            (.kraken, "key", Self.base64 + "=", nil, .init(.secret, .notBase64)),
            (.kraken, "key", "c2hvcnQ=", nil, .init(.secret, .notBase64)),
            (.coinbase, "key", Self.text, nil, .init(.secret, .kind(found: .hmac, taken: [.p256]))),
            (.coinbase, "key", "my key: -----BEGIN EC PRIVATE KEY-----", nil, .init(.secret, .key(.notPEM))),
            (
                .coinbase, "key",
                "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n-----END ENCRYPTED PRIVATE KEY-----",
                nil, .init(.secret, .key(.encrypted))
            ),
        ]
        for (exchange, apiKey, secret, passphrase, error) in cases {
            #expect(throws: error) {
                try ExchangeCredential(
                    exchange: exchange, apiKey: apiKey, secret: secret, passphrase: passphrase)
            }
            #expect(!error.sentence.contains(Self.text) && !error.sentence.isEmpty)
        }
    }

    @Test func `a PEM whose line feeds are escaped, as in JSON and environment files, is read`() throws {
        let pem = try Self.pem(.p256)
        let escaped = pem.replacing("\n", with: "\\n")
        let plain = try ExchangeCredential(exchange: .coinbase, apiKey: "key", secret: pem)
        let other = try ExchangeCredential(exchange: .coinbase, apiKey: "key", secret: escaped)
        #expect(plain.publicKeyPEM == other.publicKeyPEM)
    }

    @Test func `a credential made of opened secrets is the same`() throws {
        let key = try HMACKey(Array("fingerprints".utf8))
        let texts = try ExchangeCredential(
            exchange: .kucoin, apiKey: "key", secret: Self.text, passphrase: "pass")
        let passphrase: Secret? = try Secret(copying: Array("pass".utf8))
        let opened = try ExchangeCredential(
            exchange: .kucoin, apiKey: "key", secret: Secret(copying: Array(Self.text.utf8)),
            passphrase: passphrase)
        #expect(texts.fingerprint(under: key) == opened.fingerprint(under: key))
        #expect(try texts.signature(for: [1]) == opened.signature(for: [1]))
        #expect(opened.withPassphrase { $0 } == Array("pass".utf8))
    }

    @Test func `fingerprints are equal for the same secret only, and need their key`() throws {
        let (key, other) = (try HMACKey([1, 2, 3]), try HMACKey([1, 2, 4]))
        let pkcs8 = try Self.pem(.p256)
        let made = try [(Self.text, ExchangeName.binance), (Self.text, .bybit), (Self.text + "x", .binance)]
            .map {
                try ExchangeCredential(exchange: $0.1, apiKey: "key", secret: $0.0).fingerprint(under: key)
            }
        #expect(made[0] == made[1] && made[0] != made[2])
        let pair = try ExchangeCredential(exchange: .coinbase, apiKey: "key", secret: pkcs8)
        let again = try ExchangeCredential(exchange: .coinbase, apiKey: "other", secret: "\n\n" + pkcs8)
        #expect(pair.fingerprint(under: key) == again.fingerprint(under: key))
        #expect(pair.fingerprint(under: key) != pair.fingerprint(under: other))
    }

    @Test func `a credential does not describe its parts`() throws {
        let credential = try ExchangeCredential(
            exchange: .okx, apiKey: "key", secret: Self.text, passphrase: "password")
        var text = "\(credential) \(String(reflecting: credential))"
        dump(credential, to: &text)
        #expect(!text.contains(Self.text) && !text.contains("password"))
    }
}
