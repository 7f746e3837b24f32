// The recipes in words, in the order of `ExchangeName`. Sources: the documents that each names.

extension Binance {
    static let ownFields = ["timestamp", "recvWindow", "signature"]

    package var recipes: [SigningRecipe] {
        [
            SigningRecipe(
                Exchange.of(exchange).aliases,
                "HMAC-SHA256 in hexadecimal; Ed25519, or RSA PKCS #1 v1.5 with SHA-256, in encoded base64",
                signs: "query and form body as sent, one behind the other with nothing between",
                covers: [.query, .body], headers: ["X-MBX-APIKEY"], fields: Self.ownFields,
                clock: "milliseconds in `timestamp`; at most a second ahead",
                window: .asked(atMost: 60_000),
                documentation:
                    "https://developers.binance.com/docs/binance-spot-api-docs/rest-api/request-security")
        ]
    }
}

extension Bybit {
    package var recipes: [SigningRecipe] {
        [
            SigningRecipe(
                ["main"], "HMAC-SHA256 in hexadecimal, or RSA PKCS #1 v1.5 with SHA-256 in base64",
                signs: "time, API key, window, then the query as sent with GET, the JSON body with POST",
                covers: [.query, .body],
                headers: [
                    "X-BAPI-API-KEY", "X-BAPI-TIMESTAMP", "X-BAPI-RECV-WINDOW", "X-BAPI-SIGN",
                ],
                clock: "milliseconds; at most a second ahead",
                // No most is documented there; a minute is what the others take.
                window: .asked(atMost: 60_000),
                documentation: "https://bybit-exchange.github.io/docs/v5/guide")
        ]
    }
}

extension OKX {
    package var recipes: [SigningRecipe] {
        [
            SigningRecipe(
                ["main"], "HMAC-SHA256 in base64",
                signs: "time, method, path with query as sent, JSON body",
                covers: [.method, .path, .query, .body],
                headers: [
                    "OK-ACCESS-KEY", "OK-ACCESS-SIGN", "OK-ACCESS-TIMESTAMP", "OK-ACCESS-PASSPHRASE",
                    "x-simulated-trading",
                ],
                clock: "RFC 3339 with milliseconds, UTC", window: .init(milliseconds: 30_000),
                documentation: "https://www.okx.com/docs-v5/en/#overview-rest-authentication")
        ]
    }
}

extension Kraken {
    static let ownFields = ["nonce"]

    package var recipes: [SigningRecipe] {
        [
            SigningRecipe(
                ["spot"], "HMAC-SHA512 in base64, with the secret decoded from base64",
                signs: "path, then SHA-256 of nonce and body (a form, or JSON for batches)",
                covers: [.path, .body], headers: ["API-Key", "API-Sign"], fields: Self.ownFields,
                clock: "none", window: nil,
                nonce: "`nonce`, an unsigned 64-bit number that never falls; many bad ones lock the key out",
                documentation: "https://docs.kraken.com/api/docs/guides/spot-rest-auth")
        ]
    }
}

extension Coinbase {
    package var recipes: [SigningRecipe] {
        [
            SigningRecipe(
                ["main"], "JSON Web Token, ES256",
                signs: "claims: the key's name, from when, until when, and method, host and path",
                covers: [.method, .host, .path], headers: ["Authorization"],
                clock: "seconds, in the token", window: .init(milliseconds: 120_000),
                documentation: """
                    https://docs.cdp.coinbase.com/coinbase-app/authentication-authorization/\
                    api-key-authentication
                    """)
        ]
    }
}

extension KuCoin {
    package var recipes: [SigningRecipe] {
        [
            SigningRecipe(
                ["spot", "futures"], "HMAC-SHA256 in base64; the passphrase likewise, as a code",
                signs: "time, method, path with query without percent-encoding, JSON body",
                covers: [.method, .path, .query, .body],
                headers: [
                    "KC-API-KEY", "KC-API-SIGN", "KC-API-TIMESTAMP", "KC-API-PASSPHRASE",
                    "KC-API-KEY-VERSION",
                ],
                clock: "milliseconds", window: .init(milliseconds: 5_000),
                documentation: "https://www.kucoin.com/docs-new/authentication")
        ]
    }
}

extension Gate {
    package var recipes: [SigningRecipe] {
        [
            SigningRecipe(
                ["main"], "HMAC-SHA512 in hexadecimal",
                signs:
                    "five lines: method, path, query without percent-encoding, SHA-512 of the body, second",
                covers: [.method, .path, .query, .body], headers: ["KEY", "Timestamp", "SIGN"],
                clock: "seconds", window: .init(milliseconds: 60_000),
                documentation:
                    "https://www.gate.com/docs/developers/apiv4/en/#apiv4-signed-request-requirements")
        ]
    }
}

extension Bitget {
    package var recipes: [SigningRecipe] {
        [
            SigningRecipe(
                ["main"], "HMAC-SHA256 in base64",
                signs: "time, method, path, query sorted by name and without percent-encoding, JSON body",
                covers: [.method, .path, .query, .body],
                headers: [
                    "ACCESS-KEY", "ACCESS-SIGN", "ACCESS-TIMESTAMP", "ACCESS-PASSPHRASE", "paptrading",
                ],
                clock: "milliseconds", window: .init(milliseconds: 30_000),
                documentation: "https://www.bitget.com/api-doc/common/signature")
        ]
    }
}

extension MEXC {
    static let ownFields = ["timestamp", "recvWindow", "signature"]

    package var recipes: [SigningRecipe] {
        [
            SigningRecipe(
                ["spot"], "HMAC-SHA256 in hexadecimal", signs: "the query as sent, which has everything",
                covers: [.query], headers: ["X-MEXC-APIKEY"], fields: Self.ownFields,
                clock: "milliseconds in `timestamp`; at most a second ahead",
                window: .asked(atMost: 60_000),
                documentation: "https://www.mexc.com/api-docs/spot-v3/general-info"),
            SigningRecipe(
                ["futures"], "HMAC-SHA256 in hexadecimal",
                signs: "API key, time, then the query sorted by name, or the JSON body with POST",
                covers: [.query, .body], headers: ["ApiKey", "Request-Time", "Signature"],
                // The optional header for another window is not sent: what it counts in is not documented.
                clock: "milliseconds", window: .init(milliseconds: 10_000),
                documentation: "https://www.mexc.com/api-docs/futures/integration-guide"),
        ]
    }
}
