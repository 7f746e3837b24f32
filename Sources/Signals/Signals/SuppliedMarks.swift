package import Access
package import Kernel
package import Postgres

/// Marks series whose signals may read something else from some candle on, so that they are analysed anew
/// from there. Whoever changes what `SuppliedLookup` answers with does so in the same transaction.
package enum SuppliedMarks {
    /// What changed of one token: of candles that close from `from` on, as far as a reading reaches behind
    /// `to`.
    package struct Change: Sendable {
        package var token: TokenID
        package var from: Timestamp
        package var to: Timestamp

        package init(_ token: TokenID, from: Timestamp, to: Timestamp) {
            (self.token, self.from, self.to) = (token, from, to)
        }
    }

    /// All of the tokens' series are locked, in the order of ids: a candle that comes in this moment waits,
    /// and then sees what changed.
    static let mark = Statement(
        "series_mark_supplied",
        derived: """
            with changed as materialized (
                select * from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[])
                    as c (token_id, first, last)
            ), locked as materialized (
                select s.id, s.last_closed, c.first - l.length as first, c.last + l.length * $6 as last
                from series s join changed c using (token_id)
                    join \(SeriesReads.lengths) on l.interval = s.interval
                where ($4::text is null or s.source = $4) and ($5::text is null or s.interval = $5)
                order by s.id for no key update of s
            )
            update series s set dirty_from = least(s.dirty_from, x.first),
                dirty_to = greatest(s.dirty_to, x.last)
            from locked x where s.id = x.id and x.last_closed >= x.first
            """)

    /// - Parameters:
    ///   - changes: one of a token.
    ///   - source: nil is all, as is nil of `interval`.
    package nonisolated(nonsending) static func note(
        _ changes: [Change], source: String? = nil, _ interval: Interval? = nil, in transaction: Transaction
    ) async throws {
        guard !changes.isEmpty else { return }
        try await transaction.query(
            mark, .idArray(changes.map(\.token)), .timestampArray(changes.map(\.from)),
            .timestampArray(changes.map(\.to)), .text(source), .text(interval?.rawValue),
            .int(SuppliedCourse.sentimentReach))
    }
}
