import Access
package import Events
import Exchanges
import JSON
package import Jobs
import Kernel

/// Pulls what feeds lack, one request after the other: whoever holds the job's lease does, and what it has
/// stored when it dies, the next one goes on from.
package struct FeedPuller {
    /// Requests of one run.
    static let mostRequests = 60
    /// Where an exchange says that it is asked too often, and not for how long.
    private static let usualWait: Period = .seconds(60)

    let ledger: Ledger
    let analyst: Analyst
    private let line: KlineLine

    package init(ledger: Ledger, analyst: Analyst, line: KlineLine) {
        (self.ledger, self.analyst, self.line) = (ledger, analyst, line)
    }

    package var job: Job {
        Job(
            "candle-feeds", "Pulls closed candles from exchanges, for every feed that is due.",
            every: .seconds(5)
        ) {
            run in
            let count = try await pull(run)
            var result = JSONObject()
            _ = result.append("requests", .number(JSONNumber(count)))
            return result
        }
    }

    private struct Place: Hashable {
        var exchange: ExchangeName
        var environment: Environment

        init(_ feed: CandleFeed) { (exchange, environment) = (feed.exchange, feed.environment) }
    }

    /// What came of one request.
    private enum Outcome {
        case klines([Kline])
        /// It wants to be left alone for a while.
        case shut(String, Period)
        /// Nobody answered.
        case silence(String)
        case failure(String, isRefusal: Bool)
    }

    /// How many requests it sent. New candles go before those that fill up the past, and these before what is
    /// asked for again; the analysis begins with each answer, not after all of them.
    nonisolated(nonsending) func pull(_ run: JobRun) async throws -> Int {
        try await tellEnded(run.context)
        var silent: Set<Place> = []
        var requests = 0
        while requests < Self.mostRequests && !run.isOver {
            let now = ledger.clock.now()
            let due = try await CandleFeedStore.due(
                at: now, limit: CandleFeed.atMost, in: ledger.database
            ).filter { !silent.contains(Place($0)) }
            let isAnswered: Bool
            let asked: CandleFeed
            if let next = due.first(where: { $0.isFresh(at: now) }) ?? due.first {
                asked = next
                isAnswered = try await pull(next, run.context)
            } else if let holed = try await CandleFeedStore.holed(at: now, in: ledger.database),
                !silent.contains(Place(holed)),
                let hole = try await FeedHoleStore.due(of: holed.id, at: now, in: ledger.database)
            {
                asked = holed
                isAnswered = try await fill(hole, holed, run.context)
            } else {
                break
            }
            requests += 1
            // Each further question would wait as long for nothing.
            if !isAnswered { silent.insert(Place(asked)) }
        }
        return requests
    }

    /// False when the exchange answers nobody for a while.
    private nonisolated(nonsending) func pull(_ feed: CandleFeed, _ context: Context) async throws -> Bool {
        guard let dialect = feed.exchange.klines,
            let question = feed.question(at: ledger.clock.now(), dialect)
        else {
            try await settle(feed, context) {
                $0.dueAt = $0.interval.close(of: $0.nextOpen) + CandleFeed.grace
            }
            return true
        }
        switch await ask(question, for: feed) {
        case .klines(let klines): try await store(klines, question, feed, context)
        case .failure(let sentence, let isRefusal):
            try await fail(feed, sentence, isRefusal: isRefusal, context)
        case .silence(let sentence):
            try await fail(feed, sentence, isRefusal: false, context)
            return false
        case .shut(let sentence, let wait):
            try await shutOut(feed, sentence, wait, context)
            return false
        }
        return true
    }

    /// Asks again for what the exchange had not. False when it answers nobody for a while.
    private nonisolated(nonsending) func fill(
        _ hole: FeedHole, _ feed: CandleFeed, _ context: Context
    ) async throws -> Bool {
        let question = feed.question(from: hole.first, to: hole.ends)
        switch await ask(question, for: feed) {
        case .klines(let klines): try await store(klines, question, filling: hole, feed, context)
        case .failure: try await store([], question, filling: hole, feed, context)
        case .silence:
            try await store([], question, filling: hole, feed, context)
            return false
        case .shut(let sentence, let wait):
            try await shutOut(feed, sentence, wait, context)
            return false
        }
        return true
    }

    private nonisolated(nonsending) func ask(
        _ question: KlineQuestion, for feed: CandleFeed
    ) async -> Outcome {
        guard let dialect = feed.exchange.klines, let draft = dialect.draft(question) else {
            return .failure("the exchange has no candles of that interval", isRefusal: true)
        }
        let answer = await line.ask(
            KlineLine.Question(exchange: feed.exchange, environment: feed.environment, draft: draft))
        switch answer {
        case .success(let answered): return Self.read(answered, to: question, of: feed.exchange, dialect)
        case .failure(let failure):
            return failure.wait.map { .shut(failure.sentence, $0) } ?? .silence(failure.sentence)
        }
    }

    private static func read(
        _ answered: KlineLine.Answer, to question: KlineQuestion, of exchange: ExchangeName,
        _ dialect: any KlineDialect
    ) -> Outcome {
        let limits = JSONLimits(textBytes: KlineLine.mostAnswerBytes)
        let json = try? JSONValue.parse(answered.body, limits: limits)
        let refusal = json.flatMap(dialect.refusal)
        let (status, retryAfter) = (answered.status, answered.retryAfterSeconds)
        if let stop = exchange.stop(
            status: status, code: refusal?.code, retryAfter: retryAfter, route: "public")
        {
            let least = retryAfter == nil ? usualWait : .seconds(1)
            return .shut(
                "the exchange is asked too often (status \(status))", max(stop.length, least))
        }
        if status == 200, let klines = json.flatMap({ dialect.klines(in: $0, to: question) }) {
            return .klines(klines)
        }
        guard status == 200 || refusal != nil else {
            return .failure("the exchange answered \(status)", isRefusal: (400..<500).contains(status))
        }
        guard let refusal else { return .failure("the exchange's answer is none", isRefusal: false) }
        return .failure(
            "the exchange answered \(status): \(refusal.code) \(printable(refusal.words))",
            isRefusal: status < 500)
    }

    /// What outsiders wrote, on one line.
    private static func printable(_ text: String) -> String {
        String(
            text.unicodeScalars.filter { $0.value >= 0x20 && $0.value < 0x7F }.prefix(150).map(Character.init)
        )
    }
}
