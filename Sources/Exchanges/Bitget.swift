import Crypto
package import JSON

/// https://www.bitget.com/api-doc/common/signature, …/spot/account/Get-Account-Info,
/// …/uta/account/Get-Account-Info, …/common/error-code
package struct Bitget: ExchangeAdapter {
    package var exchange: ExchangeName { .bitget }
    package var codesOfNoKey: Set<String> { ["40006", "40037"] }

    /// One host for all markets; a demonstration account is told by a header, which is ours to set.
    package func host(_ alias: String, in environment: Environment) -> ExchangeHost? {
        guard alias == "main" else { return nil }
        return switch environment {
        case .live: ExchangeHost("api.bitget.com")
        case .demo: ExchangeHost("api.bitget.com", headers: [.init("paptrading", "1")])
        case .testnet: nil
        }
    }

    /// The query is signed sorted by name and without its encoding, whatever its order when sent.
    package func sign(
        _ draft: RequestDraft, with credential: ExchangeCredential, at moment: SigningMoment,
        to host: ExchangeHost
    ) throws(SigningError) -> SignedRequest {
        guard credential.exchange == exchange,
            let passphrase = credential.withPassphrase({ String(decoding: $0, as: UTF8.self) })
        else { throw .wrongCredential }
        let body = try draft.jsonBody()
        let time = String(moment.milliseconds)
        let query = draft.query.isEmpty ? "" : "?" + draft.query.sortedByName.unescaped
        let message = Array((time + draft.method.rawValue + draft.path + query).utf8) + (body ?? [])
        let headers: [SignedRequest.Header] = [
            .init("ACCESS-KEY", credential.apiKey),
            .init("ACCESS-SIGN", Base64.encode(try credential.signature(for: message))),
            .init("ACCESS-TIMESTAMP", time), .init("ACCESS-PASSPHRASE", passphrase),
        ]
        return SignedRequest(
            method: draft.method, url: host.base + draft.target,
            headers: headers + (body == nil ? [] : [.json]) + host.headers, body: body)
    }

    package func probe(in environment: Environment) -> RequestDraft {
        RequestDraft(known: .get, host: "main", path: "/api/v2/spot/account/info")
    }

    /// Keys of unified accounts are asked about elsewhere, and nothing says beforehand which account it is.
    package func furtherProbes(in environment: Environment) -> [RequestDraft] {
        [RequestDraft(known: .get, host: "main", path: "/api/v3/account/info")]
    }
}

// MARK: - Reading answers

extension Bitget {
    /// Classic accounts: two letters for what it is about, two for reading or writing.
    private static let authorities: [String: Set<KeyPermission>] = [
        "stow": [.tradeSpot], "smow": [.tradeMargin], "coow": [.tradeDerivatives],
        "cpow": [.tradeDerivatives], "wtow": [.transfer], "wwow": [.withdraw],
        "stor": [.read], "smor": [.read], "coor": [.read], "cpor": [.read], "wtor": [.read],
        "readonly": [.read], "trade": [.tradeSpot, .tradeMargin, .tradeDerivatives],
        "transfer": [.transfer], "withdraw": [.withdraw],
        "uta_trade": [.tradeSpot, .tradeMargin, .tradeDerivatives],
    ]

    package func permissions(in answer: JSONValue) -> ProbedPermissions? {
        guard answer.words("code") == Self.success, let key = answer["data"],
            let names = key.names("authorities") ?? key.names("permissions"),
            let addresses = key["ips"]?.asString
        else { return nil }
        // Only unified accounts tell it; a read-only key lists what it would do if it could.
        let isReadOnly = key.words("permType")?.contains("only") == true
        var permissions = ProbedPermissions(key["permType"] == nil ? [] : [.read])
        for name in names {
            let meaning = Self.authorities[name] ?? Self.meaning(ofUnknown: name)
            if meaning.isEmpty { permissions.others.append(name) }
            permissions.granted.formUnion(isReadOnly ? meaning.intersection([.read]) : meaning)
        }
        permissions.addresses = addresses.commaSeparated
        permissions.isAddressBound = !permissions.addresses.isEmpty
        permissions.uid = key.words("userId")
        return permissions
    }

    /// Whatever they call it, it must not go unseen.
    private static func meaning(ofUnknown name: String) -> Set<KeyPermission> {
        name.lowercased().contains("withdraw") ? [.withdraw] : []
    }

    private static let success = "00000"

    package func refusal(status: Int, in answer: JSONValue?) -> ProbeRefusal? {
        guard let code = answer?.words("code"), code != Self.success else { return nil }
        let words = ProbeRefusal.Words(code, answer?.words("msg"))
        switch code {
        // Key unknown or of the other environment, signature or passphrase wrong.
        case "40006", "40009", "40011", "40012", "40037", "40099": return .keyRefused(words)
        // The account is of the other kind, and so is its key: it is asked about there.
        case "40084", "40085": return .keyOrAddressRefused(words)
        case "40018": return .addressRefused(words)
        case "40014": return .permissionMissing(words)
        case "40004", "40005", "40008", "40010": return .clockRefused(words)
        case "429", "40429": return .throttled(retryAfterSeconds: nil)
        // The account is frozen; not open to our country; maintenance; their fault.
        case "40013", "40015", "40024", "40031", "40200", "40308", "40725", "45001":
            return .unavailable(status: status)
        default: return nil
        }
    }
}
