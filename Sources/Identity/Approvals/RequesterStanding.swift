package import Access
package import Kernel
package import Postgres

/// Whoever asked for something a while ago, by all that a fresh request of theirs would be asked: themselves,
/// what they came by, from where, and their second factor. What that request paid is paid: its signature, its
/// nonce, its place in a number of uses.
package enum RequesterStanding {
    private static let ofToken = Statement("requester_token", "select hash from access_token where id = $1")
    private static let ofSession = Statement("requester_session", "select hash from session where id = $1")
    private static let principal = Statement(
        "requester_principal",
        """
        select granted(id) from principal
        where id = $1 and status = 'active' and (expires_at is null or expires_at > $2)
        """)

    /// - Parameter permission: what the operation demands.
    /// - Throws: `ApprovalBook.Obstacle`, when they may not act any more.
    package static nonisolated(nonsending) func context(
        _ actor: Actor, needing permission: Permission?, at now: Timestamp, in source: any Queryable
    ) async throws -> Context {
        guard let credential = try await credential(of: actor, in: source) else {
            return try await bare(actor, at: now, in: source)
        }
        let rows = try await source.query(Standing.load(credential), .bytes(credential.hash?.bytes ?? []))
        guard var standing = rows.first.flatMap({ Standing($0, at: now) }) else { throw gone }
        standing.isUsedUp = false
        if let reason = standing.refusal(from: actor.address, now: now) {
            throw ApprovalBook.Obstacle(sentence: sentence(reason, of: standing))
        }
        if let due = standing.mfaDueAt, due <= now, permission.map({ !$0.onlyReads }) ?? false {
            throw ApprovalBook.Obstacle(sentence: "Its requester should have had a second factor by now.")
        }
        return Context(actor: actor, rights: standing.rights(at: now), now: now, requestID: "")
    }

    private static nonisolated(nonsending) func credential(
        of actor: Actor, in source: any Queryable
    ) async throws -> Credential? {
        if let token = actor.accessToken {
            guard let row = try await source.query(ofToken, .id(token)).first else { throw gone }
            return .presented(SecretHash(row.bytes(0)))
        }
        if let session = actor.session {
            guard let row = try await source.query(ofSession, .id(session)).first else { throw gone }
            return .session(SecretHash(row.bytes(0)))
        }
        return nil
    }

    /// Of one that was asked for before sessions were written down.
    private static nonisolated(nonsending) func bare(
        _ actor: Actor, at now: Timestamp, in source: any Queryable
    ) async throws -> Context {
        guard
            let row = try await source.query(principal, .uuid(actor.principal?.uuid), .timestamp(now)).first
        else { throw ApprovalBook.Obstacle(sentence: "Its requester may not act any more.") }
        let rights = Rights(try GrantedRole.list(row.json(0)), scopes: nil, at: now)
        return Context(actor: actor, rights: rights, now: now, requestID: "")
    }

    private static var gone: ApprovalBook.Obstacle {
        ApprovalBook.Obstacle(sentence: "What it was asked by is not there any more.")
    }

    private static func sentence(_ reason: Refusal.Reason, of standing: Standing) -> String {
        switch (reason, standing.session) {
        case (.principalDisabled, _): "Its requester may not act any more."
        case (_, _?): "The session that it was asked in has ended."
        case (.revoked, nil): "The access token that it was asked with was revoked."
        case (.expired, nil): "The access token that it was asked with has lapsed."
        case (.address, nil): "The access token counts no more from where it was asked."
        default: "The access token that it was asked with counts no more."
        }
    }
}
