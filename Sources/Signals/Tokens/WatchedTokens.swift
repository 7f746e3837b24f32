package import Access
package import HTTPServer
package import Kernel
package import Postgres

/// What narrows a list to the tokens of a watchlist.
package enum WatchedTokens {
    private static let read = Statement(
        "watched_tokens",
        """
        select w.tokens from watchlists_known($4) w
        where w.id = $1 and watchlist_access(w.id, w.owner, $2, $3) > 0
        """)

    /// Nil without a watchlist: nothing is narrowed. One that the caller does not see is not there. With
    /// `asOf` those that were known to stand on it then.
    package nonisolated(nonsending) static func of(
        _ watchlist: WatchlistID?, for context: Context, asOf: Timestamp?, in source: any Queryable
    ) async throws -> [TokenID]? {
        guard let watchlist else { return nil }
        try context.require(.watchlistsRead)
        guard let principal = context.actor.principal,
            let row = try await source.query(
                read, .id(watchlist), .text(principal.description), .uuid(principal.uuid), .timestamp(asOf)
            ).first
        else { throw Problem.notFound("watchlist") }
        return row.idArray(0, as: TokenKind.self)
    }
}

extension Parameters {
    package mutating func watchlist() -> WatchlistID? {
        parsed("watchlist", expected: "a watchlist's id") { WatchlistID($0) }
    }
}

extension Parameter {
    /// Null: any token.
    package static func tokens(_ tokens: [TokenID]?) -> Parameter { .uuidArray(tokens?.map { $0.uuid }) }
}
