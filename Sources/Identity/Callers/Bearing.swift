package import Access
package import Kernel
package import Postgres

/// Whether what somebody came by still counts, for whoever stays longer than a request takes.
package enum Bearing {
    private static let token = Statement(
        "bearing_token",
        """
        select true from access_token t join principal p on p.id = t.principal
        where t.id = $1 and t.revoked_at is null and (t.expires_at is null or t.expires_at > $2)
            and (p.expires_at is null or p.expires_at > $2)
        """)
    private static let session = Statement(
        "bearing_session",
        """
        select true from session s cross join sign_in i
        where s.id = $1 and s.ended_at is null
            and s.created_at + i.session_lifetime > $2 and s.last_used_at + i.session_idle > $2
        """)

    package static nonisolated(nonsending) func counts(
        _ actor: Actor, at now: Timestamp, in source: any Queryable
    ) async throws -> Bool {
        if let id = actor.accessToken {
            return try await !source.query(token, .id(id), .timestamp(now)).isEmpty
        }
        if let id = actor.session {
            return try await !source.query(session, .id(id), .timestamp(now)).isEmpty
        }
        return true
    }
}
