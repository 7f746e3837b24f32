import Access
import Events
import JSON
import Kernel
import Postgres

/// Which series fell silent, and which came back. Only a series whose candles once came as they closed can
/// fall silent: history that is uploaded at once is old, not late.
enum SeriesFreshness: String, Sendable {
    case live, stale

    /// Series that one transaction tells of.
    static let mostAtOnce = 500
    /// Intervals after the open of the last closed candle within which the next must have closed: its own,
    /// and as many as may be missing before a signal goes stale.
    static let intervals = Int64(SignalSettings().staleAfterMissing + 1)

    /// Changes the mark of every series that has another by now, so each silence is told of once, whichever
    /// node looks. What an upload holds is looked at next time.
    static let mark = Statement(
        "series_mark_freshness",
        derived: """
            with judged as (
                select s.id, s.last_closed, s.last_closed + l.late as due,
                    s.last_closed + l.late > $1 as is_live, s.freshness, s.stale_since
                from series s join (values \(lengths)) as l (interval, late) on l.interval = s.interval
                where s.last_closed + l.late > $1 and s.freshness is distinct from 'live'
                    or s.last_closed + l.late <= $1 and s.freshness = 'live'
                order by s.id limit $2 for no key update of s skip locked
            ), marked as (
                update series s set freshness = case when j.is_live then 'live' else 'stale' end,
                    stale_since = case when j.is_live then null else j.due end
                from judged j where s.id = j.id
                returning s.id, s.token_id, s.source, s.interval, s.freshness, s.stale_since,
                    j.freshness as was, j.stale_since as was_since, j.last_closed
            )
            select m.token_id, t.symbol, m.source, m.interval, m.freshness, m.was,
                coalesce(m.stale_since, m.was_since), m.last_closed
            from marked m join ticker t on t.token_id = m.token_id order by m.id
            """)

    private static let lengths = Interval.allCases.map { interval in
        "('\(interval.rawValue)', interval '\(interval.seconds * intervals) s')"
    }.joined(separator: ", ")

    /// How many changed.
    nonisolated(nonsending) static func judge(_ change: Change) async throws -> Int {
        let now = change.context.now
        let rows = try await change.transaction.query(mark, .timestamp(now), .int(mostAtOnce))
        for row in rows {
            guard let since = row.optionalTimestamp(6), let mark = Self(rawValue: row.text(4)) else {
                continue
            }
            change.emit(event(row, mark, since: since, now: now))
        }
        return rows.count
    }

    private static func event(_ row: Row, _ mark: Self, since: Timestamp, now: Timestamp) -> NewEvent {
        let token: TokenID = row.id(0)
        var data = JSONObject()
        _ = data.append("token_id", .string(token.description))
        _ = data.append("symbol", .string(row.text(1)))
        _ = data.append("source", .string(row.text(2)))
        _ = data.append("interval", .string(row.text(3)))
        _ = data.append("retroactive", .bool(false))
        _ = data.append("last_closed", .string(row.timestamp(7).description))
        _ = data.append("stale_since", .string(since.description))
        guard mark == .live else { return NewEvent(.seriesStale, subject: token, data: data) }
        _ = data.append("silent_seconds", .number(JSONNumber(Int((now - since).seconds))))
        return NewEvent(.seriesResumed, subject: token, data: data)
    }
}
