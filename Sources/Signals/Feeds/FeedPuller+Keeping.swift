import Access
import Events
import Exchanges
import Kernel
import Postgres

/// What is kept of an answer, and told.
extension FeedPuller {
    /// Edits the feed as it stands now, unless somebody has changed it meanwhile.
    nonisolated(nonsending) func settle(
        _ feed: CandleFeed, _ context: Context, _ edit: (inout CandleFeed) -> Void
    ) async throws {
        try await ledger.change(now(context)) { change in
            guard var current = try await lock(feed, change) else { return }
            edit(&current)
            try await CandleFeedStore.update(current, in: change.transaction)
        }
    }

    private nonisolated(nonsending) func lock(
        _ feed: CandleFeed, _ change: Change
    ) async throws -> CandleFeed? {
        let current = try await CandleFeedStore.lock(feed.id, in: change.transaction)
        guard let current, current.revision == feed.revision, current.nextOpen == feed.nextOpen,
            current.endsAt == feed.endsAt
        else { return nil }
        return current
    }

    /// Candles and progress in one transaction. They are nobody's prices for policy: no person pushed them.
    nonisolated(nonsending) func store(
        _ klines: [Kline], _ question: KlineQuestion, _ feed: CandleFeed, _ context: Context
    ) async throws {
        let context = now(context)
        let page = FeedPage(klines, to: question, of: feed, at: context.now)
        if let mistake = page.mistake { return try await fail(feed, mistake, isRefusal: false, context) }
        try await keep(page, feed, context) { current, result, change in
            let since = current.failingSince
            let holes = current.advance(past: page.candles, of: question, at: context.now)
            try await FeedHoleStore.note(holes, of: current.id, in: change.transaction)
            if current.isTold, let since {
                let data = current.recovered(since: since)
                change.emit(NewEvent(.candleFeedRecovered, subject: current.id, data: data))
            }
            current.isTold = false
        }
    }

    /// What came where something had been missing.
    nonisolated(nonsending) func store(
        _ klines: [Kline], _ question: KlineQuestion, filling hole: FeedHole, _ feed: CandleFeed,
        _ context: Context
    ) async throws {
        let context = now(context)
        let page = FeedPage(klines, to: question, of: feed, at: context.now)
        try await keep(page, feed, context) { current, result, change in
            var left = hole.asked(
                page.candles, isNew: result.counts.inserted > 0, current.interval, at: context.now)
            // Before its first candle an instrument was not traded.
            left.removeAll { $0.dueAt == nil && $0.first == current.beginsAt }
            try await FeedHoleStore.replace(hole, with: left, of: current.id, in: change.transaction)
        }
    }

    private nonisolated(nonsending) func keep(
        _ page: FeedPage, _ feed: CandleFeed, _ context: Context,
        _ settle: (inout CandleFeed, ChunkWrite.Result, Change) async throws -> Void
    ) async throws {
        let ledger = ledger
        let chunk = page.chunk(of: feed)
        let changed = try await PostgresError.persisting(attempts: CandleWriter.attempts) {
            try await ledger.change(context) { change -> [Int] in
                guard var current = try await lock(feed, change) else { return [] }
                var result = ChunkWrite.Result()
                if !chunk.isEmpty {
                    let write = ChunkWrite(
                        tickers: TickerStore(ids: { ledger.newID() }), clock: ledger.clock,
                        source: feed.source, token: feed.token)
                    result = try await write.run(chunk, in: change)
                }
                try await settle(&current, result, change)
                current.candles += Int64(result.counts.inserted + result.counts.revised)
                current.refused += Int64(page.refused + result.refused.count)
                try await CandleFeedStore.update(current, in: change.transaction)
                return result.changed
            }
        }
        // What has just closed is waited for; what fills up the past is not.
        analyst.note(changed, isUrgent: page.isFresh(in: feed.interval, at: context.now))
        analyst.wake()
    }

    nonisolated(nonsending) func fail(
        _ feed: CandleFeed, _ sentence: String, isRefusal: Bool, _ context: Context
    ) async throws {
        let context = now(context)
        try await ledger.change(context) { change in
            guard var current = try await lock(feed, change) else { return }
            current.fail(sentence, at: context.now)
            if isRefusal || current.failures >= CandleFeed.failuresUntilTold { tell(&current, change) }
            try await CandleFeedStore.update(current, in: change.transaction)
        }
    }

    /// No feed of that exchange asks before: it would be shut out for longer. Those whose candles come late
    /// by it say so.
    nonisolated(nonsending) func shutOut(
        _ feed: CandleFeed, _ sentence: String, _ wait: Period, _ context: Context
    ) async throws {
        let context = now(context)
        let until = context.now + wait
        try await ledger.change(context) { change in
            for var held in try await CandleFeedStore.lockHeldUp(
                like: feed, until: until, in: change.transaction)
            {
                held.shutOut(until: until, sentence, at: context.now)
                if held.failingSince != nil { tell(&held, change) }
                try await CandleFeedStore.update(held, in: change.transaction)
            }
        }
    }

    /// Feeds whose token's ticker has ended ask no more, and say so once.
    nonisolated(nonsending) func tellEnded(_ context: Context) async throws {
        let context = now(context)
        try await ledger.change(context) { change in
            for var ended in try await CandleFeedStore.lockOver(in: change.transaction) {
                ended.end(at: context.now)
                tell(&ended, change)
                try await CandleFeedStore.update(ended, in: change.transaction)
            }
        }
    }

    /// Once, until it works again.
    private func tell(_ feed: inout CandleFeed, _ change: Change) {
        guard !feed.isTold, let since = feed.failingSince else { return }
        feed.isTold = true
        change.emit(NewEvent(.candleFeedFailed, subject: feed.id, data: feed.failed(since: since)))
    }

    private func now(_ context: Context) -> Context {
        var context = context
        context.now = ledger.clock.now()
        return context
    }
}
