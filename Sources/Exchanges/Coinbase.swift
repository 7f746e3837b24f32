import Crypto
package import JSON

/// https://docs.cdp.coinbase.com/coinbase-app/authentication-authorization/api-key-authentication,
/// …/advanced-trade-apis, "Get API Key Permissions"
package struct Coinbase: ExchangeAdapter {
    package var exchange: ExchangeName { .coinbase }
    /// It says 401 to whatever it does not take, our clock and our address included: that proves nothing.
    package var codesOfNoKey: Set<String> { [] }

    package func host(_ alias: String, in environment: Environment) -> ExchangeHost? {
        alias == "main" && environment == .live ? ExchangeHost("api.coinbase.com") : nil
    }

    /// A token over method, host and path: it does not cover query and body, and lives two minutes.
    package func sign(
        _ draft: RequestDraft, with credential: ExchangeCredential, at moment: SigningMoment,
        to host: ExchangeHost
    ) throws(SigningError) -> SignedRequest {
        guard credential.exchange == exchange else { throw .wrongCredential }
        let body = try draft.jsonBody()
        let token = try self.token(draft, credential, moment, host)
        return SignedRequest(
            method: draft.method, url: host.base + draft.target,
            headers: [.init("Authorization", "Bearer " + token)] + (body == nil ? [] : [.json])
                + host.headers,
            body: body)
    }

    private static let tokenSeconds: Int64 = 120

    /// RFC 7515 and 7518, section 3.4: ES256 is r ‖ s.
    private func token(
        _ draft: RequestDraft, _ credential: ExchangeCredential, _ moment: SigningMoment, _ host: ExchangeHost
    ) throws(SigningError) -> String {
        let start = moment.milliseconds / 1_000
        var header = JSONWriter()
        header.object { w in
            w.field("alg", "ES256")
            w.field("typ", "JWT")
            w.field("kid", credential.apiKey)
            w.field("nonce", Hex.encode(moment.random))
        }
        var claims = JSONWriter()
        claims.object { w in
            w.field("iss", "cdp")
            w.field("sub", credential.apiKey)
            w.field("nbf", start)
            w.field("exp", start + Self.tokenSeconds)
            w.field("uri", "\(draft.method.rawValue) \(host.authority)\(draft.path)")
        }
        let signed = [header.bytes, claims.bytes].map { Base64.encode($0, alphabet: .url) }
            .joined(separator: ".")
        let signature = try credential.signature(for: Array(signed.utf8), ecdsa: .raw)
        return signed + "." + Base64.encode(signature, alphabet: .url)
    }

    package func probe(in environment: Environment) -> RequestDraft {
        RequestDraft(known: .get, host: "main", path: "/api/v3/brokerage/key_permissions")
    }
}

// MARK: - Reading answers

extension Coinbase {
    /// "Transfer" moves funds between portfolios and off the exchange; "trade" covers every product.
    private static let flags: [(name: String, means: Set<KeyPermission>)] = [
        ("can_view", [.read]), ("can_trade", [.tradeSpot, .tradeDerivatives]),
        ("can_transfer", [.transfer, .withdraw]),
    ]

    package func permissions(in answer: JSONValue) -> ProbedPermissions? {
        guard answer["can_view"] != nil else { return nil }
        var permissions = ProbedPermissions([])
        for flag in Self.flags {
            guard let isOn = answer.flag(flag.name) else { return nil }
            if isOn { permissions.granted.formUnion(flag.means) }
        }
        permissions.uid = answer.words("portfolio_uuid")
        return permissions
    }

    /// 401 comes with a line of text, no JSON.
    package func refusal(status: Int, in answer: JSONValue?) -> ProbeRefusal? {
        let message = answer?.words("message") ?? answer?.words("error_details")
        switch status {
        case 401: return .keyRefused(ProbeRefusal.Words(answer?.words("error") ?? "401", message))
        case 403: return .permissionMissing(ProbeRefusal.Words(answer?.words("error") ?? "403", message))
        default: return nil
        }
    }
}
