import Crypto
package import JSON
import Kernel

/// https://www.okx.com/docs-v5/en, "Overview", "Get account configuration", "Error code"
package struct OKX: ExchangeAdapter {
    package var exchange: ExchangeName { .okx }
    package var codesOfNoKey: Set<String> { ["50111", "50119"] }

    /// Live and demonstration share a host and are told apart by a header, which is ours to set.
    package func host(_ alias: String, in environment: Environment) -> ExchangeHost? {
        guard alias == "main" else { return nil }
        return switch environment {
        case .live: ExchangeHost("www.okx.com")
        case .demo: ExchangeHost("www.okx.com", headers: [.init("x-simulated-trading", "1")])
        case .testnet: nil
        }
    }

    package func sign(
        _ draft: RequestDraft, with credential: ExchangeCredential, at moment: SigningMoment,
        to host: ExchangeHost
    ) throws(SigningError) -> SignedRequest {
        guard credential.exchange == exchange,
            let passphrase = credential.withPassphrase({ String(decoding: $0, as: UTF8.self) })
        else { throw .wrongCredential }
        let body = try draft.jsonBody()
        let time = Timestamp(milliseconds: moment.milliseconds).description
        let target = draft.target
        let message = Array((time + draft.method.rawValue + target).utf8) + (body ?? [])
        let headers: [SignedRequest.Header] = [
            .init("OK-ACCESS-KEY", credential.apiKey),
            .init("OK-ACCESS-SIGN", Base64.encode(try credential.signature(for: message))),
            .init("OK-ACCESS-TIMESTAMP", time), .init("OK-ACCESS-PASSPHRASE", passphrase),
        ]
        return SignedRequest(
            method: draft.method, url: host.base + target,
            headers: headers + (body == nil ? [] : [.json]) + host.headers, body: body)
    }

    package func probe(in environment: Environment) -> RequestDraft {
        RequestDraft(known: .get, host: "main", path: "/api/v5/account/config")
    }
}

// MARK: - Reading answers

extension OKX {
    /// "Trade" places orders on every market that the account's mode has, and moves funds inside.
    private static let meanings: [String: Set<KeyPermission>] = [
        "read_only": [.read],
        "trade": [.read, .tradeSpot, .tradeMargin, .tradeDerivatives, .transfer],
        "withdraw": [.withdraw],
    ]
    /// Of keys that may trade or withdraw and are bound to no address.
    private static let lapsesAfter = Period.days(14)

    package func permissions(in answer: JSONValue) -> ProbedPermissions? {
        guard answer.int("code") == 0, let account = answer["data"]?[0],
            let named = account["perm"]?.asString, let list = account["ip"]?.asString
        else { return nil }
        var permissions = ProbedPermissions([])
        for name in named.commaSeparated {
            guard let meaning = Self.meanings[name] else {
                permissions.others.append(name)
                continue
            }
            permissions.granted.formUnion(meaning)
        }
        permissions.addresses = list.commaSeparated
        let isBound = !permissions.addresses.isEmpty
        permissions.isAddressBound = isBound
        let mayAct = !permissions.granted.isDisjoint(with: [.tradeSpot, .withdraw])
        permissions.lapsesWhenUnusedFor = mayAct && !isBound ? Self.lapsesAfter : nil
        permissions.uid = account.words("uid")
        permissions.accountMode = account.words("acctLv")
        return permissions
    }

    package func refusal(status: Int, in answer: JSONValue?) -> ProbeRefusal? {
        guard let code = answer?.int("code"), code != 0 else { return nil }
        let words = ProbeRefusal.Words(String(code), answer?.words("msg"))
        switch code {
        // Wrong, frozen or unknown key, signature, passphrase, or a key of the other environment.
        case 50100, 50101, 50105, 50111, 50113, 50114, 50119: return .keyRefused(words)
        case 50110: return .addressRefused(words)
        case 50030, 50120: return .permissionMissing(words)
        case 50102, 50112: return .clockRefused(words)
        case 50011, 50061: return .throttled(retryAfterSeconds: nil)
        case 50001, 50004, 50013, 50026: return .unavailable(status: status)
        default: return nil
        }
    }
}
