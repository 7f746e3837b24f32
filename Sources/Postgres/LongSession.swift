package import Kernel

/// A session for one user, outside of pools and their watch: for what may take minutes.
package final class LongSession: Queryable {
    private static let takeTime = Statement(
        "long_session", "select set_config('statement_timeout', $1, false)")

    private let connection: Connection

    private init(_ connection: Connection) { self.connection = connection }

    package func send(_ statement: Statement, _ parameters: [Parameter]) -> Query {
        let query = Query(statement, parameters, mode: .alone)
        connection.send(query)
        return query
    }

    package func close() { connection.close() }

    /// - Parameter limit: of each of its statements.
    nonisolated(nonsending) static func open(
        _ connector: Connector, limit: Period
    ) async throws(PostgresError) -> LongSession {
        let session = LongSession(try await connector.connect())
        do {
            try await session.query(takeTime, .text("\(limit.microseconds / 1_000)"))
        } catch {
            session.close()
            throw error
        }
        return session
    }
}

extension Connector {
    /// See `LongSession`; whoever opens it closes it.
    package nonisolated(nonsending) func longSession(
        limit: Period
    ) async throws(PostgresError) -> LongSession {
        try await LongSession.open(self, limit: limit)
    }
}
