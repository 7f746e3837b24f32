import Crypto
import Exchanges
import HTTPServer
import Identity
import JSON

/// An access token where a stock client of an exchange puts its API key. The signature, time and nonce beside
/// it were made with a dummy secret, and are not looked at.
struct ForeignToken {
    let credential: Credential
    /// Whose field it came in: refusals speak that exchange's dialect. Nil for our own fields.
    let exchange: ExchangeName?

    private static let ownHeader: HeaderName = "keybell-token"
    /// In the order of `ExchangeName`; those that sign with a token in `Authorization` are read from there.
    private static let fields: [(name: HeaderName, exchange: ExchangeName)] = ExchangeName.allCases
        .compactMap { exchange in
            guard let header = exchange.adapter.recipes.first?.ownHeaders.first,
                let name = HeaderName(parsing: header), name != .authorization
            else { return nil }
            return (name, exchange)
        }

    init(_ headers: HeaderFields) {
        if let token = headers.valueBytes(Self.ownHeader), headers.all(Self.ownHeader).count == 1 {
            (credential, exchange) = (Credential(token: token), nil)
            return
        }
        let own = Credential.read(headers)
        if case .presented = own {
            (credential, exchange) = (own, nil)
            return
        }
        for field in Self.fields where headers.all(field.name).count == 1 {
            guard let token = headers.valueBytes(field.name) else { continue }
            (credential, exchange) = (Credential(token: token), field.exchange)
            return
        }
        if let key = Self.keyOfToken(headers) {
            (credential, exchange) = (Credential(token: Array(key.utf8)), .coinbase)
        } else {
            (credential, exchange) = (own, nil)
        }
    }

    /// The `kid` of a JSON Web Token (RFC 7515 4.1.4) in `Authorization: Bearer …`.
    private static func keyOfToken(_ headers: HeaderFields) -> String? {
        guard headers.all(.authorization).count == 1, let value = headers[.authorization],
            value.prefix(7).lowercased() == "bearer ", value.utf8.count <= 8_192
        else { return nil }
        let parts = value.dropFirst(7).split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        guard let bytes = Base64.decode(String(parts[0]), alphabet: .url),
            let head = try? JSONValue.parse(bytes)
        else { return nil }
        return head["kid"]?.asString
    }
}

extension Request {
    /// Whether it is for an exchange: then a client of that exchange may have written it.
    var isProxied: Bool {
        let path = head.pathBytes
        guard path.starts(with: "/v1/keys/".utf8) else { return false }
        let rest = path.dropFirst("/v1/keys/".utf8.count)
        return rest.drop { $0 != UInt8(ascii: "/") }.starts(with: "/proxy/".utf8)
    }
}
