import Crypto
package import JSON
import Kernel

/// https://docs.kraken.com/api/docs/guides/spot-rest-auth, …/api-reference/account-data/get-api-key-info
package struct Kraken: ExchangeAdapter {
    package var exchange: ExchangeName { .kraken }
    package var codesOfNoKey: Set<String> { ["EAPI:Invalid key"] }

    package func host(_ alias: String, in environment: Environment) -> ExchangeHost? {
        alias == "spot" && environment == .live ? ExchangeHost("api.kraken.com") : nil
    }

    /// Signs the path, and the hash of nonce and body; the nonce stands in the body too.
    package func sign(
        _ draft: RequestDraft, with credential: ExchangeCredential, at moment: SigningMoment,
        to host: ExchangeHost
    ) throws(SigningError) -> SignedRequest {
        guard credential.exchange == exchange else { throw .wrongCredential }
        guard draft.method == .post else { throw .unsupportedPart(.method) }
        guard draft.query.isEmpty else { throw .unsupportedPart(.query) }
        try draft.refuse(Self.ownFields)
        let nonce = String(moment.nonce)
        let (body, type) = try body(of: draft, nonce)
        let message = Array(draft.path.utf8) + SHA256.hash(Array(nonce.utf8) + body)
        let headers: [SignedRequest.Header] = [
            .init("API-Key", credential.apiKey),
            .init("API-Sign", Base64.encode(try credential.signature(for: message))), type,
        ]
        return SignedRequest(
            method: .post, url: host.base + draft.path, headers: headers + host.headers, body: body)
    }

    /// Batches are JSON, since a form has no lists.
    private func body(
        of draft: RequestDraft, _ nonce: String
    ) throws(SigningError) -> ([UInt8], SignedRequest.Header) {
        guard case .json(let bytes) = draft.body else {
            return (Array(([.init("nonce", nonce)] + draft.form).written.utf8), .form)
        }
        guard let body = JSONMembers(bytes).beginning(with: #""nonce":"\#(nonce)""#) else {
            throw .unsupportedPart(.body)
        }
        return (body, .json)
    }

    /// Needs no permission.
    package func probe(in environment: Environment) -> RequestDraft {
        RequestDraft(known: .post, host: "spot", path: "/0/private/GetApiKeyInfo")
    }
}

// MARK: - Reading answers

extension Kraken {
    private static let meanings: [String: KeyPermission] = [
        "query-funds": .read, "query-open-trades": .read, "query-closed-trades": .read,
        "query-ledger": .read, "query-ledgers": .read, "export-data": .read,
        "modify-trades": .tradeSpot, "withdraw-funds": .withdraw,
    ]

    package func permissions(in answer: JSONValue) -> ProbedPermissions? {
        guard answer["error"]?.asArray?.isEmpty == true, let key = answer["result"],
            let names = key.names("permissions")
        else { return nil }
        var permissions = ProbedPermissions([])
        for name in names {
            if let meaning = Self.meanings[name] {
                permissions.granted.insert(meaning)
            } else {
                permissions.others.append(name)
                // Whatever they call it, it must not go unseen.
                if name.contains("margin") { permissions.granted.insert(.tradeMargin) }
            }
        }
        permissions.addresses = key.names("ipAllowlist") ?? []
        permissions.isAddressBound = !permissions.addresses.isEmpty
        permissions.createdAt = time(key.int("createdTime"))
        permissions.expiresAt = time(key.int("validUntil"))
        permissions.uid = key.words("iban")
        permissions.nonceWindow = key.int("nonceWindow").flatMap { $0 > 0 ? $0 : nil }
        return permissions
    }

    /// Seconds since 1970, as text; 0 is never.
    private func time(_ seconds: Int64?) -> Timestamp? {
        guard let seconds, seconds < 1 << 40 else { return nil }
        return Timestamp(exchangeMilliseconds: seconds * 1_000)
    }

    /// https://docs.kraken.com/api/docs/guides/spot-errors: status 200, and texts in `error`.
    private static let refusals: [(prefix: String, means: @Sendable (ProbeRefusal.Words) -> ProbeRefusal)] = [
        ("EAPI:Invalid key", { .keyRefused($0) }),
        ("EAPI:Invalid signature", { .keyRefused($0) }),
        ("EAPI:Invalid nonce", { .clockRefused($0) }),
        ("EAPI:Rate limit exceeded", { _ in .throttled(retryAfterSeconds: nil) }),
        ("EGeneral:Too many requests", { _ in .throttled(retryAfterSeconds: nil) }),
        // Too many bad signatures or nonces: the key rests for a quarter of an hour.
        ("EGeneral:Temporary lockout", { _ in .throttled(retryAfterSeconds: 900) }),
        // The probe needs no permission: what is denied is the key here, or the address.
        ("EGeneral:Permission denied", { .keyOrAddressRefused($0) }),
        ("EService:", { _ in .unavailable(status: 200) }),
        ("EGeneral:Internal error", { _ in .unavailable(status: 200) }),
    ]

    package func refusal(status: Int, in answer: JSONValue?) -> ProbeRefusal? {
        guard let errors = answer?.names("error"), let first = errors.first else { return nil }
        for refusal in Self.refusals where errors.contains(where: { $0.hasPrefix(refusal.prefix) }) {
            return refusal.means(ProbeRefusal.Words(refusal.prefix, first))
        }
        return nil
    }
}
