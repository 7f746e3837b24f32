package import JSON

/// What Keybell must know of an exchange to speak with it: one conforming type a file. Pure: times, nonces
/// and answers come in as values.
package protocol ExchangeAdapter: Sendable {
    var exchange: ExchangeName { get }

    /// nil where the exchange has no such host.
    func host(_ alias: String, in environment: Environment) -> ExchangeHost?

    /// - Parameter host: from `host(_:in:)`, or that standing elsewhere.
    func sign(
        _ draft: RequestDraft, with credential: ExchangeCredential, at moment: SigningMoment,
        to host: ExchangeHost
    ) throws(SigningError) -> SignedRequest

    /// The harmless read that tells what a key may do; where there is none, one that tells that it works.
    func probe(in environment: Environment) -> RequestDraft

    /// Reads a successful answer to the probe; nil when it is not one.
    func permissions(in answer: JSONValue) -> ProbedPermissions?

    /// Reads an answer that says no; nil when it says nothing that is known.
    func refusal(status: Int, in answer: JSONValue?) -> ProbeRefusal?

    /// The request by which a key deletes itself, where the exchange has one.
    func deletion(apiKey: String) -> RequestDraft?
}

extension ExchangeAdapter {
    package func deletion(apiKey: String) -> RequestDraft? { nil }

    /// What an answer to the probe says of the key.
    package func permissions(from answer: ProbeAnswer) throws(ProbeRefusal) -> ProbedPermissions {
        let body = answer.json
        // An exchange's own word counts more than the status that its front door puts on it.
        if let refusal = refusal(status: answer.status, in: body) {
            throw refusal.withRetryAfter(answer.retryAfterSeconds)
        }
        switch answer.status {
        case 200..<300: break
        case 418, 429: throw .throttled(retryAfterSeconds: answer.retryAfterSeconds)
        // A front door's page to addresses and countries that it does not like.
        case 403, 451, 500...: throw .unavailable(status: answer.status)
        default: throw .unintelligible(status: answer.status)
        }
        guard let body, var permissions = permissions(in: body) else {
            throw .unintelligible(status: answer.status)
        }
        permissions.makeOneLined()
        permissions.raw = body.bytes
        return permissions
    }
}

extension Exchange {
    package var adapter: (any ExchangeAdapter)? { name.adapter }
}

extension ExchangeName {
    /// One line for each exchange that Keybell can speak with.
    package var adapter: (any ExchangeAdapter)? {
        switch self {
        case .binance: Binance()
        case .bybit: Bybit()
        case .okx: OKX()
        case .kraken: Kraken()
        case .coinbase: Coinbase()
        case .kucoin: KuCoin()
        case .gate, .bitget, .mexc: nil
        }
    }
}
