import Crypto
package import JSON

/// https://www.mexc.com/api-docs/spot-v3/general-info, …/spot-v3/spot-account-trade,
/// …/futures/integration-guide
package struct MEXC: ExchangeAdapter {
    package var exchange: ExchangeName { .mexc }
    package var codesOfNoKey: Set<String> { ["10072"] }

    /// Two ways to sign, on one host.
    package func host(_ alias: String, in environment: Environment) -> ExchangeHost? {
        environment == .live && ["spot", "futures"].contains(alias) ? ExchangeHost("api.mexc.com") : nil
    }

    package func sign(
        _ draft: RequestDraft, with credential: ExchangeCredential, at moment: SigningMoment,
        to host: ExchangeHost
    ) throws(SigningError) -> SignedRequest {
        guard credential.exchange == exchange else { throw .wrongCredential }
        return draft.host == "futures"
            ? try signFutures(draft, credential, moment, host) : try signSpot(draft, credential, moment, host)
    }

    package func probe(in environment: Environment) -> RequestDraft {
        RequestDraft(known: .get, host: "spot", path: "/api/v3/account")
    }
}

// MARK: - Signing

extension MEXC {
    /// Everything stands in the query, orders too.
    private func signSpot(
        _ draft: RequestDraft, _ credential: ExchangeCredential, _ moment: SigningMoment, _ host: ExchangeHost
    ) throws(SigningError) -> SignedRequest {
        guard draft.body == .none else { throw .unsupportedPart(.body) }
        try draft.refuse(Self.ownFields)
        let timed =
            (draft.query + [
                .init("timestamp", String(moment.milliseconds)),
                .init("recvWindow", String(moment.receiveWindow)),
            ]).written
        let signature = Hex.encode(try credential.signature(for: Array(timed.utf8)))
        let headers = [SignedRequest.Header("X-MEXC-APIKEY", credential.apiKey)]
        // Asked for with everything that is no read, although there is no body.
        return SignedRequest(
            method: draft.method, url: host.url(draft.path, query: "\(timed)&signature=\(signature)"),
            headers: headers + (draft.method == .get ? [] : [.json]) + host.headers, body: nil)
    }

    /// Signs key, time, and the body as sent, or the query sorted by name.
    private func signFutures(
        _ draft: RequestDraft, _ credential: ExchangeCredential, _ moment: SigningMoment, _ host: ExchangeHost
    ) throws(SigningError) -> SignedRequest {
        let body = try draft.jsonBody()
        // A body goes unsigned with GET and DELETE, a query with POST: neither is sent.
        if draft.method != .post, body != nil { throw .unsupportedPart(.body) }
        if draft.method == .post, !draft.query.isEmpty { throw .unsupportedPart(.query) }
        let time = String(moment.milliseconds)
        let prefix = credential.apiKey + time + draft.query.sortedByName.written
        let signature = try credential.signature(for: Array(prefix.utf8) + (body ?? []))
        let headers: [SignedRequest.Header] = [
            .init("ApiKey", credential.apiKey), .init("Request-Time", time),
            .init("Signature", Hex.encode(signature)), .json,
        ]
        return SignedRequest(
            method: draft.method, url: host.base + draft.target, headers: headers + host.headers, body: body)
    }
}

// MARK: - Reading answers

extension MEXC {
    /// The account tells what the account may do, and nothing of the key but that it works.
    package func permissions(in answer: JSONValue) -> ProbedPermissions? {
        guard answer["canTrade"]?.asBool != nil, answer["balances"]?.asArray != nil else { return nil }
        var permissions = ProbedPermissions([])
        permissions.areTold = false
        return permissions
    }

    package func refusal(status: Int, in answer: JSONValue?) -> ProbeRefusal? {
        guard let code = answer?.int("code"), code != 0, code != 200 else { return nil }
        let words = ProbeRefusal.Words(String(code), answer?.words("msg"))
        switch code {
        // Key missing or unknown, of a wrong shape, and signatures.
        case 400, 602, 10072, 700001, 700002: return .keyRefused(words)
        case 700006: return .addressRefused(words)
        case 401, 403, 700007: return .permissionMissing(words)
        case 10073, 700003, 700005: return .clockRefused(words)
        case 429, 510: return .throttled(retryAfterSeconds: nil)
        case 500, 501, 503, 504, 604: return .unavailable(status: status)
        default: return nil
        }
    }
}
