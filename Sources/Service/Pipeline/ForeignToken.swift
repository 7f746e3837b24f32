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
        .flatMap { exchange in
            exchange.adapter.recipes.compactMap { recipe in
                guard let header = recipe.ownHeaders.first, let name = HeaderName(parsing: header),
                    name != .authorization
                else { return nil }
                return (name, exchange)
            }
        }

    init(_ headers: HeaderFields) {
        let (own, keybell) = (Self.inOwnField(headers), Self.inKeybellField(headers))
        let bearer = Credential.read(headers)
        // Clients that cannot be told from where a request comes send our field with every request, and the
        // token in their own with private ones: their own says how they want to be answered.
        let first = own?.credential ?? keybell ?? bearer
        // Two that differ are none: nobody could say by whose rights the request was made.
        let isAmbiguous = [keybell, bearer].contains { other in
            if case .presented = other { other != first } else { false }
        }
        credential = isAmbiguous ? .malformed : first
        exchange = own?.exchange ?? (keybell == nil ? Self.field(of: headers)?.exchange : nil)
    }

    private static func inKeybellField(_ headers: HeaderFields) -> Credential? {
        guard headers.all(ownHeader).count == 1 else { return nil }
        return headers.valueBytes(ownHeader).map { Credential(token: $0) }
    }

    /// An access token in a field that an exchange's clients have for their API key.
    private static func inOwnField(
        _ headers: HeaderFields
    ) -> (credential: Credential, exchange: ExchangeName)? {
        if let field = field(of: headers), let token = headers.valueBytes(field.name) {
            let credential = Credential(token: token)
            if case .presented = credential { return (credential, field.exchange) }
        }
        guard let key = keyOfToken(headers) else { return nil }
        return (Credential(token: Array(key.utf8)), .coinbase)
    }

    private static func field(of headers: HeaderFields) -> (name: HeaderName, exchange: ExchangeName)? {
        fields.first { headers.all($0.name).count == 1 }
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
        let behindKey = path.dropFirst("/v1/keys/".utf8.count).drop { $0 != UInt8(ascii: "/") }
        return behindKey.starts(with: "/proxy/".utf8)
    }
}
