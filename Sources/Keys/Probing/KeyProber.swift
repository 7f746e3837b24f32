package import Exchanges
package import Kernel

/// Asks exchanges what a key may do.
package struct KeyProber {
    /// A request, and where it goes and comes from.
    package struct Errand: Sendable {
        package let request: SignedRequest
        package let exchange: ExchangeName
        package let environment: Environment
        package let host: String
        package let account: String
        /// The name of the address that it shall leave from; nil: the node's first.
        package let egressAddress: String?
        /// Asked once more when the first byte is about to leave.
        package let mayLeave: @Sendable () -> Bool
    }

    /// Sends a request once; nothing below sends it again.
    package typealias Send =
        nonisolated(nonsending) (Errand) async -> Result<ProbeAnswer, SendFailure>

    package struct SendFailure: Error, Sendable {
        package let reason: String
        package init(_ reason: String) { self.reason = reason }
    }

    private let send: Send
    /// Where a host stands instead, by the settings; never for live keys.
    private let standIn: @Sendable (ExchangeName, Environment, String) -> String?
    private let clock: Clock
    private let entropy: Entropy
    private let delays = AnswerDelays()
    /// Waits so many nanoseconds: what a decoy answers comes no sooner than a real answer.
    private let pause: (UInt64) async -> Void

    package init(
        clock: Clock, entropy: Entropy,
        standIn: @escaping @Sendable (ExchangeName, Environment, String) -> String?,
        pause: @escaping (UInt64) async -> Void, send: @escaping Send
    ) {
        (self.clock, self.entropy, self.standIn, self.send) = (clock, entropy, standIn, send)
        self.pause = pause
    }

    /// What a use of the key was admitted for: one request, sent at most once, not later than a second after.
    /// - Parameter place: which of the hosts that the key may belong to.
    nonisolated(nonsending) func look(
        _ use: KeyUse, at place: Int = 0, in turn: KeySenders.Turn? = nil
    ) async throws -> ProbeSighting {
        let now = clock.now()
        let adapter = use.key.exchange.adapter
        let draft = adapter.probes(in: use.key.environment)[place]
        if use.key.isDecoy {
            await pause(delays.sample(entropy))
            return InventedAnswer(key: use.key).sighting(asked: draft.title, at: now)
        }
        let answer = try await ask(draft, adapter, use, turn)
        let outcome: ProbeOutcome =
            switch answer {
            case .failure(let failure): .unreachable(failure.reason)
            case .success(let answer): try read(answer, adapter, use)
            }
        return ProbeSighting(
            outcome: outcome, status: (try? answer.get())?.status,
            request: draft.title, at: now)
    }

    /// Asks the exchange to delete the key; nil when it says that it did.
    nonisolated(nonsending) func delete(_ use: KeyUse) async throws -> ProbeOutcome? {
        let adapter = use.key.exchange.adapter
        guard let draft = adapter.deletion(apiKey: use.matter.apiKey) else {
            return .unreachable("\(use.key.exchange.rawValue) deletes no keys on request.")
        }
        guard !use.key.isDecoy else {
            await pause(delays.sample(entropy))
            return nil
        }
        switch try await ask(draft, adapter, use) {
        case .failure(let failure): return .unreachable(failure.reason)
        case .success(let answer):
            if try use.matter.isSeen(in: answer.body) {
                return .refused(.unintelligible(status: answer.status))
            }
            return adapter.refusal(ofDeletion: answer).map { .refused($0) }
        }
    }

    private nonisolated(nonsending) func ask(
        _ draft: RequestDraft, _ adapter: any ExchangeAdapter, _ use: KeyUse, _ turn: KeySenders.Turn? = nil
    ) async throws -> Result<ProbeAnswer, SendFailure> {
        let key = use.key
        guard let credential = use.matter.credential else {
            return .failure(SendFailure("There is nothing to ask with."))
        }
        guard let host = host(of: adapter, draft.host, key.environment) else {
            let place = "\(key.exchange.rawValue) has no host for \(key.environment.rawValue)."
            return .failure(SendFailure(place))
        }
        let now = clock.now()
        let moment = SigningMoment(at: now, nonce: use.nonce ?? 0, entropy: entropy)
        let request = try adapter.sign(draft, with: credential, at: moment, to: host)
        try use.leave.check()
        let began = clock.monotonicNanoseconds()
        let answer = await send(
            Errand(
                request: request, exchange: key.exchange, environment: key.environment, host: draft.host,
                account: key.account, egressAddress: key.egressAddress,
                mayLeave: KeySenders.both(use.leave.mayLeave, turn?.mayLeave)))
        if case .success = answer { delays.note(clock.monotonicNanoseconds() &- began) }
        return answer
    }

    private func host(
        of adapter: any ExchangeAdapter, _ alias: String, _ environment: Environment
    ) -> ExchangeHost? {
        adapter.host(
            alias, in: environment, standingAt: standIn(adapter.exchange, environment, alias))
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

extension RequestDraft {
    /// What was asked, for people.
    fileprivate var title: String { "\(method.rawValue) \(host) \(path)" }
}
