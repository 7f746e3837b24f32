import Access
import JSON
import Kernel
import Postgres
import Signals

/// Measurements of narratives as rows.
enum NarrativeScoreStore {
    private static let tokens = Statement(
        "narrative_tokens_read",
        """
        select token_id, week_return, is_above, volume, volume_before, newest
        from narrative_tokens($1, $2, make_interval(secs => $3::float8), $4, $5)
        """)
    /// Behind what was measured at the same close, whatever the clocks say.
    private static let insert = Statement(
        "narrative_score_insert",
        """
        insert into narrative_score (narrative, time, known_at, score, score_before, excess_return,
            return_place, breadth, share_change, share_place, members, fading, retroactive)
        values ($1, $2, greatest($3, (
                select max(known_at) + interval '1 microsecond' from narrative_score
                where narrative = $1 and time = $2)),
            $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        on conflict on constraint narrative_score_key do nothing
        """)
    private static let latest = Statement(
        "narrative_score_latest",
        """
        select s.narrative, s.time, s.known_at, s.score, s.score_before, s.excess_return, s.return_place,
            s.breadth, s.share_change, s.share_place, s.members, s.fading, s.retroactive
        from unnest($1::uuid[]) as n (id)
        cross join lateral (
            select * from narrative_score r where r.narrative = n.id and r.known_at <= $2
            order by r.time desc, r.known_at desc limit 1
        ) s
        """)
    private static let history = Statement(
        "narrative_score_history",
        """
        select distinct on (s.time) s.narrative, s.time, s.known_at, s.score, s.score_before, s.excess_return,
            s.return_place, s.breadth, s.share_change, s.share_place, s.members, s.fading, s.retroactive
        from narrative_score s
        where s.narrative = $1 and s.known_at <= $2 and ($3::timestamptz is null or s.time < $3)
        order by s.time desc, s.known_at desc limit $4
        """)

    private static let again = Statement(
        "narrative_scores_again",
        """
        select distinct on (s.time, s.narrative) s.narrative, s.time, s.known_at, s.score, s.score_before,
            s.excess_return, s.return_place, s.breadth, s.share_change, s.share_place, s.members, s.fading,
            s.retroactive
        from narrative n join narrative_score s on s.narrative = n.id
        where n.ended_at is null and n.source = $1 and n.interval = $2 and s.time >= $3 and s.time < $4
        order by s.time, s.narrative, s.known_at desc
        """)

    /// What was measured at closes that have to be measured again, each as it was measured last.
    nonisolated(nonsending) static func again(
        _ revision: MarketRevision, in source: any Queryable
    ) async throws -> [StoredNarrativeScore] {
        try await source.query(
            again, .text(revision.source), .text(revision.interval.rawValue), .timestamp(revision.from),
            .timestamp(revision.settled)
        ).map { StoredNarrativeScore($0) }
    }

    /// A market's tokens, and its newest candle.
    nonisolated(nonsending) static func market(
        _ moment: MarketMoment, in source: any Queryable
    ) async throws -> (tokens: [TokenID: NarrativeReading], newest: Timestamp?) {
        var readings: [TokenID: NarrativeReading] = [:]
        var newest: Timestamp?
        for row in try await source.query(tokens, parameters: moment.parameters) {
            newest = row.timestamp(5)
            readings[row.id(0)] = NarrativeReading(
                weekReturn: row.optionalDouble(1), isAbove: row.isNull(2) ? nil : row.bool(2),
                volume: row.optionalDouble(3), volumeBefore: row.optionalDouble(4))
        }
        return (readings, newest)
    }

    nonisolated(nonsending) static func insert(
        _ stored: StoredNarrativeScore, in transaction: Transaction
    ) async throws {
        let score = stored.score
        try await transaction.query(
            insert, .id(stored.narrative), .timestamp(stored.time), .timestamp(stored.knownAt),
            .double(stored.value), .double(stored.before), .double(score.excessReturn),
            .double(score.returnPlace), .double(score.breadth), .double(score.shareChange),
            .double(score.sharePlace), .int32(Int32(score.members)), .bool(stored.isFading),
            .bool(stored.isRetroactive))
    }

    nonisolated(nonsending) static func latest(
        of narratives: [NarrativeID], known: Timestamp, in source: any Queryable
    ) async throws -> [NarrativeID: StoredNarrativeScore] {
        let rows = try await source.query(latest, .idArray(narratives), .timestamp(known))
        return Dictionary(uniqueKeysWithValues: rows.map { ($0.id(0), StoredNarrativeScore($0)) })
    }

    /// Newest first, each candle as it was measured last.
    nonisolated(nonsending) static func history(
        of narrative: NarrativeID, known: Timestamp, before time: Timestamp?, limit: Int,
        in source: any Queryable
    ) async throws -> [StoredNarrativeScore] {
        try await source.query(history, .id(narrative), .timestamp(known), .timestamp(time), .int(limit))
            .map { StoredNarrativeScore($0) }
    }
}

/// A narrative's measurement at a candle's close.
struct StoredNarrativeScore: Sendable {
    let narrative: NarrativeID
    /// Open time of the candle.
    let time: Timestamp
    let knownAt: Timestamp
    let value: Double
    /// Seven days before; nil where that could not be told.
    let before: Double?
    let score: NarrativeScore
    let isFading: Bool
    let isRetroactive: Bool

    func saysTheSame(as other: StoredNarrativeScore) -> Bool {
        (time, before, score) == (other.time, other.before, other.score)
    }
}

extension StoredNarrativeScore {
    fileprivate init(_ row: Row) {
        self.init(
            narrative: row.id(0), time: row.timestamp(1), knownAt: row.timestamp(2), value: row.double(3),
            before: row.optionalDouble(4),
            score: NarrativeScore(
                excessReturn: row.double(5), returnPlace: row.double(6), breadth: row.double(7),
                shareChange: row.double(8), sharePlace: row.double(9), members: row.int(10)),
            isFading: row.bool(11), isRetroactive: row.bool(12))
    }
}

extension StoredNarrativeScore: JSONWritable {
    func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("time", time.description)
            w.field("score", value)
            w.field("score_before", before)
            w.field("fading", isFading)
            w.field("members", score.members)
            w.array(
                "parts",
                [
                    ("excess_return", 0.4, score.excessReturn, score.returnPlace),
                    ("breadth", 0.3, score.breadth, score.breadth),
                    ("volume_share", 0.3, score.shareChange, score.sharePlace),
                ]
            ) { w, part in
                w.object { w in
                    w.field("name", part.0)
                    w.field("weight", part.1)
                    w.field("input", part.2)
                    w.field("score", part.3)
                    w.field("contribution", part.1 * part.3)
                }
            }
            w.field("retroactive", isRetroactive)
            w.field("known_at", knownAt.description)
        }
    }
}
