import Crypto
package import JSON

/// https://www.gate.com/docs/developers/apiv4/en/, "APIv4 signed request requirements", "Account", "Error
/// Handling"
package struct Gate: ExchangeAdapter {
    package var exchange: ExchangeName { .gate }
    package var codesOfNoKey: Set<String> { ["INVALID_KEY"] }

    /// Spot, perpetual and delivery futures and options are paths of one host.
    package func host(_ alias: String, in environment: Environment) -> ExchangeHost? {
        switch (environment, alias) {
        case (.live, "main"): ExchangeHost("api.gateio.ws")
        case (.testnet, "main"): ExchangeHost("api-testnet.gateapi.io")
        default: nil
        }
    }

    /// Signs five lines: method, path, the query without its encoding, the body's hash, the second.
    package func sign(
        _ draft: RequestDraft, with credential: ExchangeCredential, at moment: SigningMoment,
        to host: ExchangeHost
    ) throws(SigningError) -> SignedRequest {
        guard credential.exchange == exchange else { throw .wrongCredential }
        let body = try draft.jsonBody()
        let second = String(moment.milliseconds / 1_000)
        let lines = [
            draft.method.rawValue, draft.path, draft.query.unescaped, Hex.encode(SHA512.hash(body ?? [])),
            second,
        ]
        let signature = try credential.signature(for: Array(lines.joined(separator: "\n").utf8))
        let headers: [SignedRequest.Header] = [
            .init("KEY", credential.apiKey), .init("Timestamp", second),
            .init("SIGN", Hex.encode(signature)),
        ]
        return SignedRequest(
            method: draft.method, url: host.base + draft.target,
            headers: headers + (body == nil ? [] : [.json]) + host.headers, body: body)
    }

    package func probe(in environment: Environment) -> RequestDraft {
        RequestDraft(known: .get, host: "main", path: "/api/v4/account/detail")
    }
}

// MARK: - Reading answers

extension Gate {
    /// It tells that the key works and from where, and nothing of what it may do: that is told of all keys of
    /// the main account at once, under names that are masked.
    package func permissions(in answer: JSONValue) -> ProbedPermissions? {
        guard let uid = answer.int("user_id"), let addresses = answer.names("ip_whitelist") else {
            return nil
        }
        var permissions = ProbedPermissions([])
        permissions.areTold = false
        permissions.addresses = addresses
        permissions.isAddressBound = !addresses.isEmpty
        permissions.uid = String(uid)
        return permissions
    }

    package func refusal(status: Int, in answer: JSONValue?) -> ProbeRefusal? {
        guard let label = answer?["label"]?.asString else { return nil }
        let words = ProbeRefusal.Words(label, answer?.words("message"))
        switch label {
        case "INVALID_KEY", "INVALID_SIGNATURE", "INVALID_CREDENTIALS": return .keyRefused(words)
        case "IP_FORBIDDEN": return .addressRefused(words)
        // One label for an address that is not on the list, and for what the key may not ask.
        case "FORBIDDEN": return isAboutAddress(words) ? .addressRefused(words) : .permissionMissing(words)
        case "READ_ONLY": return .permissionMissing(words)
        case "REQUEST_EXPIRED": return .clockRefused(words)
        case "TOO_MANY_REQUESTS", "TOO_FAST": return .throttled(retryAfterSeconds: nil)
        // The whole account is locked; or their fault.
        case "ACCOUNT_LOCKED", "SUB_ACCOUNT_LOCKED", "INTERNAL", "SERVER_ERROR", "TOO_BUSY":
            return .unavailable(status: status)
        default: return nil
        }
    }

    private func isAboutAddress(_ words: ProbeRefusal.Words) -> Bool {
        words.message.lowercased().contains("whitelist")
    }
}
