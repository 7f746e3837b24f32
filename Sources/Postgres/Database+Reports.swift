package import Kernel

extension Database {
    /// A report that takes longer asks for too much; whoever asks is told so.
    package static let reportLimit: Period = .seconds(10)

    static func reportLimit(under limit: Period) -> Period {
        limit > .seconds(0) ? min(limit, reportLimit) : reportLimit
    }

    /// For a statement that may look at many more rows than it answers: sums over a time, and lists that are
    /// narrowed by what no index finds. It has a link to itself while it runs; who finds none free waits in a
    /// bounded line, as for a transaction.
    package nonisolated(nonsending) func report(
        _ statement: Statement, _ parameters: Parameter...
    ) async throws(PostgresError) -> Rows {
        try await report(statement, parameters: parameters)
    }

    package nonisolated(nonsending) func report(
        _ statement: Statement, parameters: [Parameter]
    ) async throws(PostgresError) -> Rows {
        let link = try await reports.take()
        defer { reports.giveBack(link) }
        do {
            return try await link.query(statement, parameters: parameters)
        } catch .timeout {
            throw .reportTimeout
        }
    }
}
