import Access
import Events
import JSON
import Jobs
import Kernel
import Postgres
import Signals

/// Measures narratives when a close of their market is settled or their members changed, and tells which
/// begin to fade.
struct NarrativeWatch {
    static let every: Period = .seconds(10)

    private static let due = Statement(
        "narrative_due",
        """
        select n.id, n.source, n.interval, c.turn::text || ' ' || n.revision::text, c.settled
        from narrative n join market_close c using (source, interval)
        where c.settled is not null and n.seen is distinct from c.turn::text || ' ' || n.revision::text
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
            var market: (moment: MarketMoment, now: Week, before: Week)?
            for row in try await ledger.database.query(Self.due) where !run.isOver {
                guard let interval = Interval(rawValue: row.text(2)) else { continue }
                let moment = MarketMoment.close(
                    of: row.timestamp(4), row.text(1), interval, now: ledger.clock.now())
                if market.map({ !$0.moment.isOf(moment) }) ?? true { market = try await read(moment) }
                guard let market, let newest = market.now.newest else { continue }
                let told = try await measure(
                    row.id(0), seen: row.text(3), newest: newest, market.now, market.before, run)
                (measured, fading) = (measured + 1, fading + (told ? 1 : 0))
            }
            return JSONObject(members: [
                ("measured", .number(JSONNumber(measured))), ("fading", .number(JSONNumber(fading))),
            ])
        }
    }

    /// A market as it was at one moment.
    private struct Week {
        let market: NarrativeMarket
        let newest: Timestamp?
    }

    private nonisolated(nonsending) func read(
        _ moment: MarketMoment
    ) async throws -> (moment: MarketMoment, now: Week, before: Week) {
        let now = try await week(moment)
        var earlier = moment
        earlier.at = now.newest.map { moment.interval.close(of: $0) - NarrativeScore.week }
        return (moment, now, try await week(earlier))
    }

    private nonisolated(nonsending) func week(_ moment: MarketMoment) async throws -> Week {
        let (tokens, newest) = try await NarrativeScoreStore.market(moment, in: ledger.database)
        return Week(market: NarrativeMarket(tokens), newest: newest)
    }

    /// Whether it begins to fade.
    private nonisolated(nonsending) func measure(
        _ id: NarrativeID, seen: String, newest: Timestamp, _ now: Week, _ before: Week, _ run: JobRun
    ) async throws -> Bool {
        let moment = ledger.clock.now()
        let context = Context.installation(now: moment, requestID: run.context.requestID)
        return try await ledger.change(context) { change in
            let transaction = change.transaction
            guard let narrative = try await NarrativeStore.lock(id, in: transaction) else { return false }
            try await transaction.query(Self.note, .id(id), .timestamp(newest), .text(seen))
            let members = try await NarrativeStore.members(of: id, known: .farFuture, in: transaction)
            let then = newest - NarrativeScore.week
            guard let score = now.market.score(of: members.at(narrative.interval.close(of: newest))) else {
                return false
            }
            let earlier = before.market.score(of: members.at(narrative.interval.close(of: then)))
            let last = try await NarrativeScoreStore.latest(of: [id], known: .farFuture, in: transaction)[id]
            let isRepeat = last.map { $0.time >= newest } ?? false
            let stored = StoredNarrativeScore(
                narrative: id, time: newest, knownAt: moment, value: score.value, before: earlier?.value,
                score: score, isFading: score.isFading(after: earlier),
                isRetroactive: isRepeat || narrative.interval.isLongAgo(newest, at: moment))
            // Measured again with the same outcome, it is the same measurement.
            if let last, stored.saysTheSame(as: last) { return false }
            try await NarrativeScoreStore.insert(stored, in: transaction)
            try await SuppliedSeries.note(measured: narrative, members, at: newest, in: transaction)
            // What was never measured before may have faded long ago.
            guard stored.isFading, let last, !last.isFading else { return false }
            change.emit(event(narrative, stored))
            return true
        }
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
