import Access
import HTTPServer
import JSON
import Kernel
import Postgres

/// Finds what a query names: a token by its id or ticker, a series by token, interval and source.
struct SeriesFinder {
    let database: Database

    /// A token's id, or a ticker (the token that has it now, or had it last).
    enum TokenReference {
        case id(TokenID)
        case symbol(String)

        init?(_ text: String) {
            if let id = TokenID(text) {
                self = .id(id)
            } else if Token.isSymbol(text) {
                self = .symbol(text)
            } else {
                return nil
            }
        }
    }

    private static let bySymbol = Statement(
        "token_of_symbol",
        """
        select token_id from ticker where symbol = $1 order by valid_to desc nulls first limit 1
        """)

    private static let byID = Statement("token_exists", "select token_id from ticker where token_id = $1")

    static let series = Statement(
        "series_of_token",
        derived: """
            select \(SeriesRecord.columns) from series s join ticker t using (token_id)
            where s.token_id = $1 and s.interval = $2 and ($3::text is null or s.source = $3)
            order by s.source limit 2
            """)

    private static let missing = Statement(
        "series_missing", "select count(*) from candle where series = $1 and open_time > $2")

    nonisolated(nonsending) func token(_ reference: TokenReference) async throws -> TokenID {
        let rows =
            switch reference {
            case .id(let id): try await database.query(Self.byID, .id(id))
            case .symbol(let symbol): try await database.query(Self.bySymbol, .text(symbol))
            }
        guard let row = rows.first else { throw Problem.notFound("token") }
        return row.id(0)
    }

    /// The one series that is asked for.
    nonisolated(nonsending) func series(
        _ reference: TokenReference, _ interval: Interval, _ source: String?
    ) async throws -> SeriesRecord {
        let token = try await token(reference)
        let found = try await database.query(
            Self.series, .id(token), .text(interval.rawValue), .text(source)
        ).compactMap(SeriesRecord.init)
        guard found.count < 2 else {
            let mistake = FieldError(
                pointer: "query:source", code: "ambiguous_source",
                message: "must be said: the token has several sources at that interval")
            throw Problem(.invalidParameter, "Some query parameters are wrong.", errors: [mistake])
        }
        guard let series = found.first else { throw Problem.notFound("series") }
        return series
    }

    /// How many of the last 100 candles up to the newest are missing.
    nonisolated(nonsending) func missingLast100(_ series: SeriesRecord) async throws -> Int {
        guard let first = series.firstOpen, let last = series.lastOpen else { return 0 }
        let expected = min(100, series.interval.steps(from: first, to: last) + 1)
        let after = last - series.interval.period * Double(expected)
        let rows = try await database.query(Self.missing, .int(series.id), .timestamp(after))
        return expected - (rows.first?.int(0) ?? 0)
    }
}

extension Parameters {
    mutating func token() -> SeriesFinder.TokenReference? {
        parsed("token", expected: "a token's id or a ticker") { SeriesFinder.TokenReference($0) }
    }

    mutating func interval() -> Interval? { choice("interval", Interval.self) }

    /// A number from 0 to 100.
    mutating func grade(_ name: String) -> Double? {
        parsed(name, expected: "a number from 0 to 100") { text in
            Double(text).flatMap { (0...100).contains($0) ? $0 : nil }
        }
    }

    /// A cursor of this many parts.
    mutating func cursor(parts: Int) -> Cursor? {
        guard let cursor = cursor() else { return nil }
        if cursor.parts.count == parts { return cursor }
        fail("cursor", code: FieldCode.malformed, "belongs to another list or sort")
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
}

/// One more row than a page holds is read, and tells whether there is a next page.
struct Page<Item> {
    let items: ArraySlice<Item>
    let next: String?

    init(_ found: [Item], limit: Int, cursor: (Item) -> [String]) {
        items = found.prefix(limit)
        next = found.count > limit ? items.last.map { Cursor(cursor($0)).text } : nil
    }
}
