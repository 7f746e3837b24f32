/// One open transaction. It begins with its first statement, in the same write, and lives inside
/// `transaction`'s body.
package final class Transaction: Queryable {
    private enum State { case fresh, open, committed, over }

    private let link: Link
    private var state = State.fresh
    private var asked: [String: Query] = [:]
    /// Called when the commit has left, whatever comes of it: who comes next need not wait for its answer.
    package var onCommitSent: (() -> Void)?

    init(on link: Link) { self.link = link }

    package func send(_ statement: Statement, _ parameters: [Parameter]) -> Query {
        precondition(state == .fresh || state == .open, "the transaction is over")
        if state == .fresh {
            state = .open
            link.send(Query(Self.begin, [], mode: .inTransaction))
        }
        let query = Query(statement, parameters, mode: .inTransaction)
        link.send(query)
        return query
    }

    /// Sends a statement without parameters, or gives what was sent already: for what several ask within one
    /// transaction who know nothing of each other.
    package func once(_ statement: Statement) -> Query {
        if let query = asked[statement.name] { return query }
        let query = send(statement, [])
        asked[statement.name] = query
        return query
    }

    /// Commits now; statements sent in this turn leave in the same write. The body's end does it otherwise.
    package nonisolated(nonsending) func commit() async throws(PostgresError) {
        precondition(state == .fresh || state == .open, "the transaction is over")
        guard state == .open else {
            state = .committed
            return
        }
        state = .over
        let query = Query(Self.commit, [], mode: .inTransaction)
        link.send(query)
        onCommitSent?()
        let rows: Rows
        do {
            rows = try await query.rows()
        } catch .unavailable {
            throw .commitUnknown
        }
        // The server answers the commit of a failed transaction with ROLLBACK, and no error.
        guard rows.commandTag == "COMMIT" else { throw .server(.failedTransaction) }
        state = .committed
    }

    /// Commits unless the body did; for the owner of the body.
    nonisolated(nonsending) func finish() async throws(PostgresError) {
        if state == .fresh || state == .open { try await commit() }
    }

    /// Undoes what was done. A session that cannot even do that is dropped, which undoes it too.
    nonisolated(nonsending) func rollback() async {
        guard state == .open || state == .over else { return }
        state = .over
        let query = Query(Self.rollback, [], mode: .inTransaction)
        link.send(query)
        if (try? await query.rows()) == nil { link.drop() }
    }

    private static let begin = Statement("begin", "begin")
    private static let commit = Statement("commit", "commit")
    private static let rollback = Statement("rollback", "rollback")
}

extension ServerError {
    fileprivate static let failedTransaction = ServerError(
        sqlState: SQLState.failedTransaction, message: "a statement of the transaction had failed")
}
