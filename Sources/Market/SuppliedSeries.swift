import Access
import Kernel
package import Postgres
package import Signals

/// What signals read of this room: how the narratives of a token do, and its sentiment. Whatever changes the
/// rows behind it notes that with `SuppliedMarks`.
package enum SuppliedSeries {
    /// The metric that signals read. Of several sources the one that was supplied first stands for the token,
    /// so that another source changes nothing of the past.
    static let sentiment = "sentiment"

    /// Each candle of a narrative as it was measured last, and the mean of what was observed of each candle.
    /// Candles of all intervals begin where those of a Monday do.
    private static let read = Statement(
        "supplied_read",
        """
        select m.narrative, m.valid_from, m.valid_to, r.time, r.score, r.score_before
        from narrative_member m join narrative n on n.id = m.narrative
        cross join lateral (
            select distinct on (s.time) s.time, s.score, s.score_before from narrative_score s
            where s.narrative = n.id and s.time >= $4 and s.time < $6
            order by s.time, s.known_at desc
        ) r
        where m.token_id = $1 and n.source = $2 and n.interval = $3 and m.ended_at = 'infinity'
        union all
        select null, null, null, o.time, avg(o.value order by o.observed), null
        from (
            select date_bin(make_interval(secs => $8::float8), v.time,
                timestamptz '2001-01-01 00:00:00+00') as time, v.time as observed, v.value
            from metric_value v
            where v.series = (select s.id from metric_series s
                    where s.token_id = $1 and s.metric = $9 and s.ended_at is null
                    order by s.id limit 1)
                and v.time >= $5 and v.time < $7
        ) o
        group by o.time
        order by 1, 2, 4
        """)

    package nonisolated(nonsending) static func course(
        _ question: SuppliedQuestion, in source: any Queryable
    ) async throws -> SuppliedCourse {
        let period = question.interval.period
        let rows = try await source.query(
            read, .id(question.token), .text(question.source), .text(question.interval.rawValue),
            .timestamp(question.first - period * Double(SuppliedCourse.narrativeReach)),
            .timestamp(question.first - period * Double(SuppliedCourse.sentimentReach - 1)),
            .timestamp(question.last), .timestamp(question.interval.close(of: question.last)),
            .double(Double(question.interval.seconds)), .text(sentiment))
        var narratives: [SuppliedCourse.Narrative] = []
        var sentiments: [SuppliedCourse.Sentiment] = []
        var last: (narrative: NarrativeID, from: Timestamp)?
        for row in rows {
            guard !row.isNull(0) else {
                sentiments.append(.init(time: row.timestamp(3), value: row.double(4)))
                continue
            }
            let place = (narrative: row.id(0) as NarrativeID, from: row.timestamp(1))
            if last.map({ $0 != place }) ?? true {
                narratives.append(.init(from: place.from, to: row.timestamp(2), measurements: []))
                last = place
            }
            narratives[narratives.count - 1].measurements.append(
                .init(time: row.timestamp(3), score: row.double(4), weekAgo: row.optionalDouble(5)))
        }
        return SuppliedCourse(question.interval, narratives: narratives, sentiment: sentiments)
    }

    /// A narrative was measured: it counts for the candles behind that one.
    nonisolated(nonsending) static func note(
        measured narrative: Narrative, _ members: [Narrative.Member], at candle: Timestamp,
        in transaction: Transaction
    ) async throws {
        let next = narrative.interval.close(of: narrative.interval.close(of: candle))
        let tokens = Set(members.map(\.token))
        try await SuppliedMarks.note(
            tokens.map { .init($0, from: next, to: next) }, source: narrative.source, narrative.interval,
            in: transaction)
    }

    private static let firstScore = Statement(
        "supplied_first_score", "select min(time) from narrative_score where narrative = $1")

    /// Tokens belong to a narrative now that did not, or the other way round, since it was measured first.
    nonisolated(nonsending) static func note(
        moved members: [Narrative.Member], of narrative: Narrative, in transaction: Transaction
    ) async throws {
        let first = try await transaction.query(firstScore, .id(narrative.id)).first?.optionalTimestamp(0)
        guard let first else { return }
        let next = narrative.interval.close(of: narrative.interval.close(of: first))
        let tokens = Set(members.map(\.token))
        try await SuppliedMarks.note(
            tokens.map { .init($0, from: next, to: .farFuture) }, source: narrative.source,
            narrative.interval, in: transaction)
    }

    /// Observations of tokens came or changed.
    nonisolated(nonsending) static func note(
        observed rows: [(token: TokenID, time: Timestamp)], in transaction: Transaction
    ) async throws {
        var changes: [TokenID: SuppliedMarks.Change] = [:]
        for row in rows {
            var change = changes[row.token] ?? .init(row.token, from: row.time, to: row.time)
            change.from = min(change.from, row.time)
            change.to = max(change.to, row.time)
            changes[row.token] = change
        }
        try await SuppliedMarks.note(Array(changes.values), in: transaction)
    }
}

extension [Narrative.Member] {
    /// Those that one of the two has and the other has not.
    func changed(to others: [Narrative.Member]) -> [Narrative.Member] {
        filter { !others.contains($0) } + others.filter { !contains($0) }
    }
}
