import Access
package import EventLoop
package import Events
import JSON
import Kernel
package import Postgres

/// What stored candles would have told, had each come when it closed: for rules that are tried on years of
/// them. They are taken as they are known now.
package struct CandleRetelling {
    /// 25 KB each while it runs.
    private static let seriesAtMost = 1_000
    /// Some minutes of a processor; 50 bytes for each of the market's.
    private static let closesAtMost = 5_000_000

    /// Null takes all; `t` is the ticker of today.
    static let find = Statement(
        "retold_series",
        derived: """
            select \(SeriesRecord.columns) from series s join ticker t using (token_id)
            join \(SeriesReads.lengths) on l.interval = s.interval
            where s.first_open + l.length < $2 and s.last_closed + l.length >= $1
                and ($3::uuid[] is null or s.token_id = any ($3))
                and ($4::text[] is null or t.symbol = any ($4))
                and ($5::text[] is null or s.source = any ($5))
                and ($6::text[] is null or s.interval = any ($6))
            order by t.symbol, s.id limit $7
            """)

    let database: Database
    let offLoop: OffLoop
    let models: GradeModels
    let supplied: SuppliedLookup

    package init(
        database: Database, offLoop: OffLoop, models: GradeModels = .usual,
        supplied: @escaping SuppliedLookup = { _, _ in .none }
    ) {
        (self.database, self.offLoop, self.models, self.supplied) = (database, offLoop, models, supplied)
    }

    package nonisolated(nonsending) func events(_ question: PastQuestion) async throws -> any PastEvents {
        let fields = question.fields
        let tokens = fields["token_id"]?.compactMap { TokenID($0)?.uuid }
        let rows = try await database.query(
            Self.find, .timestamp(question.from), .timestamp(question.to), .uuidArray(tokens),
            .textArray(fields["symbol"].map(Array.init)), .textArray(fields["source"].map(Array.init)),
            .textArray(fields["interval"].map(Array.init)), .int(Self.seriesAtMost + 1))
        let records = rows.compactMap { SeriesRecord($0) }
        guard records.count <= Self.seriesAtMost else {
            throw Self.tooMuch("more than \(Self.seriesAtMost) series")
        }
        let markets = try await markets(of: records)
        let closes =
            records.reduce(0) { $0 + $1.closes(from: question.from, to: question.to) }
            + markets.values.reduce(0) { $0 + $1.closes(from: nil, to: question.to) }
        guard closes <= Self.closesAtMost else {
            throw Self.tooMuch(
                "about \(closes) closes, those of the market since it began among them, of "
                    + "\(Self.closesAtMost) at most")
        }
        return RetoldCloses(records, markets: markets, question, self)
    }

    private nonisolated(nonsending) func markets(
        of series: [SeriesRecord]
    ) async throws -> [RetoldStart.Place: SeriesRecord] {
        var markets: [RetoldStart.Place: SeriesRecord] = [:]
        for place in Set(series.map(RetoldStart.Place.init)) {
            let rows = try await MarketGates.ask(place.source, place.interval, in: database).rows()
            markets[place] = rows.first.flatMap { SeriesRecord($0) }
        }
        return markets
    }

    private static func tooMuch(_ what: String) -> FieldErrors {
        FieldErrors(
            FieldError(
                pointer: "/from", code: FieldCode.outOfRange,
                message: "the rule meets \(what): begin later, or name token.symbol, token.source or "
                    + "token.interval in its condition"))
    }
}

extension SeriesRecord {
    /// Candles that may close in a span of time.
    fileprivate func closes(from: Timestamp?, to: Timestamp) -> Int {
        guard let firstClose, let lastClose else { return 0 }
        let (begin, end) = (max(from ?? firstClose, firstClose), min(to, lastClose))
        return begin <= end ? Int((end - begin).seconds / Double(interval.seconds)) + 1 : 0
    }
}
