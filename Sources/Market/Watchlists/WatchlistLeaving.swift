package import Access
package import Events
import JSON
import Kernel
import Postgres

/// What becomes of the watchlists of somebody who leaves: they go to the heir, or stay for those with whom
/// they are shared.
package enum WatchlistLeaving {
    package struct Left: Sendable {
        package let id: WatchlistID
        package let name: String
        package let isReassigned: Bool
    }

    private static let owned = Statement(
        "watchlists_of_leaver",
        """
        select id, name from watchlist where owner = $1 and ended_at is null order by id for no key update
        """)
    /// A name that the heir has too gets the list's number behind it.
    private static let give = Statement(
        "watchlists_give",
        """
        update watchlist w set owner = $2, updated_at = $3, revision = revision + 1,
            name = case when exists (
                    select from watchlist o
                    where o.owner = $2 and o.ended_at is null and lower(o.name) = lower(w.name))
                then left(w.name, 60) || ' ' || w.id::text else w.name end
        where owner = $1 and ended_at is null
        """)

    package nonisolated(nonsending) static func carryOut(
        _ leaver: PrincipalID, heir: PrincipalID?, _ change: Change
    ) async throws -> [Left] {
        let rows = try await change.transaction.query(owned, .text(leaver.description))
        let left = rows.map { row in Left(id: row.id(0), name: row.text(1), isReassigned: heir != nil) }
        guard let heir, !left.isEmpty else { return left }
        _ = try await change.transaction.query(
            give, .text(leaver.description), .text(heir.description), .timestamp(change.context.now))
        for list in left {
            change.audit("watchlists.update", list.id, detail: ["changed": ["owner_id"]])
        }
        return left
    }
}
