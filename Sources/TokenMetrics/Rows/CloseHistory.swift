import Kernel
import Postgres

/// The closes of a token's days, all of them: what its risk metrics are made of.
struct CloseHistory: Sendable {
    var name: TokenName
    var series: Int
    var closes: [Double] = []
    private var last: Timestamp?

    init(_ name: TokenName, series: Int, closes: [Double] = []) {
        (self.name, self.series, self.closes) = (name, series, closes)
    }

    /// Each token is read from its first day on, so an answer has no more of them.
    static let mostTokens = 50
    private static let pageSize = 1_000

    static let wanted = Statement(
        "tm_histories",
        derived: """
            select k.number, t.symbol, s.id
            from token k join ticker t on t.token_id = k.id
            cross join lateral primary_series(k.id, '1d', $2) s
            \(ListParameters.chosen)
            order by k.number limit $4 offset $5
            """)

    private static let page = Statement(
        "tm_closes",
        """
        select open_time, close from candle where series = $1 and closed and open_time > $2
        order by open_time limit $3
        """)

    nonisolated(nonsending) static func list(
        _ ask: Ask, in database: Database
    ) async throws -> [CloseHistory] {
        var found: [CloseHistory] = []
        for (name, series) in try await series(ask, in: database) {
            var history = CloseHistory(name, series: series)
            try await history.read(database)
            found.append(history)
        }
        return found
    }

    /// The series of days that stand for tokens.
    nonisolated(nonsending) static func series(
        _ ask: Ask, in database: Database
    ) async throws -> [(name: TokenName, series: Int)] {
        guard let parameters = try await ListParameters(ask, in: database) else { return [] }
        return try await database.report(wanted, parameters: parameters.all).map { row in
            (name: TokenName(row), series: row.int(2))
        }
    }

    /// Page by page, so that others on the loop do not wait for a long history.
    private nonisolated(nonsending) mutating func read(_ database: Database) async throws {
        var isOver = false
        while !isOver {
            let rows = try await database.report(
                Self.page, .int(series), .timestamp(last ?? Timestamp(microseconds: .min)),
                .int(Self.pageSize))
            for row in rows {
                last = row.timestamp(0)
                closes.append(row.double(1))
            }
            isOver = rows.count < Self.pageSize
        }
    }
}
