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
            var settled = 0
            for market in try await MarketCloseStore.open(atMost: Self.mostMarkets, in: ledger.database)
            where !run.isOver {
                if try await look(at: market) { settled += 1 }
            }
            var counted = 0
            let due = try await MarketReading.due(
                at: ledger.clock.now(), atMost: Self.mostMarkets, in: ledger.database)
            for market in due where !run.isOver {
                try await MarketReading.count(market, by: told, at: ledger.clock.now(), in: ledger.database)
                counted += 1
            }
            return JSONObject(members: [
                ("settled", .number(JSONNumber(settled))), ("counted", .number(JSONNumber(counted))),
            ])
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
            return close.turn != known?.turn ?? 0
        }
    }
}
