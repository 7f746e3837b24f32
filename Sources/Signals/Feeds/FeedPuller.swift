import Access
package import Events
import Exchanges
import JSON
package import Jobs
import Kernel
import Postgres

/// Pulls what feeds lack, one request after the other: whoever holds the job's lease does, and what it has
/// stored when it dies, the next one goes on from.
package struct FeedPuller {
    /// Feeds that are looked for at once.
    static let mostAtOnce = 50
    /// Requests of one run, so that a long back-fill gives way to other feeds' new candles.
    static let mostRequests = 60
    /// Where an exchange says that it is asked too often, and not for how long.
    private static let usualWait: Period = .seconds(60)

    private let ledger: Ledger
    private let analyst: Analyst
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
    }

    /// How many requests it sent.
    nonisolated(nonsending) func pull(_ run: JobRun) async throws -> Int {
        var shut: Set<Place> = []
        var requests = 0
        while requests < Self.mostRequests && !run.isOver {
            let due = try await CandleFeedStore.due(
                at: ledger.clock.now(), limit: Self.mostAtOnce, in: ledger.database)
            let open = due.filter {
                !shut.contains(Place(exchange: $0.exchange, environment: $0.environment))
            }
            if open.isEmpty { break }
            for feed in open where requests < Self.mostRequests && !run.isOver {
                let place = Place(exchange: feed.exchange, environment: feed.environment)
                if shut.contains(place) { continue }
                requests += 1
                if try await pull(feed, run.context) { shut.insert(place) }
            }
        }
        analyst.wake()
        return requests
    }

    private enum Outcome {
        case klines([Kline])
        /// It wants to be left alone for a while.
        case shut(String, Period)
        case failure(String, isRefusal: Bool)
    }

    /// True when the exchange shuts us out for a while.
    private nonisolated(nonsending) func pull(_ feed: CandleFeed, _ context: Context) async throws -> Bool {
        guard let dialect = feed.exchange.klines,
            let question = feed.question(at: ledger.clock.now(), dialect), let draft = dialect.draft(question)
        else {
            try await settle(feed, context) {
                $0.dueAt = $0.interval.close(of: $0.nextOpen) + CandleFeed.grace
            }
            return false
        }
        let answer = await line.ask(
            KlineLine.Question(exchange: feed.exchange, environment: feed.environment, draft: draft))
        switch Self.read(answer, to: question, of: feed.exchange, dialect) {
        case .klines(let klines): try await store(klines, question, feed, context)
        case .failure(let sentence, let isRefusal):
            try await fail(feed, sentence, isRefusal: isRefusal, context)
        case .shut(let sentence, let wait):
            // No feed of that exchange asks before: it would be shut out for longer.
            let until = ledger.clock.now() + wait
            try await ledger.database.transaction { transaction in
                try await CandleFeedStore.postpone(
                    feed.exchange, feed.environment, until: until, sentence, in: transaction)
            }
            return true
        }
        return false
    }

    private static func read(
        _ answer: Result<KlineLine.Answer, KlineLine.Failure>, to question: KlineQuestion,
        of exchange: ExchangeName, _ dialect: any KlineDialect
    ) -> Outcome {
        let answered: KlineLine.Answer
        switch answer {
        case .success(let found): answered = found
        case .failure(let failure):
            guard let wait = failure.wait else { return .failure(failure.sentence, isRefusal: false) }
            return .shut(failure.sentence, wait)
        }
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
        let words = refusal.map { ": \($0.code) \(printable($0.words))" } ?? ""
        return .failure(
            "the exchange answered \(status)\(words)", isRefusal: refusal != nil && status < 500)
    }

    /// What outsiders wrote, on one line.
    private static func printable(_ text: String) -> String {
        String(
            text.unicodeScalars.filter { $0.value >= 0x20 && $0.value < 0x7F }.prefix(150).map(Character.init)
        )
    }
}

// MARK: What is kept

extension FeedPuller {
    /// Edits the feed as it stands now, unless somebody has changed it meanwhile.
    private nonisolated(nonsending) func settle(
        _ feed: CandleFeed, _ context: Context, _ edit: (inout CandleFeed) -> Void
    ) async throws {
        try await ledger.change(now(context)) { change in
            guard var current = try await lock(feed, change.transaction) else { return }
            edit(&current)
            try await CandleFeedStore.update(current, in: change.transaction)
        }
    }

    private nonisolated(nonsending) func lock(
        _ feed: CandleFeed, _ transaction: Transaction
    ) async throws -> CandleFeed? {
        let current = try await CandleFeedStore.lock(feed.id, in: transaction)
        guard let current, current.revision == feed.revision, current.nextOpen == feed.nextOpen else {
            return nil
        }
        return current
    }

    /// Candles and progress in one transaction. They are nobody's prices for policy: no person pushed them.
    private nonisolated(nonsending) func store(
        _ klines: [Kline], _ question: KlineQuestion, _ feed: CandleFeed, _ context: Context
    ) async throws {
        let context = now(context)
        let (candles, refused) = feed.closed(klines, to: question, at: context.now)
        var chunk = CandleChunk()
        for (index, candle) in candles.enumerated() {
            _ = chunk.append(candle, feed.symbol, feed.interval, line: index + 1)
        }
        let ledger = ledger
        let full = chunk
        let changed = try await PostgresError.persisting(attempts: CandleWriter.attempts) {
            try await ledger.change(context) { change -> [Int] in
                guard var current = try await lock(feed, change.transaction) else { return [] }
                var result = ChunkWrite.Result()
                if !full.isEmpty {
                    let write = ChunkWrite(
                        tickers: TickerStore(ids: { ledger.newID() }), source: feed.source, token: feed.token)
                    result = try await write.run(full, now: context.now, in: change)
                }
                let since = current.failingSince
                current.advance(past: candles, of: question, at: context.now)
                current.candles += Int64(result.counts.inserted + result.counts.revised)
                current.refused += Int64(refused + result.refused.count)
                if current.isTold, let since {
                    var data = current.fields
                    _ = data.append("failing_since", .string(since.description))
                    change.emit(NewEvent(.candleFeedRecovered, subject: current.id, data: data))
                }
                current.isTold = false
                try await CandleFeedStore.update(current, in: change.transaction)
                return result.changed
            }
        }
        analyst.note(changed)
    }

    private nonisolated(nonsending) func fail(
        _ feed: CandleFeed, _ sentence: String, isRefusal: Bool, _ context: Context
    ) async throws {
        let context = now(context)
        try await ledger.change(context) { change in
            guard var current = try await lock(feed, change.transaction) else { return }
            current.fail(sentence, at: context.now)
            if !current.isTold && (isRefusal || current.failures >= CandleFeed.failuresUntilTold) {
                current.isTold = true
                var data = current.fields
                _ = data.append("failures", .number(JSONNumber(current.failures)))
                _ = data.append("error", .string(current.error ?? ""))
                change.emit(NewEvent(.candleFeedFailed, subject: current.id, data: data))
            }
            try await CandleFeedStore.update(current, in: change.transaction)
        }
    }

    private func now(_ context: Context) -> Context {
        var context = context
        context.now = ledger.clock.now()
        return context
    }
}
