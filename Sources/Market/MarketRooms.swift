package import Access
package import Events
package import Jobs
package import Signals

/// Everything that the room brings to a node.
package enum MarketRooms {
    /// - Parameter told: the model whose grades lists show.
    package static func operations(ledger: Ledger, told: GradeModel) -> [Operation] {
        let database = ledger.database
        return WatchlistEndpoints(ledger: ledger).operations
            + MoverEndpoints(database: database).operations + MoverListEndpoints(ledger: ledger).operations
            + MarketEndpoints(database: database, told: told).operations
            + FactEndpoints(ledger: ledger).operations
            + InvestorEndpoints(database: database).operations
            + NarrativeEndpoints(ledger: ledger).operations
    }

    package static func jobs(ledger: Ledger, told: GradeModel) -> [Job] {
        [
            CloseWatch(ledger: ledger, told: told).job,
            MoverWatch(ledger: ledger).job, RegimeWatch(ledger: ledger).job, InvestorJob(ledger: ledger).job,
            NarrativeWatch(ledger: ledger).job,
        ]
    }

    /// What signals may ask of this room.
    package static var supplied: SuppliedLookup {
        { question, source in try await SuppliedSeries.course(question, in: source) }
    }
}
