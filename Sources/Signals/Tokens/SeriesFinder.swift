package import Access
package import HTTPServer
import JSON
package import Kernel
package import Postgres

/// Finds what a query names: a token by its id or ticker, a series by token, interval and source. Of a moment
/// of the past: by the names and among the series that were known then.
package struct SeriesFinder {
    let database: Database

    package init(database: Database) { self.database = database }

    /// A token's id, or a ticker (the token that has it, or had it last).
    package enum TokenReference: Sendable {
        case id(TokenID)
        case symbol(String)

        package init?(_ text: String) {
            if let id = TokenID(text) {
                self = .id(id)
            } else if Token.isSymbol(text) {
                self = .symbol(text)
            } else {
                return nil
            }
        }
    }

    /// Tickers that were known to be over, the one that is over since, and the one that is not.
    private static let bySymbol = Statement(
        "token_of_symbol",
        """
        select k.id, primary_source_known(k.id, $2), ticker_known(k.id, $2) from (
            select token_id, valid_to from former_ticker where symbol = $1 and known_at <= $2
            union all
            select f.token_id, null from former_ticker f
            where f.symbol = $1 and f.known_at > $2 and not exists (
                select from former_ticker e where e.token_id = f.token_id and e.known_at > $2
                    and (e.known_at, e.valid_to) < (f.known_at, f.valid_to))
            union all
            select t.token_id, t.valid_to from ticker t
            where t.symbol = $1 and not exists (
                select from former_ticker f where f.token_id = t.token_id and f.known_at > $2)
        ) p join token k on k.id = p.token_id
        where k.created_at <= $2
        order by p.valid_to desc nulls first, k.id limit 1
        """)

    private static let byID = Statement(
        "token_exists",
        """
        select k.id, primary_source_known(k.id, $2), ticker_known(k.id, $2) from token k
        where k.id = $1
        """)

    static let seriesOfSymbol = Statement("series_of_symbol", derived: series(of: bySymbol))
    static let seriesOfID = Statement("series_of_token", derived: series(of: byID))

    /// The token and its series in one question; a token without any has one row of nulls.
    private static func series(of token: Statement) -> String {
        """
        select \(SeriesRecord.columns), s.updated_at, k.symbol
        from (\(token.sql)) k (id, primary_source, symbol) join ticker t on t.token_id = k.id
        left join series s on s.token_id = k.id and s.interval = any($3::text[]) and s.created_at <= $2
            and s.source = coalesce($4::text, k.primary_source, s.source)
        order by s.source, s.interval limit 100
        """
    }

    package nonisolated(nonsending) func token(
        _ reference: TokenReference, asOf: Timestamp? = nil
    ) async throws -> TokenID {
        let asOf = asOf ?? .forever
        let rows =
            switch reference {
            case .id(let id): try await database.query(Self.byID, .id(id), .timestamp(asOf))
            case .symbol(let symbol):
                try await database.query(Self.bySymbol, .text(symbol), .timestamp(asOf))
            }
        guard let row = rows.first else { throw Problem.notFound("token") }
        return row.id(0)
    }

    /// The one series that is asked for, as it is stored. Without a source it is of the token's primary one,
    /// or else of the only one.
    nonisolated(nonsending) func series(
        _ reference: TokenReference, _ interval: Interval, _ source: String?, asOf: Timestamp
    ) async throws -> SeriesRecord {
        let found = try await stored(reference, [interval], source, asOf)
        guard let series = try Self.only(found) else { throw Problem.notFound("series") }
        return series.stored
    }

    /// The one series that is asked for: stored, or else derived from the finest that its source has. With
    /// `base` it is derived from that one.
    nonisolated(nonsending) func readable(
        _ reference: TokenReference, _ interval: Interval, _ source: String?, base: Interval? = nil,
        asOf: Timestamp
    ) async throws -> ReadSeries {
        let intervals = base.map { [$0] } ?? interval.finer + [interval]
        let found = try await stored(reference, intervals, source, asOf)
        if let asStored = try Self.only(found.filter { $0.interval == interval }) { return asStored }
        let finest = found.map(\.interval.seconds).min()
        guard Set(found.map(\.stored.source)).count < 2 else { throw Self.ambiguous }
        guard var series = found.first(where: { $0.interval.seconds == finest }) else {
            throw Problem.notFound("series")
        }
        series.interval = interval
        return series
    }

    private nonisolated(nonsending) func stored(
        _ reference: TokenReference, _ intervals: [Interval], _ source: String?, _ asOf: Timestamp
    ) async throws -> [ReadSeries] {
        let (statement, token): (Statement, Parameter) =
            switch reference {
            case .id(let id): (Self.seriesOfID, .id(id))
            case .symbol(let symbol): (Self.seriesOfSymbol, .text(symbol))
            }
        let rows = try await database.query(
            statement, token, .timestamp(asOf), .textArray(intervals.map(\.rawValue)), .text(source))
        if rows.isEmpty { throw Problem.notFound("token") }
        return rows.compactMap { row in
            guard !row.isNull(0), var series = SeriesRecord(row) else { return nil }
            series.symbol = row.text(14)
            return ReadSeries(stored: series, interval: series.interval, updatedAt: row.timestamp(13))
        }
    }

    private static func only(_ found: [ReadSeries]) throws -> ReadSeries? {
        guard found.count < 2 else { throw ambiguous }
        return found.first
    }

    private static var ambiguous: Problem {
        let mistake = FieldError(
            pointer: "query:source", code: "ambiguous_source",
            message: "must be said: the token has several sources at that interval, and none is its primary")
        return Problem(.invalidParameter, "Some query parameters are wrong.", errors: [mistake])
    }
}

extension Parameters {
    package mutating func token() -> SeriesFinder.TokenReference? {
        parsed("token", expected: "a token's id or a ticker") { SeriesFinder.TokenReference($0) }
    }

    mutating func model() -> GradeModel? { choice("model", GradeModel.self) }

    package mutating func interval() -> Interval? { choice("interval", Interval.self) }

    /// The finer interval from which another is to be derived.
    mutating func base(of interval: Interval?) -> Interval? {
        guard let base = choice("base", Interval.self) else { return nil }
        if let interval, base.seconds < interval.seconds { return base }
        fail("base", code: FieldCode.notAChoice, "must be finer than interval")
        return nil
    }

    /// A number from 0 to 100.
    package mutating func grade(_ name: String) -> Double? {
        parsed(name, expected: "a number from 0 to 100") { text in
            Double(text).flatMap { (0...100).contains($0) ? $0 : nil }
        }
    }

    /// What was known at a time. Of one that has not come the answer would be another later; clocks differ a
    /// little.
    package mutating func asOf(_ now: Timestamp) -> Timestamp? {
        guard let time = time("as_of") else { return nil }
        if time <= now + Self.clocksDiffer { return time }
        fail("as_of", code: FieldCode.outOfRange, "must not be in the future")
        return nil
    }

    private static let clocksDiffer: Period = .minutes(1)

    /// A cursor of this many parts, and of the list of that `mark`, where its pages bear it.
    package mutating func cursor(parts: Int, of mark: String? = nil) -> Cursor? {
        guard var own = cursor()?.parts else { return nil }
        let isOfList = mark == nil || own.popLast() == mark
        if isOfList, own.count == parts { return Cursor(own) }
        fail("cursor", code: "invalid_cursor", "belongs to another list, sort or filter")
        return nil
    }
}

extension JSONWriter {
    /// The four names of a series, as members.
    mutating func names(of series: SeriesRecord) {
        field("token_id", series.token.description)
        field("symbol", series.symbol)
        field("source", series.source)
        field("interval", series.interval.rawValue)
    }

    /// The names of a series that is read, and what it is derived from.
    mutating func names(of series: ReadSeries) {
        field("token_id", series.stored.token.description)
        field("symbol", series.stored.symbol)
        field("source", series.stored.source)
        field("interval", series.interval.rawValue)
        field("derived_from", series.derivedFrom?.rawValue)
    }
}

/// One more row than a page holds is read, and tells whether there is a next page. A list that was cut short
/// goes on at its `cut`, even if nothing was found before it.
package struct Page<Item> {
    package let items: ArraySlice<Item>
    package let next: String?

    /// - Parameter mark: of the list, for its cursors: see `Parameters.mark`.
    package init(
        _ found: [Item], limit: Int, cut: [String]? = nil, of mark: String? = nil, cursor: (Item) -> [String]
    ) {
        items = found.prefix(limit)
        let end = found.count > limit ? items.last.map(cursor) : cut
        next = end.map { Cursor($0 + [mark].compactMap { $0 }).text }
    }
}
