package import Access
import Events
import Exchanges
import HTTPServer
import JSON
package import Kernel
import Keys

/// `ANY /v1/keys/{key_id}/proxy/{host}/{path}`: Keybell sends the request, and the caller never sees a
/// signature. See Docs/bots.md for the contract.
package struct ProxyEndpoints {
    /// A batch of orders is far below.
    static let bodyBytes = 256 * 1_024

    let batcher: UseBatcher
    private let hosts: ExchangeHosts
    let clocks: ExchangeClocks
    let line: ExchangeLine
    private let keeper: LineKeeper?
    let outcomes: OutcomeBook
    private let weights: WeightBook
    /// Who keeps what needs an approval; nil: nobody.
    private let approvals: UseApprovals?
    /// Set for what leaves while the database is gone.
    let away: AwayMode?
    private let entropy: Entropy
    private let delays = AnswerDelays()
    var clock: Clock { batcher.ledger.clock }
    private var holdings: HoldingsReading {
        HoldingsReading(
            batcher: batcher, hosts: hosts, clocks: clocks, line: line, outcomes: outcomes, weights: weights,
            entropy: entropy)
    }

    package init(
        batcher: UseBatcher, hosts: ExchangeHosts, clocks: ExchangeClocks, line: ExchangeLine,
        keeper: LineKeeper? = nil, outcomes: OutcomeBook, weights: WeightBook, entropy: Entropy,
        approvals: UseApprovals? = nil, away: AwayMode? = nil
    ) {
        (self.approvals, self.away) = (approvals, away)
        (self.batcher, self.hosts, self.clocks, self.line) = (batcher, hosts, clocks, line)
        (self.keeper, self.outcomes, self.weights, self.entropy) = (keeper, outcomes, weights, entropy)
    }

    package var operations: [Operation] {
        let methods: [(HTTPMethod, String)] = [
            (.get, "proxyGet"), (.post, "proxyPost"), (.put, "proxyPut"), (.delete, "proxyDelete"),
            (.patch, "proxyPatch"),
        ]
        let errors: [ProblemCode] = [
            .notFound, .conflict, .keyTampered, .policyDenied, .outcomeUnknown, .exchangeUnavailable,
            .exchangeRateLimited, .approvalRequired,
        ]
        return methods.map { method, id in
            Operation(
                method, "/v1/keys/{key_id}/proxy/{host}/{path*}", id: id, requires: .scoped(.keysProxy),
                errors: errors + (method == .post ? [.alreadySent] : []), bodyLimit: Self.bodyBytes,
                repeats: method == .post ? .sending : .nothing, acts: true, settlesItself: true,
                tokensOnly: true, handle: proxy)
        }
    }
}

// MARK: Steps

extension ProxyEndpoints {
    private nonisolated(nonsending) func proxy(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        let timing = ProxyTiming(clock)
        return try await timing.told { try await proxy(request, context, timing) }
    }

    private nonisolated(nonsending) func proxy(
        _ request: Request, _ context: Context, _ timing: ProxyTiming
    ) async throws -> Response {
        let asked = try await use(request, context)
        let hold = hold()
        defer { hold.giveBack() }
        let turn = try await batcher.turn(of: asked) { snapshot, read in
            try await weigh(asked, read, hold, snapshot, pause: line.pause)
        }
        defer { turn?.end() }
        return try await carryOut(asked, request, timing, hold, turn)
    }

    /// What is asked for, from the bytes as they came.
    nonisolated(nonsending) func use(
        _ request: Request, _ context: Context
    ) async throws -> UseRequest {
        let id = try request.keyID()
        // `/v1/keys/{key_id}/proxy/{host}/`, and behind it what is the exchange's. No host of any is spelled
        // otherwise than plainly.
        let parts = request.head.pathBytes.split(
            separator: UInt8(ascii: "/"), maxSplits: 6, omittingEmptySubsequences: false
        ).map { String(decoding: $0, as: UTF8.self) }
        guard parts.count == 7 else { throw Problem.notFound("path") }
        let body = try await request.body.collect(limit: Self.bodyBytes)
        let type = request.head.headers[.contentType]
        let incoming = IncomingRequest(
            request.head.method.name, host: parts[5], path: "/" + parts[6], query: request.head.query ?? "",
            contentType: body.isEmpty ? nil : type, body: body)
        try StrayToken.refuse(in: incoming, as: .sent)
        return UseRequest(.proxy, id, incoming, context)
    }

    private nonisolated(nonsending) func carryOut(
        _ asked: UseRequest, _ request: Request, _ timing: ProxyTiming, _ hold: WeightHold,
        _ turn: KeySenders.Turn?
    ) async throws -> Response {
        let asked = try await holdings.adding(to: asked, turn)
        var parked: Response?
        let decision: UseDecision
        do {
            decision = try await batcher.decide(asked, isReady: turn != nil) { snapshot, read in
                parked = try await approvals?.parked(request, asked, read, by: batcher)
                if parked != nil { throw UseApprovals.Waits() }
                // Whoever has the turn was weighed before it, or is weighed without waiting.
                if turn != nil, hold.isWeighed { return }
                try await weigh(asked, read, hold, snapshot, pause: turn == nil ? line.pause : nil)
            }
        } catch is UseApprovals.Waits {
            if let parked { return parked }
            throw Problem(.conflict, "It could not be kept for approval.")
        }
        switch decision {
        case .denied(let denied):
            timing.decided(in: denied.at)
            try await approvals?.tell(request, asked.context, denied)
            throw Problem.denied(denied, to: asked.context)
        case .admitted(let use):
            timing.decided(in: use.at)
            do {
                return try await send(use, request, hold, turn)
            } catch let problem as Problem {
                throw problem.of(use)
            }
        }
    }

    /// A denial comes first: it is on the record even while the exchange takes nothing.
    private nonisolated(nonsending) func weigh(
        _ asked: UseRequest, _ read: ReadUse, _ hold: WeightHold, _ snapshot: KeySnapshot,
        pause: ((UInt64) async -> Void)?
    ) async throws {
        let key = snapshot.key
        try await hold.take(
            key, read, from: batcher.book.egress.choose(key.egressAddress),
            servesExit: snapshot.isExit(read.meaning),
            unless: { try await !batcher.trial(of: asked).judgement.isAllowed }, pause: pause)
    }

    /// What the request will take of the exchange's budgets.
    func hold() -> WeightHold { WeightHold(weights, clocks, clock) }

    nonisolated(nonsending) func send(
        _ use: AdmittedUse, _ request: Request, _ hold: WeightHold, _ turn: KeySenders.Turn?
    ) async throws -> Response {
        let began = clock.monotonicNanoseconds()
        let (signed, source): (SignedRequest, IPAddress?)
        do {
            try use.leave.check()
            source = try hold.source(of: use.key.key)
            signed = try use.signed(at: use.moment(by: clocks, is: clock.now(), entropy), to: hosts)
        } catch {
            note(use, .unsent, since: began, refunds: true)
            throw error
        }
        let isRead = use.meaning.operation == .read
        let message = ExchangeLine.Message(
            request: signed, headers: ProxyHeaders.towards(request), mayResend: isRead,
            mayLeave: KeySenders.both(use.leave.mayLeave, turn?.mayLeave),
            source: source,
            answerBytesAtMost: isRead ? ExchangeLine.answerBytesAtMost : Self.readAtMost,
            partBytes: isRead ? Self.partBytes : nil)
        guard !use.key.key.isDecoy else { return try passOn(await invented(for: use), of: use, since: began) }
        switch await line.open(message) {
        case .success(let opened):
            delays.note(clock.monotonicNanoseconds() &- began)
            keeper?.note(.init(use, from: message.source), status: opened.answer.status)
            guard let rest = opened.rest else {
                return try passOn(opened.answer, of: use, since: began, hold)
            }
            return try passOn(opened.answer, rest, of: use, since: began, hold)
        case .failure(let failure):
            if failure.mayHaveArrived { hold.lose() }
            throw refusal(failure, of: use, since: began)
        }
    }

    /// Bait is never shown to an exchange: it is no key there, and answers so, after as long as others take.
    private nonisolated(nonsending) func invented(for use: AdmittedUse) async -> ExchangeAnswer {
        await line.pause(delays.sample(entropy))
        let dialect = ExchangeDialect(of: use.key.key.exchange)
        let (wording, body) = dialect.refusal(.unauthenticated, "Invalid API key.")
        return ExchangeAnswer(
            status: wording.status,
            headers: [("content-type", wording.isJSON ? "application/json" : "text/plain")], body: body,
            isTruncated: false)
    }

    private func refusal(_ failure: ExchangeFailure, of use: AdmittedUse, since began: UInt64) -> Problem {
        guard failure.mayHaveArrived else {
            note(use, .unsent, since: began, refunds: true)
            return Problem(.exchangeUnavailable, failure.sentence + " Nothing was done.")
        }
        note(use, .unknown, since: began)
        guard use.meaning.operation != .read else {
            return Problem(.exchangeUnavailable, failure.sentence + " It only reads: ask again.")
        }
        return unknown(failure.sentence, of: use)
    }

    /// Of what may have been carried out, and must not be repeated.
    func unknown(_ sentence: String, of use: AdmittedUse) -> Problem {
        let place =
            use.clientOrderIDs.isEmpty
            ? "look at the exchange whether it was" : "look for it by its client order id"
        return Problem(
            .outcomeUnknown, "\(sentence) It may have been carried out: \(place). It is not sent again.",
            members: [("client_order_ids", .array(use.clientOrderIDs.map { .string($0) }))])
    }
}

extension AdmittedUse {
    /// As a header lists them; nil for what places no orders.
    var listedOrderIDs: String? {
        clientOrderIDs.isEmpty ? nil : clientOrderIDs.prefix(20).joined(separator: ", ")
    }
}

extension Problem {
    fileprivate func of(_ use: AdmittedUse) -> Problem {
        var problem = self
        problem.headers.append(("keybell-usage-id", use.usage.description))
        if let ids = use.listedOrderIDs { problem.headers.append(("keybell-client-order-ids", ids)) }
        return problem
    }
}

extension LineKeeper.Place {
    fileprivate init(_ use: AdmittedUse, from source: IPAddress?) {
        let key = use.key.key
        self.init(
            market: MarketPlace(key.exchange, key.environment, host: use.draft.host), source: source)
    }
}
