/// Where a statement may run: on its own (`Link`), or inside a transaction. Stores take either.
package protocol Queryable: AnyObject {
    /// Sends a statement, with the others of this turn in one write; await its `rows()` now or later.
    func send(_ statement: Statement, _ parameters: [Parameter]) -> Query
}

extension Queryable {
    package func send(_ statement: Statement, _ parameters: Parameter...) -> Query {
        send(statement, parameters)
    }

    @discardableResult
    package nonisolated(nonsending) func query(
        _ statement: Statement, _ parameters: Parameter...
    ) async throws(PostgresError) -> Rows {
        try await send(statement, parameters).rows()
    }

    @discardableResult
    package nonisolated(nonsending) func query(
        _ statement: Statement, parameters: [Parameter]
    ) async throws(PostgresError) -> Rows {
        try await send(statement, parameters).rows()
    }
}
