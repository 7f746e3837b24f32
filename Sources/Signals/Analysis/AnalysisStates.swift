import Kernel
import Postgres

/// States of analyses as rows, so that a node that begins goes on from there instead of from a series' first
/// candle.
enum AnalysisStates {
    /// Candles after which a state is stored again: 15 KB each. A node that begins reads so many at most.
    static let every = 200

    private static let read = Statement(
        "analysis_state_read", "select bytes from analysis_state where series = $1 and time < $2")

    private static let write = Statement(
        "analysis_state_write",
        """
        insert into analysis_state (series, time, bytes) values ($1, $2, $3)
        on conflict (series) do update set time = excluded.time, bytes = excluded.bytes
        """)

    /// The state before a candle, if one is stored that these models can go on from.
    nonisolated(nonsending) static func read(
        _ series: SeriesRecord, before: Timestamp, models: GradeModels, in database: Database
    ) async throws -> SeriesAnalysis? {
        let rows = try await database.query(read, .int(series.id), .timestamp(before))
        guard let bytes = rows.first?.bytes(0) else { return nil }
        return SeriesAnalysis(series.interval, models: models, restoring: bytes)
    }

    nonisolated(nonsending) static func write(
        _ state: SavedState, series: Int, in transaction: Transaction
    ) async throws {
        try await transaction.query(
            write, .int32(Int32(series)), .timestamp(state.time), .bytes(state.bytes))
    }
}

/// The state of an analysis after one candle.
struct SavedState {
    let time: Timestamp
    let bytes: [UInt8]

    /// Nil before the first candle.
    init?(_ analysis: SeriesAnalysis) {
        guard let time = analysis.time else { return nil }
        (self.time, bytes) = (time, analysis.snapshot())
    }
}
