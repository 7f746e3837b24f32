import Access
import Events
import JSON
import Jobs
import Kernel
import Postgres
import Signals

/// Reads the regime of every market whose own token has other candles than were seen, and tells when it
/// turned. Only the newest candle is read: what lies behind it is history.
struct RegimeWatch {
    static let every: Period = .seconds(10)
    /// Markets of one run.
    static let mostMarkets = 1_000

    private static let due = Statement(
        "market_regime_due",
        """
        select s.source, s.interval, s.rewritten
        from series s join ticker t using (token_id)
            left join market_watch w on w.source = s.source and w.interval = s.interval
        where t.symbol = $1 and t.valid_to is null and s.last_closed is not null
            and (w.newest, w.rewritten) is distinct from (s.last_closed, s.rewritten)
        order by s.source, s.interval limit $2
        """)
    private static let watched = Statement(
        "market_watched",
        "select newest, regime from market_watch where source = $1 and interval = $2 for no key update")
    private static let watch = Statement(
        "market_watch_set",
        """
        insert into market_watch (source, interval, newest, rewritten, regime) values ($1, $2, $3, $4, $5)
        on conflict on constraint market_watch_key do update
        set newest = excluded.newest, rewritten = excluded.rewritten, regime = excluded.regime
        """)
    private static let turn = Statement(
        "market_turn_insert",
        """
        insert into market_turn (source, interval, time, known_at, regime, close, sma50)
        values ($1, $2, $3, greatest($4, (
                select max(known_at) + interval '1 microsecond' from market_turn
                where source = $1 and interval = $2 and time = $3)),
            $5, $6, $7)
        on conflict do nothing
        """)

    let ledger: Ledger

    var job: Job {
        Job(
            "market-regime", "Reads the regime of markets whose candles closed, and tells of turns.",
            every: Self.every
        ) { run in
            var turns = 0
            let due = try await ledger.database.query(
                Self.due, .text(MarketRegime.symbol), .int(Self.mostMarkets))
            await run.each(due) { row in
                guard let interval = Interval(rawValue: row.text(1)) else { return }
                let moment = MarketMoment(
                    source: row.text(0), interval: interval, at: nil, asOf: nil, now: ledger.clock.now())
                if try await read(moment, rewritten: row.int64(2), run) { turns += 1 }
            }
            return try run.result(["read": due.count, "turns": turns])
        }
    }

    /// Whether it turned.
    private nonisolated(nonsending) func read(
        _ moment: MarketMoment, rewritten: Int64, _ run: JobRun
    ) async throws -> Bool {
        let context = Context.installation(now: moment.now, requestID: run.context.requestID)
        return try await ledger.change(context) { change in
            let transaction = change.transaction
            guard let regime = try await MarketRegime.read(moment, in: transaction) else { return false }
            let place: [Parameter] = [.text(moment.source), .text(moment.interval.rawValue)]
            let before = try await transaction.query(Self.watched, parameters: place).first
            let previous = before.flatMap { MarketRegime.State(rawValue: $0.text(1)) }
            try await transaction.query(
                Self.watch,
                parameters: place + [
                    .timestamp(regime.time), .int64(rewritten), .text(regime.state.rawValue),
                ])
            guard previous != regime.state else { return false }
            try await transaction.query(
                Self.turn,
                parameters: place + [
                    .timestamp(regime.time), .timestamp(moment.now), .text(regime.state.rawValue),
                    .double(regime.close), .double(regime.mean),
                ])
            guard let previous else { return false }
            let isRepeat = before.map { $0.timestamp(0) >= regime.time } ?? false
            let isOld = isRepeat || moment.interval.isLongAgo(regime.time, at: moment.now)
            change.emit(event(regime, moment, previous, isRetroactive: isOld))
            return true
        }
    }

    private func event(
        _ regime: MarketRegime, _ moment: MarketMoment, _ previous: MarketRegime.State, isRetroactive: Bool
    ) -> NewEvent {
        NewEvent(
            .marketRegimeChanged, subject: regime.token,
            [
                "token_id": .string(regime.token.description), "symbol": .string(MarketRegime.symbol),
                "source": .string(moment.source), "interval": .string(moment.interval.rawValue),
                "retroactive": .bool(isRetroactive), "time": .string(regime.time.description),
                "regime": .string(regime.state.rawValue), "previous": .string(previous.rawValue),
                "close": .double(regime.close), "sma50": .double(regime.mean),
            ])
    }
}
