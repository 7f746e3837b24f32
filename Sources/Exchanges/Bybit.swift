import Crypto
package import JSON
import Kernel

/// https://bybit-exchange.github.io/docs/v5/guide, …/v5/user/apikey-info, …/v5/error
package struct Bybit: ExchangeAdapter {
    package var exchange: ExchangeName { .bybit }
    package var codesOfNoKey: Set<String> { ["10003", "33004"] }

    package func host(_ alias: String, in environment: Environment) -> ExchangeHost? {
        guard alias == "main" else { return nil }
        return switch environment {
        case .live: ExchangeHost("api.bybit.com")
        case .testnet: ExchangeHost("api-testnet.bybit.com")
        case .demo: ExchangeHost("api-demo.bybit.com")
        }
    }

    /// Signs time, key, window, and the query or the body as sent.
    package func sign(
        _ draft: RequestDraft, with credential: ExchangeCredential, at moment: SigningMoment,
        to host: ExchangeHost
    ) throws(SigningError) -> SignedRequest {
        guard credential.exchange == exchange else { throw .wrongCredential }
        let body = try draft.jsonBody()
        // A body goes unsigned with GET, a query with POST: neither is sent.
        if draft.method == .get, body != nil { throw .unsupportedPart(.body) }
        if draft.method != .get, !draft.query.isEmpty { throw .unsupportedPart(.query) }
        let query = draft.query.written
        let (time, window) = (String(moment.milliseconds), String(moment.receiveWindow))
        let prefix = time + credential.apiKey + window + query
        let signature = try credential.signature(for: Array(prefix.utf8) + (body ?? []))
        let headers: [SignedRequest.Header] = [
            .init("X-BAPI-API-KEY", credential.apiKey), .init("X-BAPI-TIMESTAMP", time),
            .init("X-BAPI-RECV-WINDOW", window),
            .init(
                "X-BAPI-SIGN", credential.kind == .hmac ? Hex.encode(signature) : Base64.encode(signature)),
        ]
        return SignedRequest(
            method: draft.method, url: host.url(draft.path, query: query),
            headers: headers + (body == nil ? [] : [.json]) + host.headers, body: body)
    }

    package func probe(in environment: Environment) -> RequestDraft {
        RequestDraft(known: .get, host: "main", path: "/v5/user/query-api")
    }

    /// The key that signs deletes itself; a sub-account's key needs another call, and is a task for a person.
    package func deletion(apiKey: String) -> RequestDraft? {
        RequestDraft(known: .post, host: "main", path: "/v5/user/delete-api", body: .json(Array("{}".utf8)))
    }

    package func isDeleted(by answer: JSONValue) -> Bool { answer.int("retCode") == 0 }
}

// MARK: - Reading answers

extension Bybit {
    /// What the groups mean that concern trading and moving money; all else is told by name.
    private static let meanings: [String: [String: KeyPermission]] = [
        "Spot": ["SpotTrade": .tradeSpot],
        "ContractTrade": ["Order": .tradeDerivatives, "Position": .tradeDerivatives],
        "Derivatives": ["DerivativesTrade": .tradeDerivatives],
        "Options": ["OptionsTrade": .tradeDerivatives],
        "CopyTrading": ["CopyTrading": .tradeDerivatives],
        "BlockTrade": ["BlockTrade": .tradeDerivatives],
        "Wallet": [
            "AccountTransfer": .transfer, "SubMemberTransfer": .transfer,
            "SubMemberTransferList": .transfer, "Withdraw": .withdraw,
        ],
    ]

    package func permissions(in answer: JSONValue) -> ProbedPermissions? {
        guard answer.int("retCode") == 0, let key = answer["result"],
            let readOnly = key.int("readOnly"), (0...1).contains(readOnly),
            let groups = key["permissions"]?.asObject, let addresses = key.names("ips")
        else { return nil }
        var permissions = ProbedPermissions([.read])
        for group in groups.members {
            guard let names = JSONValue.object(groups).names(group.name) else { return nil }
            // A read-only key lists what it would trade if it could.
            guard readOnly == 0 else { continue }
            for name in names {
                if let meaning = Self.meanings[group.name]?[name] {
                    permissions.granted.insert(meaning)
                } else {
                    permissions.others.append("\(group.name):\(name)")
                }
            }
        }
        permissions.addresses = addresses.filter { $0 != "*" && !$0.isEmpty }
        permissions.isAddressBound = !permissions.addresses.isEmpty
        permissions.createdAt = key.words("createdAt").flatMap { Timestamp($0) }
        permissions.expiresAt = expiry(key)
        permissions.uid = key.words("userID")
        return permissions
    }

    /// Keys without addresses, or after a change of password, run out; the others say 1970.
    private func expiry(_ key: JSONValue) -> Timestamp? {
        guard let time = key.words("expiredAt").flatMap({ Timestamp($0) }), time.seconds > 0 else {
            return nil
        }
        return time
    }

    package func refusal(status: Int, in answer: JSONValue?) -> ProbeRefusal? {
        guard let code = answer?.int("retCode"), code != 0 else { return nil }
        let words = ProbeRefusal.Words(String(code), answer?.words("retMsg"))
        switch code {
        // 33004 is an expired key, 10003 an unknown one or one of another environment, 10004 a signature.
        case 10003, 10004, 10007, 33004: return .keyRefused(words)
        case 10010: return .addressRefused(words)
        case 10005: return .permissionMissing(words)
        case 10002: return .clockRefused(words)
        case 10006, 10018, 10429: return .throttled(retryAfterSeconds: nil)
        // 10009 and 10024: not open to our address or country; 10016: their fault; 10000: timed out.
        case 10000, 10009, 10016, 10024: return .unavailable(status: status)
        default: return nil
        }
    }
}
