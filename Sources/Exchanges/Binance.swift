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
    /// Of the security types `USER_STREAM` and `MARKET_DATA`: they take the key alone.
    private static let keyOnly: Set = [
        "/api/v3/userDataStream", "/sapi/v1/userDataStream", "/sapi/v1/userDataStream/isolated",
        "/fapi/v1/listenKey", "/dapi/v1/listenKey", "/eapi/v1/listenKey", "/api/v3/historicalTrades",
        "/fapi/v1/historicalTrades", "/dapi/v1/historicalTrades", "/eapi/v1/historicalTrades",
    ]

    /// Signs query and form as they are sent, one behind the other without a separator. Time and signature
    /// stand in the form where there is one, otherwise in the query.
    package func sign(
        _ draft: RequestDraft, with credential: ExchangeCredential, at moment: SigningMoment,
        to host: ExchangeHost
    ) throws(SigningError) -> SignedRequest {
        guard credential.exchange == exchange else { throw .wrongCredential }
        if case .json = draft.body { throw .unsupportedPart(.body) }
        try draft.refuse(Self.ownFields)
        if Self.keyOnly.contains(draft.path) {
            let form = draft.hasForm ? draft.form.written : nil
            return request(draft, host, draft.query.written, form, apiKey: credential.apiKey)
        }
        var signed = timed(draft.hasForm ? draft.form : draft.query, at: moment)
        let query = draft.hasForm ? draft.query.written : ""
        let signature = try credential.signature(for: Array(query.utf8) + Array(signed.utf8))
        signed += "&signature="
        signed += written(signature, of: credential)
        return request(
            draft, host, draft.hasForm ? query : signed, draft.hasForm ? signed : nil,
            apiKey: credential.apiKey)
    }

    /// The fields as they are written, between the time and the window, with room for the signature.
    private func timed(_ fields: [RequestDraft.Field], at moment: SigningMoment) -> String {
        var text = ""
        text.reserveCapacity(fields.reduce(160) { $0 + $1.written.utf8.count + 1 })
        text += "timestamp="
        text += String(moment.milliseconds)
        for field in fields {
            text += "&"
            text += field.written
        }
        text += "&recvWindow="
        text += String(moment.receiveWindow)
        return text
    }

    private func written(_ signature: [UInt8], of credential: ExchangeCredential) -> String {
        credential.kind == .hmac
            ? Hex.encode(signature) : PercentEncoding.encode(Base64.encode(signature))
    }

    private func request(
        _ draft: RequestDraft, _ host: ExchangeHost, _ query: String, _ form: String?, apiKey: String
    ) -> SignedRequest {
        var headers = [SignedRequest.Header("X-MBX-APIKEY", apiKey)]
        if form != nil { headers.append(.form) }
        headers += host.headers
        return SignedRequest(
            method: draft.method, url: host.url(draft.path, query: query), headers: headers,
            body: form.map { Array($0.utf8) })
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
