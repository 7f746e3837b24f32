package import JSON
package import Kernel

/// What Keybell must know of an exchange to speak with it: one conforming type a file. Pure: times, nonces
/// and answers come in as values.
package protocol ExchangeAdapter: Sendable {
    var exchange: ExchangeName { get }

    /// How it signs, for people: one for each way, which together name every alias.
    var recipes: [SigningRecipe] { get }

    /// nil where the exchange has no such host.
    func host(_ alias: String, in environment: Environment) -> ExchangeHost?

    /// Signs any request, also a client's: what it wrote goes out to the byte, and only the fields and
    /// headers that the recipe names are added. A draft that holds such a field is refused, see
    /// `RequestDraft.dropping(_:)`.
    /// - Parameter host: from `host(_:in:)`, or that standing elsewhere.
    func sign(
        _ draft: RequestDraft, with credential: ExchangeCredential, at moment: SigningMoment,
        to host: ExchangeHost
    ) throws(SigningError) -> SignedRequest

    /// The harmless read that tells what a key may do; where there is none, one that tells that it works.
    func probe(in environment: Environment) -> RequestDraft

    /// The same on further hosts, in order: where a key may belong to any of several hosts and nothing says
    /// to which, the next one is asked when one does not take the key.
    func furtherProbes(in environment: Environment) -> [RequestDraft]

    /// Reads a successful answer to the probe; nil when it is not one.
    func permissions(in answer: JSONValue) -> ProbedPermissions?

    /// Reads an answer that says no; nil when it says nothing that is known.
    func refusal(status: Int, in answer: JSONValue?) -> ProbeRefusal?

    /// The request by which a key deletes itself, where the exchange has one.
    func deletion(apiKey: String) -> RequestDraft?

    /// Whether that request was carried out, by an answer that is no refusal.
    func isDeleted(by answer: JSONValue) -> Bool

    /// Public requests that list what is traded, of every host that it has; nobody signs them.
    var instrumentLists: [RequestDraft] { get }

    /// Reads an answer to one of those; nil when it is not one. Rows that cannot be read are left out: what
    /// is not known opens nothing.
    func instruments(in answer: JSONValue, to list: RequestDraft) -> [Instrument]?

    /// The public request for what an instrument trades at now; nil where there is none.
    func ticker(of instrument: Instrument) -> RequestDraft?

    /// Reads an answer to that, in the quote currency; nil when it is not one, or about something else.
    func price(in answer: JSONValue, of instrument: Instrument) -> Decimal?

    /// Codes of refusals that say of a key that it is none, or none any more. Wrong signatures, frozen keys
    /// and other environments are refused, too, while the key lives on.
    var codesOfNoKey: Set<String> { get }
}

extension ExchangeAdapter {
    /// The host, or a stand-in that the settings name for it. A stand-in may play an environment that the
    /// exchange itself has not, never `live`.
    package func host(
        _ alias: String, in environment: Environment, standingAt base: @autoclosure () -> String?
    ) -> ExchangeHost? {
        guard environment != .live, let base = base() else { return host(alias, in: environment) }
        return (host(alias, in: environment) ?? host(alias, in: .live))?.standing(at: base)
    }

    package func furtherProbes(in environment: Environment) -> [RequestDraft] { [] }

    package func probes(in environment: Environment) -> [RequestDraft] {
        [probe(in: environment)] + furtherProbes(in: environment)
    }

    package func deletion(apiKey: String) -> RequestDraft? { nil }
    package func isDeleted(by answer: JSONValue) -> Bool { false }

    /// Whether an answer says that the request's time was none of the exchange's.
    package func refusesClock(_ status: Int, _ answer: JSONValue?) -> Bool {
        if case .clockRefused = refusal(status: status, in: answer) { true } else { false }
    }

    /// What an answer to the deletion says: nil when it was carried out.
    package func refusal(ofDeletion answer: ProbeAnswer) -> ProbeRefusal? {
        let body = answer.json
        if let refusal = refusal(status: answer.status, in: body) { return refusal }
        if (200..<300).contains(answer.status), let body, isDeleted(by: body) { return nil }
        return .unintelligible(status: answer.status)
    }

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

extension ExchangeName {
    package var adapter: any ExchangeAdapter {
        switch self {
        case .binance: Binance()
        case .bybit: Bybit()
        case .okx: OKX()
        case .kraken: Kraken()
        case .coinbase: Coinbase()
        case .kucoin: KuCoin()
        case .gate: Gate()
        case .bitget: Bitget()
        case .mexc: MEXC()
        }
    }
}
