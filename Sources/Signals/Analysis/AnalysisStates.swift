import Kernel
import Postgres

/// States of analyses as rows: the newest one, so that a node that begins goes on from there, and milestones
/// along the series, so that a change of the past is followed from the one before it, and no further than to
/// one that comes out again.
enum AnalysisStates {
    /// Candles after which the newest state is stored again: 15 KB each. A node that begins reads so many at
    /// most.
    static let every = 200
    /// Of the time of so many candles one state stays: 15 bytes a candle, against 90 of the candle itself.
    /// Who goes back reads so many at most, in 7 ms.
    static let apart = 1_000

    private static let before = Statement(
        "analysis_state_before",
        """
        select time, bytes from analysis_state where series = $1 and time < $2 order by time desc limit 1
        """)

    private static let after = Statement(
        "analysis_state_after",
        "select time, bytes from analysis_state where series = $1 and time >= $2 order by time limit 1")

    /// The newest one gives way to the next, unless it is the first of its thousand candles' time.
    private static let write = Statement(
        "analysis_state_write",
        """
        with passed as (
            delete from analysis_state where series = $1 and not milestone and time < $2
        )
        insert into analysis_state (series, time, bytes, milestone)
        select $1, $2, $3, not exists (
            select from analysis_state where series = $1 and milestone and time >= $4 and time < $2)
        on conflict on constraint analysis_state_key do update set bytes = excluded.bytes
        """)

    private static let remove = Statement(
        "analysis_state_remove", "delete from analysis_state where series = $1 and time = $2")

    /// The state before a candle, if one is stored that these models can go on from.
    nonisolated(nonsending) static func read(
        _ series: SeriesRecord, before time: Timestamp, models: GradeModels, in database: Database
    ) async throws -> SeriesAnalysis? {
        let rows = try await database.query(before, .int(series.id), .timestamp(time))
        guard let bytes = rows.first?.bytes(1) else { return nil }
        return SeriesAnalysis(series.interval, models: models, restoring: bytes)
    }

    /// The first one that has seen a candle.
    nonisolated(nonsending) static func read(
        _ series: Int, from time: Timestamp, in transaction: Transaction
    ) async throws -> SavedState? {
        try await transaction.query(after, .int(series), .timestamp(time)).first.map { row in
            SavedState(time: row.timestamp(0), bytes: row.bytes(1))
        }
    }

    nonisolated(nonsending) static func write(
        _ state: SavedState, of series: SeriesRecord, in transaction: Transaction
    ) async throws {
        let length = series.interval.period.microseconds * Int64(apart)
        let place = ((state.time.microseconds % length) + length) % length
        try await transaction.query(
            write, .int32(Int32(series.id)), .timestamp(state.time), .bytes(state.bytes),
            .timestamp(Timestamp(microseconds: state.time.microseconds - place)))
    }

    nonisolated(nonsending) static func remove(
        _ time: Timestamp, of series: SeriesRecord, in transaction: Transaction
    ) async throws { try await transaction.query(remove, .int(series.id), .timestamp(time)) }
}

/// The state of an analysis after one candle.
struct SavedState: Equatable {
    let time: Timestamp
    let bytes: [UInt8]
}

extension SavedState {
    /// Nil before the first candle.
    init?(_ analysis: SeriesAnalysis) {
        guard let time = analysis.time else { return nil }
        self.init(time: time, bytes: analysis.snapshot())
    }
}
