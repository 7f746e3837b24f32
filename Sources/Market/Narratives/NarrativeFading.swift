package import Access
package import Kernel
package import Postgres
package import Signals

/// What the bearish warnings of a token may ask: whether a narrative that it belongs to fades.
package enum NarrativeFading {
    private static let read = Statement(
        "narrative_fading",
        """
        select bool_or(s.fading)
        from narrative_member m join narrative n on n.id = m.narrative
        cross join lateral (
            select r.fading from narrative_score r
            where r.narrative = n.id and r.time <= $4 and r.known_at <= $5
            order by r.time desc, r.known_at desc limit 1
        ) s
        where m.token_id = $1 and n.source = $2 and n.interval = $3 and m.valid_from <= $4 and m.valid_to > $4
            and m.known_at <= $5 and m.ended_at > $5
        """)

    /// At the close of a candle, as was known at a time. Nil for a token of no narrative that was measured.
    package nonisolated(nonsending) static func isFading(
        _ token: TokenID, source: String, _ interval: Interval, at candle: Timestamp, known: Timestamp,
        in queryable: any Queryable
    ) async throws -> Bool? {
        let rows = try await queryable.query(
            read, .id(token), .text(source), .text(interval.rawValue), .timestamp(candle),
            .timestamp(min(known, .lastOfTime)))
        return rows.first.flatMap { $0.isNull(0) ? nil : $0.bool(0) }
    }
}
