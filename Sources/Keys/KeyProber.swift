package import Exchanges
package import Kernel

/// Asks exchanges what a key may do.
package struct KeyProber {
    /// Sends a request once; nothing below sends it again.
    package typealias Send = nonisolated(nonsending) (SignedRequest) async -> Result<ProbeAnswer, SendFailure>

    package struct SendFailure: Error, Sendable {
        package let reason: String
        package init(_ reason: String) { self.reason = reason }
    }

    private let send: Send
    /// Where a host stands instead, by the settings; never for live keys.
    private let standIn: @Sendable (ExchangeName, Environment, String) -> String?
    private let clock: Clock
    private let entropy: Entropy

    package init(
        clock: Clock, entropy: Entropy,
        standIn: @escaping @Sendable (ExchangeName, Environment, String) -> String?, send: @escaping Send
    ) {
        (self.clock, self.entropy, self.standIn, self.send) = (clock, entropy, standIn, send)
    }

    /// What a use of the key was admitted for: one request, sent at most once, not later than a second after.
    nonisolated(nonsending) func probe(_ use: KeyUse) async throws -> ProbeOutcome {
        let key = use.key
        guard let adapter = key.exchange.adapter, let credential = use.matter.credential else {
            return .unreachable("There is nothing to ask with.")
        }
        let draft = adapter.probe(in: key.environment)
        guard let host = host(of: adapter, draft.host, key.environment) else {
            return .unreachable("\(key.exchange.rawValue) has no host for \(key.environment.rawValue).")
        }
        let now = clock.now()
        let moment = SigningMoment(at: now, nonce: UInt64(max(now.microseconds, 0)), entropy: entropy)
        let request = try adapter.sign(draft, with: credential, at: moment, to: host)
        try use.checkStillValid()
        switch await send(request) {
        case .failure(let failure): return .unreachable(failure.reason)
        case .success(let answer): return try read(answer, adapter, use)
        }
    }

    private func host(
        of adapter: any ExchangeAdapter, _ alias: String, _ environment: Environment
    ) -> ExchangeHost? {
        guard let host = adapter.host(alias, in: environment) else { return nil }
        guard environment != .live, let base = standIn(adapter.exchange, environment, alias) else {
            return host
        }
        return host.standing(at: base)
    }

    private func read(
        _ answer: ProbeAnswer, _ adapter: any ExchangeAdapter, _ use: KeyUse
    ) throws -> ProbeOutcome {
        // Whatever an exchange says of a key is stored and shown; its secret must not come along.
        guard try !use.matter.isSeen(in: answer.body) else {
            return .refused(.unintelligible(status: answer.status))
        }
        do throws(ProbeRefusal) {
            return .confirmed(try adapter.permissions(from: answer))
        } catch {
            return .refused(error)
        }
    }
}
