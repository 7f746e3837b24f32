/// Everything that a store may meet. What outsiders read is decided elsewhere: server messages are for the
/// log.
package enum PostgresError: Error, Equatable, Sendable {
    /// There is no connection, or it was lost before the work was committed: try again later (503,
    /// Retry-After).
    case unavailable
    /// Too much is waiting already; nothing was sent.
    case overloaded
    /// The statement ran into its time limit and was undone.
    case timeout
    /// The same, of a report: less may be asked for.
    case reportTimeout
    /// The connection was lost while a commit was under way: the work may be there or not.
    case commitUnknown
    /// PostgreSQL refused the statement; its transaction is undone.
    case server(ServerError)
}

/// What PostgreSQL says about a failed statement, by the fields of its error message.
package struct ServerError: Error, Equatable, Sendable {
    /// Five characters, by appendix A of PostgreSQL's manual.
    package var sqlState: String
    package var message: String
    package var detail: String?
    package var constraint: String?
    package var table: String?
    package var column: String?

    package init(
        sqlState: String, message: String, detail: String? = nil, constraint: String? = nil,
        table: String? = nil, column: String? = nil
    ) {
        (self.sqlState, self.message, self.detail) = (sqlState, message, detail)
        (self.constraint, self.table, self.column) = (constraint, table, column)
    }
}

package enum SQLState {
    package static let uniqueViolation = "23505"
    package static let checkViolation = "23514"
    package static let serializationFailure = "40001"
    package static let deadlockDetected = "40P01"
    package static let lockNotAvailable = "55P03"
    static let queryCanceled = "57014"
    static let invalidStatementName = "26000"
    static let featureNotSupported = "0A000"
    static let failedTransaction = "25P02"
    /// Shut down, crashed, starting: the session is over, not the statement wrong.
    static let endOfSession: Set<String> = ["57P01", "57P02", "57P03", "57P05", "25P03", "08006", "08003"]
}

extension PostgresError {
    package var sqlState: String? {
        if case .server(let error) = self { return error.sqlState }
        return nil
    }

    /// The named constraint's, or any unique constraint's, violation.
    package func isUniqueViolation(_ constraint: String? = nil) -> Bool {
        violates(SQLState.uniqueViolation, constraint)
    }

    package func isCheckViolation(_ constraint: String? = nil) -> Bool {
        violates(SQLState.checkViolation, constraint)
    }

    /// Another transaction was in the way; the same transaction may succeed when it is run again.
    package var isConflict: Bool {
        sqlState == SQLState.serializationFailure || sqlState == SQLState.deadlockDetected
    }

    /// A lock was not to be had within `lock_timeout`.
    package var isLockTimeout: Bool { sqlState == SQLState.lockNotAvailable }

    private func violates(_ state: String, _ constraint: String?) -> Bool {
        guard case .server(let error) = self, error.sqlState == state else { return false }
        return constraint == nil || error.constraint == constraint
    }

    /// The error that a server's message means to the caller.
    init(_ error: ServerError) {
        if SQLState.endOfSession.contains(error.sqlState) {
            self = .unavailable
        } else if error.sqlState == SQLState.queryCanceled {
            self = .timeout
        } else {
            self = .server(error)
        }
    }
}

extension PostgresError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unavailable: "the database cannot be reached"
        case .overloaded: "too many statements wait for the database"
        case .timeout: "the database did not finish in time"
        case .reportTimeout: "the database did not finish a report in time"
        case .commitUnknown: "the database was lost during a commit"
        case .server(let error): "\(error.message) (\(error.sqlState))"
        }
    }
}
