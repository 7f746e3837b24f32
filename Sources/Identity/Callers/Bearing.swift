package import Access
package import Kernel
package import Postgres

/// Whether what somebody came by still counts, for whoever stays longer than a request takes.
package enum Bearing {
    /// How long it counts, if nothing happens to it.
    package struct Term: Equatable, Sendable {
        /// Nil: without an end. A use in between may move the end of what lapses by rest.
        package let end: Timestamp?
    }

    private static let token = Statement(
        "bearing_token",
        """
        select least(t.expires_at, p.expires_at,
            coalesce(t.last_used_at, t.created_at) + make_interval(secs => t.idle_seconds))
        from access_token t join principal p on p.id = t.principal where t.id = $1 and t.revoked_at is null
        """)
    private static let session = Statement(
        "bearing_session",
        """
        select least(s.created_at + i.session_lifetime, s.last_used_at + i.session_idle, p.expires_at)
        from session s join principal p on p.id = s.principal cross join sign_in i
        where s.id = $1 and s.ended_at is null
        """)

    /// What somebody's rights stand on, by whatever they came: a change of authority that touches none of it
    /// leaves them so. Whoever ends a session touches its user.
    package static func grounds(
        of principal: PrincipalID, by token: AccessTokenID?, _ rights: Rights
    ) -> [Touched] {
        let own: [Touched] = token.map { [.accessToken($0)] } ?? []
        return own + (principal.kind == .user ? [.signIn] : []) + rights.grounds(of: principal)
    }

    /// Nil: it is over.
    package static nonisolated(nonsending) func term(
        of actor: Actor, at now: Timestamp, in source: any Queryable
    ) async throws -> Term? {
        if let id = actor.accessToken { return term(try await source.query(token, .id(id)), now) }
        if let id = actor.session { return term(try await source.query(session, .id(id)), now) }
        return Term(end: nil)
    }

    private static func term(_ rows: Rows, _ now: Timestamp) -> Term? {
        guard let row = rows.first else { return nil }
        let end = row.optionalTimestamp(0)
        return end.map { $0 > now } ?? true ? Term(end: end) : nil
    }
}
