import Access
import Kernel
import Postgres

/// A series with all of its row: what the analysis steps from, and what lists show.
struct SeriesRecord: Sendable {
    /// The token whose series is the market's.
    static let market = "BTC"

    var id: Int
    var token: TokenID
    var symbol: String
    var source: String
    var interval: Interval
    var firstOpen: Timestamp?
    var lastOpen: Timestamp?
    var lastClosed: Timestamp?
    var version: Int64
    var rewritten: Int64
    var dirtyFrom: Timestamp?
    var analysed: Int64
    var staleAt: Timestamp?

    var isMarket: Bool { symbol == Self.market }

    static let columns = """
        s.id, s.token_id, t.symbol, s.source, s.interval, s.first_open, s.last_open, s.last_closed, s.version,
        s.rewritten, s.dirty_from, s.analysed, s.stale_at
        """

    /// Joins the ticker that was known at a time, in place of today's.
    static func ticker(known moment: String) -> String { KnownTicker.join("s.token_id", at: moment) }

    /// Of a row that begins with `columns`.
    init?(_ row: Row) {
        guard let interval = Interval(rawValue: row.text(4)) else { return nil }
        id = row.int(0)
        token = row.id(1)
        symbol = row.text(2)
        source = row.text(3)
        self.interval = interval
        firstOpen = row.optionalTimestamp(5)
        lastOpen = row.optionalTimestamp(6)
        lastClosed = row.optionalTimestamp(7)
        version = row.int64(8)
        rewritten = row.int64(9)
        dirtyFrom = row.optionalTimestamp(10)
        analysed = row.int64(11)
        staleAt = row.optionalTimestamp(12)
    }
}
