package import Access
import HTTPServer
package import JSON
package import Kernel
import Postgres

/// One run of a rule over past candles: asked for, waiting, running, and what came of it.
package struct Backtest: Sendable {
    package enum State: String, CaseIterable, Sendable {
        case queued, running, succeeded, failed, cancelled
    }

    /// Backtests that may wait or run at once, and that are kept.
    static let mostWaiting = 20
    static let mostKept = 1_000
    /// A run that was cut short so often is not begun again: it may be what ends the nodes.
    static let mostAttempts = 5

    package let id: BacktestID
    package var name: String
    /// As it was asked for.
    package var request: [UInt8]
    package var state: State
    package var author: String
    package var createdAt: Timestamp
    package var knownAt: Timestamp
    package var startedAt: Timestamp?
    package var finishedAt: Timestamp?
    package var stepsDone: Int
    package var steps: Int
    package var variantsTried: Int?
    package var error: String?
    package var digest: [UInt8]
}

extension Backtest: JSONWritable {
    package func write(to w: inout JSONWriter) { w.object { w in members(to: &w) } }

    func members(to w: inout JSONWriter) {
        w.field("id", id.description)
        w.field("name", name)
        w.field("state", state.rawValue)
        w.raw("request", request)
        w.field("rule_digest", digest.hex)
        w.field("known_at", knownAt.description)
        w.field("progress", steps == 0 ? 0 : Double(stepsDone) / Double(steps))
        w.field("variants_tried", variantsTried)
        w.field("error", error)
        w.field("created_by", author)
        w.field("created_at", createdAt.description)
        w.field("started_at", startedAt?.description)
        w.field("finished_at", finishedAt?.description)
    }
}

/// Backtests as rows.
enum BacktestStore {
    private static let list = Statement(
        "candle_backtest_list",
        """
        select id, name, request, state, author, created_at, known_at, started_at, finished_at,
            steps_done, steps, variants_tried, error, rule_digest
        from backtest where ($1::text is null or state = $1) and ($2::uuid is null or id < $2)
        order by id desc limit $3
        """)

    private static let find = Statement(
        "candle_backtest_find",
        """
        select id, name, request, state, author, created_at, known_at, started_at, finished_at,
            steps_done, steps, variants_tried, error, rule_digest, report
        from backtest where id = $1
        """)

    private static let chart = Statement("candle_backtest_chart", "select chart from backtest where id = $1")

    private static let next = Statement(
        "candle_backtest_next",
        """
        select id, name, request, state, author, created_at, known_at, started_at, finished_at,
            steps_done, steps, variants_tried, error, rule_digest
        from backtest where state in ('queued', 'running') order by id limit 1
        """)

    private static let insert = Statement(
        "candle_backtest_insert",
        """
        insert into backtest (id, name, request, rule_digest, state, author, created_at, known_at)
        select $1, $2, $3, $4, 'queued', $5, $6, $7
        where (select count(*) from backtest where state in ('queued', 'running')) < $8
            and (select count(*) from backtest) < $9
        """)

    private static let begin = Statement(
        "candle_backtest_begin",
        """
        update backtest set attempts = attempts + 1, state = 'running', started_at = coalesce(started_at, $2)
        where id = $1 and state in ('queued', 'running')
        returning attempts
        """)

    private static let giveBack = Statement(
        "candle_backtest_give_back",
        "update backtest set attempts = attempts - 1 where id = $1 and state = 'running' and attempts > 1")

    /// No row: it was cancelled or deleted meanwhile.
    private static let advance = Statement(
        "candle_backtest_advance",
        """
        update backtest set steps_done = $2, steps = $3 where id = $1 and state = 'running'
        """)

    private static let variant = Statement(
        "candle_backtest_variant",
        "insert into backtest_variant (digest, first_tried_at) values ($1, $2) on conflict do nothing")

    private static let end = Statement(
        "candle_backtest_end",
        """
        update backtest set state = $2, finished_at = $3, error = $4, report = $5, chart = $6,
            steps_done = case when $2 = 'succeeded' then steps else steps_done end,
            variants_tried = (select count(*) from backtest_variant)
        where id = $1 and state in ('queued', 'running')
        returning variants_tried
        """)

    private static let delete = Statement("candle_backtest_delete", "delete from backtest where id = $1")

    nonisolated(nonsending) static func list(
        _ state: Backtest.State?, before: BacktestID?, limit: Int, in source: any Queryable
    ) async throws -> [Backtest] {
        let rows = try await source.query(list, .text(state?.rawValue), .id(before), .int(limit))
        return rows.compactMap { Backtest($0) }
    }

    nonisolated(nonsending) static func find(
        _ id: BacktestID, in source: any Queryable
    ) async throws -> (backtest: Backtest, report: [UInt8]?)? {
        guard let row = try await source.query(find, .id(id)).first, let backtest = Backtest(row) else {
            return nil
        }
        return (backtest, row.optionalBytes(14))
    }

    nonisolated(nonsending) static func chart(
        _ id: BacktestID, in source: any Queryable
    ) async throws -> [UInt8]? {
        try await source.query(chart, .id(id)).first.flatMap { $0.optionalBytes(0) }
    }

    /// The oldest that waits, or that a lost node left behind.
    nonisolated(nonsending) static func next(in source: any Queryable) async throws -> Backtest? {
        try await source.query(next).first.flatMap { Backtest($0) }
    }

    /// False where there are too many.
    nonisolated(nonsending) static func insert(
        _ backtest: Backtest, variant digest: [UInt8], in transaction: Transaction
    ) async throws -> Bool {
        let done = try await transaction.query(
            insert, .id(backtest.id), .text(backtest.name), .json(backtest.request), .bytes(backtest.digest),
            .text(backtest.author), .timestamp(backtest.createdAt), .timestamp(backtest.knownAt),
            .int(Backtest.mostWaiting), .int(Backtest.mostKept))
        _ = try await transaction.query(variant, .bytes(digest), .timestamp(backtest.createdAt))
        return done.affected == 1
    }

    /// How often it was taken up, this time included; nil where it is over.
    nonisolated(nonsending) static func begin(
        _ id: BacktestID, at now: Timestamp, in source: any Queryable
    ) async throws -> Int? {
        try await source.query(begin, .id(id), .timestamp(now)).first.map { $0.int(0) }
    }

    /// It was cut short by no fault of its own: that time does not count. That it began was told.
    nonisolated(nonsending) static func giveBack(
        _ id: BacktestID, in source: any Queryable
    ) async throws { _ = try await source.query(giveBack, .id(id)) }

    nonisolated(nonsending) static func advance(
        _ id: BacktestID, _ done: Int, of steps: Int, in source: any Queryable
    ) async throws -> Bool {
        let rows = try await source.query(advance, .id(id), .int(done), .int(steps))
        return rows.affected == 1
    }

    /// How many variants were tried by then; nil where it was over already.
    nonisolated(nonsending) static func end(
        _ id: BacktestID, _ state: Backtest.State, at now: Timestamp, error: String? = nil,
        report: [UInt8]? = nil, chart: [UInt8]? = nil, in source: any Queryable
    ) async throws -> Int? {
        try await source.query(
            end, .id(id), .text(state.rawValue), .timestamp(now), .text(error), .bytes(report),
            .bytes(chart)
        ).first.map { $0.int(0) }
    }

    nonisolated(nonsending) static func delete(_ id: BacktestID, in source: any Queryable) async throws {
        _ = try await source.query(delete, .id(id))
    }
}

extension Backtest {
    fileprivate init?(_ row: Row) {
        guard let state = State(rawValue: row.text(3)) else { return nil }
        self.init(
            id: row.id(0), name: row.text(1), request: row.json(2), state: state, author: row.text(4),
            createdAt: row.timestamp(5), knownAt: row.timestamp(6), startedAt: row.optionalTimestamp(7),
            finishedAt: row.optionalTimestamp(8), stepsDone: row.int(9), steps: row.int(10),
            variantsTried: row.optionalInt(11), error: row.optionalText(12), digest: row.bytes(13))
    }
}
