import Access
import Events
import Exchanges
import HTTPServer
import JSON
import Kernel
import Keys

// MARK: Answers

extension ProxyEndpoints {
    /// An answer that must be understood before it is passed on is held, and is no longer than this.
    static let readAtMost = 1 << 20
    /// A longer answer to a read is passed on as it comes.
    static let partBytes = 64 << 10
    private static let tooLong = "The exchange's answer is too long to pass on."

    func passOn(
        _ answer: ExchangeAnswer, of use: AdmittedUse, since began: UInt64, _ hold: WeightHold? = nil
    ) throws -> Response {
        let exchange = use.key.key.exchange
        let value =
            answer.body.count <= Self.readAtMost
            ? try? JSONValue.parse(answer.body, limits: JSONLimits(textBytes: Self.readAtMost)) : nil
        let isRead = use.meaning.operation == .read
        let outcome = RequestOutcome(of: exchange, status: answer.status, answer: value, isRead: isRead)
        hold?.settle(answer.status, answer.headers, code: outcome.code)
        let isUnreadable = value == nil && !answer.body.isEmpty
        if outcome.kind != .accepted, exchange.adapter.refusesClock(answer.status, value) {
            clocks.doubt(ExchangeClocks.Place(exchange, use.key.key.environment), at: clock.now())
        }
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
        return try response(status, answer, status.allowsBody ? .bytes(answer.body) : .none, of: use)
    }

    private func response(
        _ status: HTTPStatus, _ answer: ExchangeAnswer, _ body: Response.Body, of use: AdmittedUse
    ) throws -> Response {
        var response = Response(status, body: body)
        for header in answer.headers where ProxyHeaders.isBack(header.name) {
            // Ours stands there already.
            if header.name.lowercased() == "date" { continue }
            if try use.key.isSeen(in: Array(header.value.utf8)) { continue }
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
    func passOn(
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
        return try response(status, answer, body, of: use)
    }

    /// An answer that is not passed on. Whoever sent more than a question must not take it for what was not
    /// done.
    private func withheld(
        _ sentence: String, _ code: ProblemCode, _ kind: UsageRecord.Outcome, of use: AdmittedUse
    ) -> Problem {
        let acts = use.meaning.operation != .read
        return acts && kind != .refused ? unknown(sentence, of: use) : Problem(code, sentence)
    }

    /// What opens an account is withheld unless the policy lets it through; what opens this one always.
    private func holdsCredential(
        _ answer: ExchangeAnswer, _ value: JSONValue?, of use: AdmittedUse
    ) throws -> Bool {
        if try AnswerWatch.isSeen(use.key, in: answer.body) { return true }
        // As JSON it may be spelled in other ways: `\/` for `/`.
        if let value, answer.body.contains(UInt8(ascii: "\\")), try use.key.isSeen(in: value.bytes) {
            return true
        }
        return use.meaning.operation != .stream && value?.holdsCredential == true
            && !use.judgement.revealsCredentials
    }

    func note(
        _ use: AdmittedUse, _ outcome: UsageRecord.Outcome, since began: UInt64, status: Int? = nil,
        code: String? = nil, refunds: Bool = false
    ) {
        var entry = OutcomeBook.Entry(
            usage: use.usage, key: use.key.key.id, at: use.at, outcome: outcome, status: status, code: code,
            microseconds: Int64((clock.monotonicNanoseconds() &- began) / 1_000))
        if refunds { entry.refund(use) }
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

extension ExchangeAnswer {
    /// The length of its body, as its head tells it.
    fileprivate var announcedBytes: Int {
        headers.first { $0.name.lowercased() == "content-length" }.flatMap { Int($0.value) } ?? 0
    }
}
