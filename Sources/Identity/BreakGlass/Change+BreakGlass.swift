import Access
import Events
import HTTPServer
import JSON
import Kernel
import Postgres

extension Change {
    /// What is in an envelope opens nothing any more. Of a row that is locked.
    nonisolated(nonsending) func revoke(_ token: BreakGlassToken, reason: String?) async throws {
        var token = token
        token.revokedAt = context.now
        token.revokedBy = context.actor.principal?.description
        token.revokeReason = reason
        try await BreakGlassStore.update(token, in: transaction)
        audit("break_glass.revoke", token.id, detail: ["reason": JSONValue(reason)])
        emit(
            NewEvent(
                .breakGlassRevoked, subject: token.id,
                data: token.eventData([("reason", JSONValue(reason))])))
    }

    /// The glass is broken: somebody acts in the token's role from now on, under a name of their own.
    nonisolated(nonsending) func use(
        _ token: BreakGlassToken, as user: UserID, grant: GrantID, _ accessToken: AccessTokenID,
        _ entropy: Entropy
    ) async throws -> (token: BreakGlassToken, user: Principal, issued: IssuedAccessToken) {
        let (now, end) = (context.now, context.now + BreakGlassToken.lifetime)
        var used = token
        (used.usedAt, used.user, used.endsAt) = (now, user, end)
        used.usedFrom = context.actor.address?.description ?? "unix"
        let name = "Break glass: \(token.name)".prefix(100)
        let principal = Principal(
            id: PrincipalID(user), name: String(name), email: "\(token.id)@break-glass.invalid",
            status: .active, expiresAt: end, createdAt: now, updatedAt: now, revision: 1, hasJoined: true,
            roles: [token.role])
        try await PrincipalStore.insert(principal, in: transaction)
        try await BreakGlassStore.update(used, in: transaction)
        try await add(
            Grant(
                id: grant, grantee: .principal(principal.id), role: token.role.rawValue, createdAt: now,
                createdBy: nil))
        audit("break_glass.use", token.id, detail: ["user_id": JSONValue(user)])
        emit(
            NewEvent(
                .breakGlassUsed, subject: token.id,
                data: used.eventData([
                    ("severity", "critical"), ("user_id", JSONValue(user)),
                    ("address", JSONValue(context.actor.address)), ("ends_at", JSONValue(end)),
                ])))
        let issued = try await issue(
            NewAccessToken(principal: principal.id, name: "break glass", expiresAt: end, isByJoining: true),
            id: accessToken,
            by: principal.id, entropy)
        return (used, principal, issued)
    }

    /// Whoever came by it may do nothing more, and what they made stops with them: see `GlassLeft`. Of a row
    /// that is locked.
    nonisolated(nonsending) func end(
        _ token: BreakGlassToken, reason: String, _ steps: [LeavingStep]
    ) async throws {
        guard let user = token.user else { return }
        var ended = token
        ended.endedAt = context.now
        ended.endsAt = min(token.endsAt ?? context.now, context.now)
        try await BreakGlassStore.update(ended, in: transaction)
        let principal = try await PrincipalStore.locked(PrincipalID(user), in: transaction)
        let bots = try await principal.id.withBots(in: transaction).dropFirst()
        let leaver = Leaver(
            user: user, name: principal.name, bots: Array(bots), heir: nil, reason: reason,
            disableReason: reason)
        var left: [StepReport] = []
        for step in steps + GlassLeft.steps {
            left.append(StepReport(name: step.name, things: try await step.carryOut(leaver, self)))
        }
        try await BreakGlassStore.keep(left, of: token.id, in: transaction)
        _ = try await retire(principal, reason: reason)
        audit("break_glass.end", token.id, detail: ["reason": .string(reason)])
    }
}
