import Access
import Events
import JSON
import Jobs
import Kernel
import Postgres
import Signals

/// Measures narratives when a close of their market is settled or their members changed, and at those of the
/// past that a candle came late to; and tells which begin to fade.
struct NarrativeWatch {
    static let every: Period = .seconds(10)

    private static let due = Statement(
        "narrative_due",
        """
        select n.id, n.source, n.interval, c.turn::text || ' ' || n.revision::text, c.settled
        from narrative n join market_close c using (source, interval)
        where n.ended_at is null and c.settled is not null
            and n.seen is distinct from c.turn::text || ' ' || n.revision::text
        order by n.source, n.interval, n.id
        """)
    private static let note = Statement(
        "narrative_note", "update narrative set measured_at = $2, seen = $3 where id = $1")

    let ledger: Ledger

    var job: Job {
        Job(
            "narratives", "Measures narratives when candles close, and tells which begin to fade.",
            every: Self.every
        ) { run in
            var (measured, fading) = (0, 0)
            var market: Reading?
            await run.each(try await ledger.database.query(Self.due)) { row in
                guard let interval = Interval(rawValue: row.text(2)) else { return }
                let moment = MarketMoment.close(
                    of: row.timestamp(4), row.text(1), interval, now: ledger.clock.now())
                if market.map({ !$0.moment.isOf(moment) }) ?? true { market = try await read(moment) }
                guard let market, let newest = market.now.newest else { return }
                let told = try await measure(row.id(0), seen: row.text(3), newest: newest, market, run)
                (measured, fading) = (measured + 1, fading + (told ? 1 : 0))
            }
            measured += try await measureAgain(run)
            return try run.result(["measured": measured, "fading": fading])
        }
    }

    /// A market as it was at one moment.
    private struct Week {
        let market: NarrativeMarket
        let newest: Timestamp?
    }

    /// At a close, and seven days before.
    private struct Reading {
        let moment: MarketMoment
        let now: Week
        let before: Week
    }

    private nonisolated(nonsending) func read(_ moment: MarketMoment) async throws -> Reading {
        let now = try await week(moment)
        var earlier = moment
        earlier.at = now.newest.map { moment.interval.close(of: $0) - NarrativeScore.week }
        return Reading(moment: moment, now: now, before: try await week(earlier))
    }

    private nonisolated(nonsending) func week(_ moment: MarketMoment) async throws -> Week {
        let (tokens, newest) = try await NarrativeScoreStore.market(moment, in: ledger.database)
        return Week(market: NarrativeMarket(tokens), newest: newest)
    }

    /// Whether it begins to fade.
    private nonisolated(nonsending) func measure(
        _ id: NarrativeID, seen: String, newest: Timestamp, _ market: Reading, _ run: JobRun
    ) async throws -> Bool {
        try await change(run) { change in
            let transaction = change.transaction
            guard let narrative = try await NarrativeStore.lock(id, in: transaction) else { return false }
            try await transaction.query(Self.note, .id(id), .timestamp(newest), .text(seen))
            let last = try await NarrativeScoreStore.latest(of: [id], known: .farFuture, in: transaction)[id]
            let isRepeat = last.map { $0.time >= newest } ?? false
            let isOld = isRepeat || narrative.interval.isLongAgo(newest, at: change.context.now)
            return try await measure(narrative, at: newest, market, after: last, isOld: isOld, in: change)
        }
    }

    /// Closes that were measured, and whose candles are others now.
    private nonisolated(nonsending) func measureAgain(_ run: JobRun) async throws -> Int {
        let now = ledger.clock.now()
        var measured = 0
        await run.each(try await MarketRevision.due(.narratives, at: now, in: ledger.database)) { revision in
            let stored = Dictionary(
                grouping: try await NarrativeScoreStore.again(revision, in: ledger.database), by: \.time)
            try await revision.walk(stored.keys.sorted(), in: ledger.database, until: { run.isOver }) {
                time in
                let market = try await read(
                    .close(of: time, revision.source, revision.interval, now: ledger.clock.now()))
                for one in stored[time] ?? [] {
                    _ = try await change(run) { try await measure(one, market, in: $0) }
                    measured += 1
                }
                return true
            }
        }
        return measured
    }

    private nonisolated(nonsending) func measure(
        _ stored: StoredNarrativeScore, _ market: Reading, in change: Change
    ) async throws -> Bool {
        let narrative = try await NarrativeStore.lock(stored.narrative, in: change.transaction)
        guard let narrative else { return false }
        return try await measure(
            narrative, at: stored.time, market, after: stored, isOld: true, in: change)
    }

    /// Of a locked narrative. Whether it begins to fade.
    /// - Parameter last: what was measured before.
    private nonisolated(nonsending) func measure(
        _ narrative: Narrative, at time: Timestamp, _ market: Reading, after last: StoredNarrativeScore?,
        isOld: Bool, in change: Change
    ) async throws -> Bool {
        let (interval, transaction) = (narrative.interval, change.transaction)
        let members = try await NarrativeStore.members(of: narrative.id, known: .farFuture, in: transaction)
        let then = time - NarrativeScore.week
        guard let score = market.now.market.score(of: members.at(interval.close(of: time))) else {
            return false
        }
        let earlier = market.before.market.score(of: members.at(interval.close(of: then)))
        let stored = StoredNarrativeScore(
            narrative: narrative.id, time: time, knownAt: change.context.now, value: score.value,
            before: earlier?.value, score: score, isFading: score.isFading(after: earlier),
            isRetroactive: isOld)
        // Measured again with the same outcome, it is the same measurement.
        if let last, stored.saysTheSame(as: last) { return false }
        try await NarrativeScoreStore.insert(stored, in: transaction)
        try await SuppliedSeries.note(measured: narrative, members, at: time, in: transaction)
        // What was never measured before may have faded long ago.
        guard stored.isFading, let last, !last.isFading else { return false }
        change.emit(event(narrative, stored))
        return true
    }

    private nonisolated(nonsending) func change(
        _ run: JobRun, _ body: nonisolated(nonsending) (Change) async throws -> Bool
    ) async throws -> Bool {
        let context = Context.installation(now: ledger.clock.now(), requestID: run.context.requestID)
        return try await ledger.change(context) { try await body($0) }
    }

    private func event(_ narrative: Narrative, _ stored: StoredNarrativeScore) -> NewEvent {
        NewEvent(
            .narrativeFaded, subject: narrative.id,
            [
                "narrative_id": .string(narrative.id.description), "name": .string(narrative.name),
                "source": .string(narrative.source), "interval": .string(narrative.interval.rawValue),
                "retroactive": .bool(stored.isRetroactive), "time": .string(stored.time.description),
                "score": .double(stored.value), "score_before": .double(stored.before),
                "members": .number(JSONNumber(stored.score.members)),
            ])
    }
}

extension MarketMoment {
    fileprivate func isOf(_ other: MarketMoment) -> Bool {
        (source, interval, at) == (other.source, other.interval, other.at)
    }
}

extension [Narrative.Member] {
    /// Who belongs to it at a moment.
    fileprivate func at(_ moment: Timestamp) -> Set<TokenID> {
        Set(
            filter { member in
                (member.from.map { $0 <= moment } ?? true) && (member.to.map { moment < $0 } ?? true)
            }.map(\.token))
    }
}
