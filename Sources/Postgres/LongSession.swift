import EventLoop
package import Kernel

/// A session for one user, outside of pools and their watch: for what may take minutes.
package final class LongSession {
    /// Beyond its limit the server ends a statement; of one that is not ended then, no word will come.
    private static let grace: Period = .seconds(30)
    private static let takeTime = Statement(
        "long_session", "select set_config('statement_timeout', $1, false)")

    private let connection: Connection
    private let limit: Period
    private let reactor: Reactor

    private init(_ connection: Connection, limit: Period, on reactor: Reactor) {
        (self.connection, self.limit, self.reactor) = (connection, limit, reactor)
    }

    package nonisolated(nonsending) func query(
        _ statement: Statement, _ parameters: Parameter...
    ) async throws(PostgresError) -> Rows {
        let query = Query(statement, parameters, mode: .alone)
        connection.send(query)
        return try await query.rows(within: limit + Self.grace, on: reactor)
    }

    package func close() { connection.close() }

    /// Whoever opens it closes it.
    /// - Parameter limit: of each of its statements.
    package nonisolated(nonsending) static func open(
        _ connector: Connector, limit: Period
    ) async throws(PostgresError) -> LongSession {
        let session = LongSession(
            try await connector.connect(), limit: limit, on: connector.reactor)
        do {
            _ = try await session.query(takeTime, .text("\(limit.microseconds / 1_000)"))
        } catch {
            session.close()
            throw error
        }
        return session
    }
}
