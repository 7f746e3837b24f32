import Kernel
import Postgres

/// What this node's clock and the database's both say is over: one that steps forward decides nothing.
enum AgreedTime {
    private static let read = Statement("agreed_time", "select least($1::timestamptz, clock_timestamp())")

    /// - Parameter own: what this node's clock says.
    nonisolated(nonsending) static func now(
        _ own: Timestamp, in source: any Queryable
    ) async throws -> Timestamp {
        try await source.query(read, .timestamp(own)).first?.timestamp(0) ?? own
    }
}
