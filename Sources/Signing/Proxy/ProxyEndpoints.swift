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

    private let batcher: UseBatcher
    private let hosts: ExchangeHosts
    private let clocks: ExchangeClocks
    let line: ExchangeLine
    private let keeper: LineKeeper?
    private let outcomes: OutcomeBook
    private let weights: WeightBook
    /// Who keeps what needs an approval; nil: nobody.
    private let approvals: UseApprovals?
    /// Set for what leaves while the database is gone.
    private let away: AwayMode?
    private let entropy: Entropy
    private let delays = AnswerDelays()
    private var clock: Clock { batcher.ledger.clock }
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
                handle: proxy)
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
        let turn = try await batcher.turn(of: asked)
        defer { turn?.end() }
        return try await carryOut(asked, request, timing, turn)
    }

    /// What is asked for, from the bytes as they came.
    nonisolated(nonsending) func use(
        _ request: Request, _ context: Context
    ) async throws -> UseRequest {
        let id = try request.keyID()
        let prefix = "/v1/keys/\(request.pathParameter("key_id"))/proxy/\(request.pathParameter("host"))/"
        let path = request.head.pathBytes
        guard path.starts(with: prefix.utf8) else { throw Problem.notFound("path") }
        let body = try await request.body.collect(limit: Self.bodyBytes)
        let type = request.head.headers[.contentType]
        return UseRequest(
            .proxy, id,
            IncomingRequest(
                request.head.method.name, host: request.pathParameter("host"),
                path: "/" + String(decoding: path.dropFirst(prefix.utf8.count), as: UTF8.self),
                query: request.head.query ?? "", contentType: body.isEmpty ? nil : type, body: body),
            context)
    }

    private nonisolated(nonsending) func carryOut(
        _ asked: UseRequest, _ request: Request, _ timing: ProxyTiming, _ turn: KeySenders.Turn?
    ) async throws -> Response {
        let asked = try await holdings.adding(to: asked, turn)
        let hold = hold()
        defer { hold.giveBack() }
        var parked: Response?
        let decision: UseDecision
        do {
            decision = try await batcher.decide(asked, isReady: turn != nil) { key, read in
                parked = try await approvals?.parked(request, asked, read, by: batcher)
                if parked != nil { throw UseApprovals.Waits() }
                let address = try batcher.book.egress.chosen(for: key)
                try await hold.take(
                    key, read, from: address, servesExit: asked.holdings != nil, pause: line.pause)
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
            note(use, .unsent, since: began)
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
        guard failure.mayHaveArrived, use.meaning.operation != .read else {
            note(use, .unsent, since: began, refunds: true)
            return Problem(.exchangeUnavailable, failure.sentence + " Nothing was done.")
        }
        note(use, .unknown, since: began)
        return unknown(failure.sentence, of: use)
    }

    private func unknown(_ sentence: String, of use: AdmittedUse) -> Problem {
        Problem(
            .outcomeUnknown,
            "\(sentence) It may have been carried out: look for it by its client order id. "
                + "It is not sent again.",
            members: [
                ("client_order_ids", .array(use.clientOrderIDs.map { .string($0) }))
            ])
    }
}

// MARK: Answers

extension ProxyEndpoints {
    /// An answer that must be understood before it is passed on is held, and is no longer than this.
    private static let readAtMost = 1 << 20
    /// A longer answer to a read is passed on as it comes.
    private static let partBytes = 64 << 10
    private static let tooLong = "The exchange's answer is too long to pass on."

    private func passOn(
        _ answer: ExchangeAnswer, of use: AdmittedUse, since began: UInt64, _ hold: WeightHold? = nil
    ) throws -> Response {
        let exchange = use.key.key.exchange
        let value =
            answer.body.count <= Self.readAtMost
            ? try? JSONValue.parse(answer.body, limits: JSONLimits(textBytes: Self.readAtMost)) : nil
        let outcome = RequestOutcome(of: exchange, status: answer.status, answer: value)
        hold?.settle(answer.status, answer.headers, code: outcome.code)
        let isRead = use.meaning.operation == .read
        let isUnreadable = value == nil && !answer.body.isEmpty
        let kind: UsageRecord.Outcome =
            switch outcome.kind {
            // Some answer 200 to what they refuse, and say so inside.
            case .accepted: isUnreadable && !isRead ? .unknown : .accepted
            case .refused: .refused
            case .unknown: isRead ? .refused : .unknown
            }
        note(
            use, kind, since: began, status: answer.status, code: outcome.code, refunds: kind == .refused)
        guard let status = HTTPStatus(code: answer.status), !answer.isTruncated else {
            throw withheld(Self.tooLong, .exchangeUnavailable, kind, of: use)
        }
        if try holdsCredential(answer, value, of: use) { throw opensAccount(answer, kind, of: use) }
        return response(status, answer, status.allowsBody ? .bytes(answer.body) : .none, of: use)
    }

    private func response(
        _ status: HTTPStatus, _ answer: ExchangeAnswer, _ body: Response.Body, of use: AdmittedUse
    ) -> Response {
        var response = Response(status, body: body)
        for header in answer.headers where ProxyHeaders.isBack(header.name) {
            // Ours stands there already.
            if header.name.lowercased() == "date" { continue }
            if let name = HeaderName(parsing: header.name) { response.head.add(name, header.value) }
        }
        return response.ofProxy(use)
    }

    private func opensAccount(
        _ answer: ExchangeAnswer, _ kind: UsageRecord.Outcome, of use: AdmittedUse
    ) -> Problem {
        withheld(
            "The exchange answered \(answer.status) with something that opens an account. It is withheld.",
            .policyDenied, kind, of: use)
    }

    /// A long answer to a read, as it comes. Once its head is out, one that breaks off, is too long or holds
    /// what opens an account ends without its end, and the connection with it.
    private func passOn(
        _ answer: ExchangeAnswer, _ rest: @escaping () async throws -> [UInt8]?, of use: AdmittedUse,
        since began: UInt64, _ hold: WeightHold
    ) throws -> Response {
        let outcome = RequestOutcome(of: use.key.key.exchange, status: answer.status, answer: nil)
        hold.settle(answer.status, answer.headers, code: outcome.code)
        let kind: UsageRecord.Outcome = outcome.kind == .accepted ? .accepted : .refused
        note(use, kind, since: began, status: answer.status, refunds: kind == .refused)
        guard let status = HTTPStatus(code: answer.status), status.allowsBody,
            answer.announcedBytes <= ExchangeLine.answerBytesAtMost
        else { throw withheld(Self.tooLong, .exchangeUnavailable, kind, of: use) }
        var watch = AnswerWatch(for: use.key, looksForOthers: !use.judgement.revealsCredentials)
        let first: [UInt8]
        do {
            first = try watch.pass(answer.body)
        } catch is AnswerWatch.Found {
            throw opensAccount(answer, kind, of: use)
        }
        let body = Response.Body.stream { writer in
            try await writer.write(first)
            while let part = try await rest() { try await writer.write(try watch.pass(part)) }
            try await writer.write(watch.last())
        }
        return response(status, answer, body, of: use)
    }

    /// An answer that is not passed on. Whoever sent an order must not take it for one that was not placed.
    private func withheld(
        _ sentence: String, _ code: ProblemCode, _ kind: UsageRecord.Outcome, of use: AdmittedUse
    ) -> Problem {
        let acts = use.meaning.operation == .trade || use.meaning.operation == .cancel
        return acts && kind != .refused ? unknown(sentence, of: use) : Problem(code, sentence)
    }

    /// What opens an account is withheld unless the policy lets it through; what opens this one always.
    private func holdsCredential(
        _ answer: ExchangeAnswer, _ value: JSONValue?, of use: AdmittedUse
    ) throws -> Bool {
        if try use.key.isSeen(in: answer.body) { return true }
        // As JSON it may be spelled in other ways: `\/` for `/`.
        if let value, answer.body.contains(UInt8(ascii: "\\")), try use.key.isSeen(in: value.bytes) {
            return true
        }
        return use.meaning.operation != .stream && value?.holdsCredential == true
            && !use.judgement.revealsCredentials
    }

    private func note(
        _ use: AdmittedUse, _ outcome: UsageRecord.Outcome, since began: UInt64, status: Int? = nil,
        code: String? = nil, refunds: Bool = false
    ) {
        var entry = OutcomeBook.Entry(
            usage: use.usage, key: use.key.key.id, at: use.at, outcome: outcome, status: status, code: code,
            microseconds: Int64((clock.monotonicNanoseconds() &- began) / 1_000))
        if refunds, let snapshot = batcher.snapshots.current(use.key.key.id) {
            entry.refunds = use.judgement.charges.filter { $0.count == .notional }.map { charge in
                (snapshot.counter(charge), charge.amount, charge.windowSeconds)
            }
        }
        if away?.note(entry) != true { outcomes.note(entry) }
    }
}

extension Response {
    /// What every answer of a proxy says: whose it is, and that a browser must not make anything of it.
    fileprivate func ofProxy(_ use: AdmittedUse) -> Response {
        let response = header("keybell-upstream", "yes").header("keybell-usage-id", use.usage.description)
            .header(.contentSecurityPolicy, "sandbox").header(.cacheControl, "no-store")
        return use.listedOrderIDs.map { response.header("keybell-client-order-ids", $0) } ?? response
    }
}

extension AdmittedUse {
    /// As a header lists them; nil for what places no orders.
    fileprivate var listedOrderIDs: String? {
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

extension ExchangeAnswer {
    /// The length of its body, as its head tells it.
    fileprivate var announcedBytes: Int {
        headers.first { $0.name.lowercased() == "content-length" }.flatMap { Int($0.value) } ?? 0
    }
}

extension LineKeeper.Place {
    fileprivate init(_ use: AdmittedUse, from source: IPAddress?) {
        let key = use.key.key
        self.init(
            market: MarketPlace(key.exchange, key.environment, host: use.draft.host), source: source)
    }
}
