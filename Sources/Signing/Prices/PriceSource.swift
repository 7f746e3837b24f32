import Access
import JSON
import Kernel
import Postgres

/// Where prices for policy come from: a series that was marked, or an exchange's ticker, which stands here
/// once it was suspended.
struct PriceSource: Sendable {
    enum Kind: String, CaseIterable, Sendable { case pulled, pushed }
    enum State: String, CaseIterable, Sendable { case active, suspended }

    /// Of an exchange.
    struct Place: Sendable, Equatable {
        let exchange: String
        let environment: String
        let host: String
        let instrument: String
        let symbol: String
    }

    /// Of candles.
    struct Series: Sendable, Equatable {
        let token: TokenID
        let symbol: String
        let source: String
        let interval: String
    }

    struct Newest: Sendable, Equatable {
        let value: String
        /// When its candle closed.
        let at: Timestamp
        let by: PrincipalID
    }

    struct Suspension: Sendable, Equatable {
        let at: Timestamp
        let from: String
        let to: String
    }

    let id: PriceSourceID
    let kind: Kind
    let name: String
    let place: Place?
    let series: Series?
    let newest: Newest?
    let suspension: Suspension?
    let resumedAt: Timestamp?
    let resumedBy: String?
    let createdAt: Timestamp
    /// Nil: found by Keybell itself.
    let createdBy: String?

    var state: State { suspension == nil ? .active : .suspended }
}

extension PriceSource {
    /// Text of a double in the database, without an exponent: `::text::numeric::text`.
    static let columns = """
        p.id, p.kind, p.name, p.exchange, p.environment, p.host, p.instrument, p.symbol, s.token_id, t.symbol,
        s.source, s.interval, p.price::text::numeric::text, p.priced_at, p.written_by, w.kind,
        p.suspended_at, p.step_from::text::numeric::text, p.step_to::text::numeric::text, p.resumed_at,
        p.resumed_by, p.created_at, p.created_by
        """
    static let tables = """
        price_source p left join series s on s.id = p.series left join ticker t on t.token_id = s.token_id
        left join principal w on w.id = p.written_by
        """

    init?(_ row: Row) {
        guard let kind = Kind(rawValue: row.text(1)) else { return nil }
        self.init(
            id: row.id(0), kind: kind, name: row.text(2), place: Place(row), series: Series(row),
            newest: Newest(row), suspension: Suspension(row), resumedAt: row.optionalTimestamp(19),
            resumedBy: row.optionalText(20), createdAt: row.timestamp(21), createdBy: row.optionalText(22))
    }
}

extension PriceSource.Place {
    fileprivate init?(_ row: Row) {
        guard let exchange = row.optionalText(3) else { return nil }
        self.init(
            exchange: exchange, environment: row.text(4), host: row.text(5), instrument: row.text(6),
            symbol: row.text(7))
    }
}

extension PriceSource.Series {
    fileprivate init?(_ row: Row) {
        guard let token: TokenID = row.optionalID(8) else { return nil }
        self.init(token: token, symbol: row.text(9), source: row.text(10), interval: row.text(11))
    }
}

extension PriceSource.Newest {
    fileprivate init?(_ row: Row) {
        guard let value = row.optionalText(12), let writer = row.optionalUUID(14),
            let kind = PrincipalID.Kind(rawValue: row.text(15))
        else { return nil }
        self.init(value: value, at: row.timestamp(13), by: PrincipalID(kind, writer))
    }
}

extension PriceSource.Suspension {
    fileprivate init?(_ row: Row) {
        guard let at = row.optionalTimestamp(16) else { return nil }
        self.init(at: at, from: row.text(17), to: row.text(18))
    }
}

extension PriceSource: JSONWritable {
    func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("id", id.description)
            w.field("kind", kind.rawValue)
            w.field("state", state.rawValue)
            w.field("name", name)
            w.field("exchange", place?.exchange)
            w.field("environment", place?.environment)
            w.field("host", place?.host)
            w.field("instrument", place?.instrument)
            w.field("token_id", series?.token.description)
            w.field("symbol", place?.symbol ?? series?.symbol)
            w.field("source", series?.source)
            w.field("interval", series?.interval)
            w.field("newest", newest)
            w.field("suspension", suspension)
            w.field("resumed_at", resumedAt?.description)
            w.field("resumed_by", resumedBy)
            w.field("created_at", createdAt.description)
            w.field("created_by", createdBy)
        }
    }
}

extension PriceSource.Newest: JSONWritable {
    func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("price", value)
            w.field("at", at.description)
            w.field("pushed_by", by.description)
        }
    }
}

extension PriceSource.Suspension: JSONWritable {
    func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("at", at.description)
            w.field("from", from)
            w.field("to", to)
        }
    }
}
