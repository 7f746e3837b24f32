import Kernel
import Postgres
import Signals

/// What was measured of a market's past, and has to be measured again: a candle of then came late, or was
/// replaced. Those that measure go on from it close by close, each on its own.
struct MarketRevision: Sendable {
    enum Reader: String, CaseIterable {
        case readings, narratives, investor

        /// Grades take daily candles; who measures no narratives finds nothing to measure.
        func reads(_ interval: Interval) -> Bool { self != .investor || interval == .day }
    }

    /// Closes behind the newest that are measured again: a year of days, which is as far as an Investor Grade
    /// reaches, two weeks of hours. What lies further back moves nobody's decision, and stays as it was told.
    static let reach = 365
    /// From the first such candle on, so that those that come together are measured once.
    static let patience: Period = .minutes(1)
    /// Markets of one run.
    private static let most = 1_000

    let source: String
    let interval: Interval
    /// Open time of the first candle at whose close is measured again.
    let from: Timestamp
    /// Of the newest one, which is measured when it is settled.
    let settled: Timestamp
    /// When the first such candle was noted.
    let notedAt: Timestamp
    private let reader: Reader

    /// All of them, and the newest.
    var closes: [Timestamp] {
        let count = max(interval.steps(from: from, to: settled) + 1, 0)
        return (0..<count).map { from + interval.period * Double($0) }
    }
}

extension MarketRevision {
    /// In the order of ids, as everybody locks series. One that is locked now is taken next time.
    private static let take = Statement(
        "market_revision_take",
        """
        with revised as materialized (
            select id, revised_from from series
            where source = $1 and interval = $2 and revised_from is not null
            order by id for no key update skip locked
        ), taken as (
            update series s set revised_from = null from revised r where s.id = r.id
        )
        select min(revised_from) from revised
        """)
    private static let note = Statement(
        "market_revision_note",
        """
        insert into market_revision (source, interval, reader, next, noted_at)
        select $1, $2, r, $4, $5 from unnest($3::text[]) r
        on conflict on constraint market_revision_key do update
        set next = least(market_revision.next, excluded.next)
        """)
    static let due = Statement(
        "market_revision_due",
        """
        select r.source, r.interval, r.next, c.settled, r.noted_at
        from market_revision r join market_close c using (source, interval)
        where r.reader = $1 and r.noted_at <= $2 and c.settled is not null
        order by r.source, r.interval limit $3
        """)
    private static let move = Statement(
        "market_revision_move",
        """
        update market_revision set next = $5 where source = $1 and interval = $2 and reader = $3 and next = $4
        """)
    private static let end = Statement(
        "market_revision_end",
        "delete from market_revision where source = $1 and interval = $2 and reader = $3 and next = $4")

    /// Of a locked market: candles that came behind a close that had been measured.
    nonisolated(nonsending) static func collect(
        _ market: MarketCloseStore.Market, settled: Timestamp?, at now: Timestamp, in transaction: Transaction
    ) async throws {
        let name = (source: Parameter.text(market.source), interval: Parameter.text(market.interval.rawValue))
        let taken = try await transaction.query(take, name.source, name.interval).first?.optionalTimestamp(0)
        guard let taken, let settled, taken <= settled else { return }
        let readers = Reader.allCases.filter { $0.reads(market.interval) }.map(\.rawValue)
        try await transaction.query(
            note, name.source, name.interval, .textArray(readers),
            .timestamp(max(taken, settled - market.interval.period * Double(reach))), .timestamp(now))
    }

    nonisolated(nonsending) static func due(
        _ reader: Reader, at now: Timestamp, in source: any Queryable
    ) async throws -> [MarketRevision] {
        let rows = try await source.query(
            due, .text(reader.rawValue), .timestamp(now - patience), .int(most))
        return rows.compactMap { row in
            Interval(rawValue: row.text(1)).map {
                MarketRevision(
                    source: row.text(0), interval: $0, from: row.timestamp(2), settled: row.timestamp(3),
                    notedAt: row.timestamp(4), reader: reader)
            }
        }
    }

    /// Measures at the closes of these candles, in their order, and notes how far it came.
    /// - Parameter measure: what is not done when it is interrupted is done again.
    nonisolated(nonsending) func walk(
        _ times: [Timestamp], in database: Database, until isOver: () -> Bool,
        _ measure: nonisolated(nonsending) (Timestamp) async throws -> Bool
    ) async throws {
        var place = from
        for time in times {
            if isOver() { return }
            guard try await measure(time) else { return }
            let next = interval.close(of: time)
            guard try await self.move(from: place, to: next, in: database) else { return }
            place = next
        }
        try await database.transaction { transaction in
            _ = try await transaction.query(Self.end, parameters: self.name + [.timestamp(place)])
        }
    }

    private var name: [Parameter] { [.text(source), .text(interval.rawValue), .text(reader.rawValue)] }

    /// False when it was put back meanwhile.
    private nonisolated(nonsending) func move(
        from place: Timestamp, to next: Timestamp, in database: Database
    ) async throws -> Bool {
        let parameters = name + [.timestamp(place), .timestamp(next)]
        return try await database.transaction { transaction in
            try await transaction.query(Self.move, parameters: parameters).affected == 1
        }
    }
}
