import Events
import JSON
import Jobs
import Kernel
import Postgres
import Signals

/// Settles closes of markets, and counts each once it is settled. What else is measured at a close waits for
/// its turn.
struct CloseWatch {
    static let every: Period = .seconds(5)
    /// Markets of one run.
    static let mostMarkets = 1_000

    let ledger: Ledger
    let told: GradeModel

    var job: Job {
        Job(
            "market-closes", "Settles closes of markets whose candles have come, and counts their tokens.",
            every: Self.every
        ) { run in
            let (database, clock) = (ledger.database, ledger.clock)
            var (settled, counted) = (0, 0)
            await run.each(try await MarketCloseStore.open(atMost: Self.mostMarkets, in: database)) {
                market in
                if try await look(at: market) { settled += 1 }
            }
            let due = try await MarketReading.due(at: clock.now(), atMost: Self.mostMarkets, in: database)
            await run.each(due) { market in
                try await MarketReading.count(market, by: told, at: clock.now(), in: database)
                counted += 1
            }
            counted += try await countAgain(run)
            return try run.result(["settled": settled, "counted": counted])
        }
    }

    /// Whether its newest close is settled now, or corrected.
    private nonisolated(nonsending) func look(
        at market: MarketCloseStore.Market
    ) async throws -> Bool {
        let now = ledger.clock.now()
        return try await ledger.database.transaction { transaction in
            let known = try await MarketCloseStore.lock(market, in: transaction)
            let sight = try await MarketCloseStore.sight(of: market, since: known?.settled, in: transaction)
            guard let sight else { return false }
            var close = known ?? MarketClose(sight, market.interval, at: now)
            close.look(sight, at: now)
            if close != known { try await MarketCloseStore.write(close, of: market, in: transaction) }
            try await MarketRevision.collect(market, settled: known?.settled, at: now, in: transaction)
            return close.turn != known?.turn ?? 0
        }
    }

    /// Closes that were counted, and whose candles are others now.
    private nonisolated(nonsending) func countAgain(_ run: JobRun) async throws -> Int {
        let now = ledger.clock.now()
        var counted = 0
        await run.each(try await MarketRevision.due(.readings, at: now, in: ledger.database)) { revision in
            guard try await MarketReading.isGraded(revision, at: now, in: ledger.database) else { return }
            let times = try await MarketReading.times(of: revision, by: told, in: ledger.database)
            try await revision.walk(times, in: ledger.database, until: { run.isOver }) { time in
                let moment = MarketMoment.close(of: time, revision.source, revision.interval, now: now)
                if try await MarketReading.countAgain(moment, by: told, in: ledger.database) { counted += 1 }
                return true
            }
        }
        return counted
    }
}
