import Crypto
package import JSON
import Kernel

/// https://www.kucoin.com/docs-new/authentication, …/rest/account-info/account-funding/get-apikey-info
package struct KuCoin: ExchangeAdapter {
    package var exchange: ExchangeName { .kucoin }
    package var codesOfNoKey: Set<String> { ["400003"] }

    package func host(_ alias: String, in environment: Environment) -> ExchangeHost? {
        switch (environment, alias) {
        case (.live, "spot"): ExchangeHost("api.kucoin.com")
        case (.live, "futures"): ExchangeHost("api-futures.kucoin.com")
        default: nil
        }
    }

    /// Signed "must use the content that has not been URL-encoded", says their document.
    package func sign(
        _ draft: RequestDraft, with credential: ExchangeCredential, at moment: SigningMoment,
        to host: ExchangeHost
    ) throws(SigningError) -> SignedRequest {
        guard credential.exchange == exchange, case .hmac(let secret) = credential.signer,
            let passphrase = credential.withPassphrase({ Base64.encode(secret.code(for: $0)) })
        else { throw .wrongCredential }
        let body = try draft.jsonBody()
        let time = String(moment.milliseconds)
        let message = Array((time + draft.method.rawValue + draft.unescapedTarget).utf8)
        let headers: [SignedRequest.Header] = [
            .init("KC-API-KEY", credential.apiKey),
            .init("KC-API-SIGN", Base64.encode(secret.code(for: message, body ?? []))),
            .init("KC-API-TIMESTAMP", time), .init("KC-API-PASSPHRASE", passphrase),
            .init("KC-API-KEY-VERSION", "2"),
        ]
        return SignedRequest(
            method: draft.method, url: host.base + draft.target,
            headers: headers + (body == nil ? [] : [.json]) + host.headers, body: body)
    }

    package func probe(in environment: Environment) -> RequestDraft {
        RequestDraft(known: .get, host: "spot", path: "/api/v1/user/api-key")
    }
}

// MARK: - Reading answers

extension KuCoin {
    /// "Transfer" is the old name of the permission that also withdraws; "Trade" covered spot and margin.
    private static let meanings: [String: Set<KeyPermission>] = [
        "General": [.read], "Spot": [.tradeSpot], "Margin": [.tradeMargin], "Futures": [.tradeDerivatives],
        "Trade": [.tradeSpot, .tradeMargin], "InnerTransfer": [.transfer], "FlexTransfers": [.transfer],
        "Transfer": [.transfer, .withdraw], "Withdrawal": [.withdraw], "Withdraw": [.withdraw],
    ]

    package func permissions(in answer: JSONValue) -> ProbedPermissions? {
        guard answer.words("code") == "200000", let key = answer["data"],
            let named = key["permission"]?.asString
        else { return nil }
        var permissions = ProbedPermissions([])
        for name in named.commaSeparated {
            guard let meaning = Self.meanings[name] else {
                permissions.others.append(name)
                continue
            }
            permissions.granted.formUnion(meaning)
        }
        // Addresses come masked in the middle.
        permissions.addresses = key["ipWhitelist"]?.asString?.commaSeparated ?? []
        permissions.isAddressBound = !permissions.addresses.isEmpty
        permissions.createdAt = Timestamp(exchangeMilliseconds: key.int("createdAt"))
        permissions.expiresAt = Timestamp(exchangeMilliseconds: key.int("expiredAt"))
        permissions.uid = key.words("uid")
        return permissions
    }

    package func refusal(status: Int, in answer: JSONValue?) -> ProbeRefusal? {
        guard let code = answer?.words("code"), code != "200000" else { return nil }
        let words = ProbeRefusal.Words(code, answer?.words("msg"))
        switch code {
        // Key unknown, passphrase wrong, signature wrong.
        case "400003", "400004", "400005": return .keyRefused(words)
        case "400006": return .addressRefused(words)
        case "400007": return .permissionMissing(words)
        case "400002": return .clockRefused(words)
        case "429000": return .throttled(retryAfterSeconds: nil)
        // 411100: the whole account is frozen.
        case "411100", "500000": return .unavailable(status: status)
        default: return nil
        }
    }
}
