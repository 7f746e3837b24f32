import Kernel
package import Postgres

/// Why the service does not start on this database.
package enum FeedRefusal: Error, Equatable, CustomStringConvertible {
    /// An open prepared transaction holds readers of events back for as long as it stands, across restarts.
    case preparedTransactions(Int)

    package var description: String {
        switch self {
        case .preparedTransactions(let count):
            """
            the server has \(count) prepared transactions, which hold back every reader of events: commit or \
            roll them back first (pg_prepared_xacts)
            """
        }
    }
}

/// Eras of the feed. A dump that was restored lives on another server, whose transaction ids start low:
/// without a new era every new event would sort before the old ones, and be skipped for ever.
package enum Eras {
    private static let prepared = Statement(
        "event_prepared_transactions", "select count(*) from pg_prepared_xacts")
    private static let begin = Statement(
        "event_era_begin",
        """
        update installation set era = era + 1, system_identifier = here.system_identifier
        from pg_control_system() as here
        where installation.system_identifier <> here.system_identifier
        returning era
        """)

    /// To be called at every start, after the migrations and before anything is written. Answers the new era,
    /// if one began.
    @discardableResult
    package nonisolated(nonsending) static func check(_ database: Database) async throws -> Int? {
        let count = try await database.query(prepared).first?.int(0) ?? 0
        guard count == 0 else { throw FeedRefusal.preparedTransactions(count) }
        return try await database.transaction { transaction in
            try await transaction.query(begin).first?.int(0)
        }
    }
}
