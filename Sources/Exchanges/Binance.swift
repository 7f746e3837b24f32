import Crypto
package import JSON
import Kernel

/// https://developers.binance.com/docs/binance-spot-api-docs/rest-api,
/// …/docs/wallet/account/api-key-permission
package struct Binance: ExchangeAdapter {
    package var exchange: ExchangeName { .binance }
    package var codesOfNoKey: Set<String> { ["-2008"] }

    package func host(_ alias: String, in environment: Environment) -> ExchangeHost? {
        switch (environment, alias) {
        case (.live, "spot"): ExchangeHost("api.binance.com")
        case (.live, "usdm"): ExchangeHost("fapi.binance.com")
        case (.live, "coinm"): ExchangeHost("dapi.binance.com")
        case (.live, "options"): ExchangeHost("eapi.binance.com")
        case (.testnet, "spot"): ExchangeHost("testnet.binance.vision")
        case (.testnet, "usdm"), (.testnet, "coinm"): ExchangeHost("testnet.binancefuture.com")
        case (.demo, "spot"): ExchangeHost("demo-api.binance.com")
        case (.demo, "usdm"): ExchangeHost("demo-fapi.binance.com")
        case (.demo, "coinm"): ExchangeHost("demo-dapi.binance.com")
        default: nil
        }
    }
}

// MARK: - Signing

extension Binance {
    private static let reserved: Set = ["timestamp", "recvWindow", "signature"]

    /// Signs query and form as they are sent, one behind the other without a separator. Time and signature
    /// stand in the form where there is one, otherwise in the query.
    package func sign(
        _ draft: RequestDraft, with credential: ExchangeCredential, at moment: SigningMoment,
        to host: ExchangeHost
    ) throws(SigningError) -> SignedRequest {
        guard credential.exchange == exchange else { throw .wrongCredential }
        if case .json = draft.body { throw .unsupportedPart(.body) }
        let fields = draft.form.isEmpty ? draft.query : draft.form
        if let taken = (draft.query + draft.form).first(where: { Self.reserved.contains($0.name) }) {
            throw .reservedField(taken.name)
        }
        let timed = PercentEncoding.encode(
            [.init("timestamp", String(moment.milliseconds))] + fields
                + [.init("recvWindow", String(moment.receiveWindow))])
        let query = draft.form.isEmpty ? "" : PercentEncoding.encode(draft.query)
        let signature = try credential.signature(for: Array((query + timed).utf8))
        let signed = "\(timed)&signature=\(written(signature, of: credential))"
        return request(draft, host, query, signed, apiKey: credential.apiKey)
    }

    private func written(_ signature: [UInt8], of credential: ExchangeCredential) -> String {
        credential.kind == .hmac
            ? Hex.encode(signature) : PercentEncoding.encode(Base64.encode(signature))
    }

    private func request(
        _ draft: RequestDraft, _ host: ExchangeHost, _ query: String, _ signed: String, apiKey: String
    ) -> SignedRequest {
        var headers = [SignedRequest.Header("X-MBX-APIKEY", apiKey)]
        let hasForm = !draft.form.isEmpty
        if hasForm { headers.append(.form) }
        return SignedRequest(
            method: draft.method, url: host.url(draft.path, query: hasForm ? query : signed),
            headers: headers + host.headers, body: hasForm ? Array(signed.utf8) : nil)
    }
}

// MARK: - Asking what a key may do

extension Binance {
    /// Test networks know no `sapi`: there, reading the account tells that the key works.
    package func probe(in environment: Environment) -> RequestDraft {
        let path = environment == .live ? "/sapi/v1/account/apiRestrictions" : "/api/v3/account"
        return RequestDraft(known: .get, host: "spot", path: path)
    }

    /// Futures have test networks of their own, with keys of their own; one key is for both kinds of them.
    package func furtherProbes(in environment: Environment) -> [RequestDraft] {
        environment == .live ? [] : [RequestDraft(known: .get, host: "usdm", path: "/fapi/v3/account")]
    }

    package func permissions(in answer: JSONValue) -> ProbedPermissions? {
        if answer["enableReading"] != nil { return restrictions(answer) }
        return answer["totalWalletBalance"] == nil ? account(answer) : futuresAccount(answer)
    }

    private static let flags: [(name: String, means: KeyPermission)] = [
        ("enableReading", .read), ("enableFixReadOnly", .read),
        ("enableSpotAndMarginTrading", .tradeSpot), ("enableFixApiTrade", .tradeSpot),
        ("enableMargin", .tradeMargin), ("enableFutures", .tradeDerivatives),
        ("enableVanillaOptions", .tradeDerivatives), ("enablePortfolioMarginTrading", .tradeDerivatives),
        ("enableInternalTransfer", .transfer), ("permitsUniversalTransfer", .transfer),
        ("enableWithdrawals", .withdraw),
    ]

    private func restrictions(_ answer: JSONValue) -> ProbedPermissions? {
        var granted: Set<KeyPermission> = []
        for flag in Self.flags {
            guard let isOn = answer.flag(flag.name) else { return nil }
            if isOn { granted.insert(flag.means) }
        }
        guard let isBound = answer["ipRestrict"]?.asBool else { return nil }
        var permissions = ProbedPermissions(granted)
        permissions.isAddressBound = isBound
        permissions.createdAt = Timestamp(exchangeMilliseconds: answer.int("createTime"))
        // Only without an address restriction: then trading lapses, and the exchange says when.
        permissions.expiresAt = Timestamp(exchangeMilliseconds: answer.int("tradingAuthorityExpirationTime"))
        return permissions
    }

    /// A test network's account says what the account may do, which is the key's upper bound.
    private func account(_ answer: JSONValue) -> ProbedPermissions? {
        guard let mayTrade = answer["canTrade"]?.asBool else { return nil }
        var permissions = ProbedPermissions(mayTrade ? [.read, .tradeSpot] : [.read])
        permissions.uid = answer.words("uid")
        return permissions
    }

    /// It tells that the key works, and nothing of what it may do.
    private func futuresAccount(_ answer: JSONValue) -> ProbedPermissions? {
        guard answer["assets"]?.asArray != nil else { return nil }
        var permissions = ProbedPermissions([])
        permissions.areTold = false
        return permissions
    }

    /// …/rest-api/errors. -2015 is key, address or permission: Binance does not say which.
    package func refusal(status: Int, in answer: JSONValue?) -> ProbeRefusal? {
        guard let code = answer?.int("code"), code < 0 else { return nil }
        let words = ProbeRefusal.Words(String(code), answer?.words("msg"))
        switch code {
        case -2014, -2008, -1022: return .keyRefused(words)
        case -1002: return .permissionMissing(words)
        case -2015: return .keyOrAddressRefused(words)
        case -1021: return .clockRefused(words)
        case -1003, -1015: return .throttled(retryAfterSeconds: nil)
        case -1000, -1001, -1006, -1007, -1008, -1016: return .unavailable(status: status)
        default: return nil
        }
    }
}
