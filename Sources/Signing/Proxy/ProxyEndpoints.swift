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
    private let line: ExchangeLine
    private let outcomes: OutcomeBook
    private let weights: WeightBook
    private let entropy: Entropy
    private let delays = AnswerDelays()
    private var clock: Clock { batcher.ledger.clock }

    package init(
        batcher: UseBatcher, hosts: ExchangeHosts, clocks: ExchangeClocks, line: ExchangeLine,
        outcomes: OutcomeBook, weights: WeightBook, entropy: Entropy
    ) {
        (self.batcher, self.hosts, self.clocks, self.line) = (batcher, hosts, clocks, line)
        (self.outcomes, self.weights, self.entropy) = (outcomes, weights, entropy)
    }

    package var operations: [Operation] {
        let methods: [(HTTPMethod, String)] = [
            (.get, "proxyGet"), (.post, "proxyPost"), (.put, "proxyPut"), (.delete, "proxyDelete"),
            (.patch, "proxyPatch"),
        ]
        return methods.map { method, id in
            Operation(
                method, "/v1/keys/{key_id}/proxy/{host}/{path*}", id: id, requires: .permission(.keysProxy),
                errors: [
                    .notFound, .conflict, .keyTampered, .policyDenied, .outcomeUnknown, .exchangeUnavailable,
                    .exchangeRateLimited,
                ],
                bodyLimit: Self.bodyBytes, repeats: .nothing, acts: true, settlesItself: true, handle: proxy)
        }
    }
}

// MARK: Steps

extension ProxyEndpoints {
    private nonisolated(nonsending) func proxy(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        let received = clock.monotonicNanoseconds()
        let asked = try await use(request, context)
        let turn = try await batcher.turn(of: asked.key)
        defer { turn?.end() }
        return try await carryOut(asked, request, received, turn)
    }

    /// What is asked for, from the bytes as they came.
    private nonisolated(nonsending) func use(
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
        _ asked: UseRequest, _ request: Request, _ received: UInt64, _ turn: KeySenders.Turn?
    ) async throws -> Response {
        let hold = WeightHold(weights, clocks, clock)
        defer { hold.giveBack() }
        let decision = try await batcher.decide(asked) { key, read in
            let address = try batcher.book.egress.chosen(for: key)
            try await hold.take(key, read, from: address, pause: line.pause)
        }
        switch decision {
        case .denied(let denied): throw Problem.denied(denied, to: asked.context)
        case .admitted(let use):
            let committed = clock.monotonicNanoseconds()
            do {
                let response = try await send(use, request, hold, turn)
                let timing = Self.timing(received, committed, clock.monotonicNanoseconds())
                return response.header("server-timing", timing)
            } catch let problem as Problem {
                throw problem.of(use)
            }
        }
    }

    private static func timing(_ received: UInt64, _ committed: UInt64, _ answered: UInt64) -> String {
        let milliseconds = { (from: UInt64, to: UInt64) -> String in
            let micros = (to &- from) / 1_000
            let rest = String(micros % 1_000)
            return "\(micros / 1_000).\(String(repeating: "0", count: 3 - rest.count))\(rest)"
        }
        return "commit;dur=\(milliseconds(received, committed)), "
            + "exchange;dur=\(milliseconds(committed, answered))"
    }

    private nonisolated(nonsending) func send(
        _ use: AdmittedUse, _ request: Request, _ hold: WeightHold, _ turn: KeySenders.Turn?
    ) async throws -> Response {
        let began = clock.monotonicNanoseconds()
        let signed: SignedRequest
        do {
            try use.leave.check()
            signed = try use.signed(at: use.moment(by: clocks, is: clock.now(), entropy), to: hosts)
        } catch {
            note(use, .unsent, since: began)
            throw error
        }
        let message = ExchangeLine.Message(
            request: signed, headers: ProxyHeaders.towards(request),
            mayResend: use.meaning.operation == .read,
            mayLeave: KeySenders.both(use.leave.mayLeave, turn?.mayLeave),
            source: try batcher.book.egress.chosen(for: use.key.key).source)
        guard !use.key.key.isDecoy else { return try passOn(await invented(for: use), of: use, since: began) }
        switch await line.send(message) {
        case .success(let answer):
            delays.note(clock.monotonicNanoseconds() &- began)
            return try passOn(answer, of: use, since: began, hold)
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
    private static let readAtMost = 1 << 20

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
            let sentence = "The exchange's answer is too long to pass on."
            throw withheld(sentence, .exchangeUnavailable, kind, of: use)
        }
        if try holdsCredential(answer, value, of: use) {
            let sentence =
                "The exchange answered \(answer.status) with something that opens an account. It is withheld."
            throw withheld(sentence, .policyDenied, kind, of: use)
        }
        var response = Response(status, body: status.allowsBody ? .bytes(answer.body) : .none)
        for header in answer.headers where ProxyHeaders.isBack(header.name) {
            // Ours stands there already.
            if header.name.lowercased() == "date" { continue }
            if let name = HeaderName(parsing: header.name) { response.head.add(name, header.value) }
        }
        return response.ofProxy(use)
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
            usage: use.usage, at: use.at, outcome: outcome, status: status, code: code,
            microseconds: Int64((clock.monotonicNanoseconds() &- began) / 1_000))
        if refunds, let snapshot = batcher.snapshots.current(use.key.key.id) {
            entry.refunds = use.judgement.charges.filter { $0.count == .notional }.map { charge in
                (snapshot.counter(charge), charge.amount, charge.windowSeconds)
            }
        }
        outcomes.note(entry)
    }
}

extension Response {
    /// What every answer of a proxy says: whose it is, and that a browser must not make anything of it.
    fileprivate func ofProxy(_ use: AdmittedUse) -> Response {
        let response = header("keybell-upstream", "yes").header("keybell-usage-id", use.usage.description)
            .header(.contentSecurityPolicy, "sandbox").header(.cacheControl, "no-store")
        guard !use.clientOrderIDs.isEmpty else { return response }
        return response.header(
            "keybell-client-order-ids", use.clientOrderIDs.prefix(20).joined(separator: ", "))
    }
}

extension Problem {
    fileprivate func of(_ use: AdmittedUse) -> Problem {
        var problem = self
        problem.headers.append(("keybell-usage-id", use.usage.description))
        return problem
    }
}
