import Access
import Events
import HTTPServer
import JSON
import Kernel
import Postgres

/// A new secret under a new id, which lasts as the old one would have; the old one dies after an overlap.
extension AccessTokenEndpoints {
    static let overlapAtMost: Period = .days(7)

    nonisolated(nonsending) func rotate(_ request: Request, _ context: Context) async throws -> Response {
        try request.refuseParameters()
        let id = try request.id("access_token_id", "access token") { AccessTokenID($0) }
        let overlap = try await overlap(request)
        guard let issuer = context.actor.principal else { throw Problem.unauthenticated }
        let issued = try await ledger.change(context) { change in
            try await AccessTokenStore.lock(id, in: change.transaction)
            let (old, _) = try await AccessTokenStore.find(id, for: context, in: change.transaction)
            let target = try await PrincipalStore.locked(old.principal, in: change.transaction)
            let new = NewAccessToken(successorOf: old)
            // Whether it is bait is nothing that the answer may tell.
            var asOrdinary = new
            asOrdinary.isDecoy = false
            try await change.checkIssuing(asOrdinary, for: target)
            try Self.checkState(old, target, at: context.now)
            let issued = try await change.issue(new, id: ledger.newID(), by: issuer, ledger.entropy)
            try await change.end(old, replacedBy: issued.token.id, at: context.now + overlap)
            return issued
        }
        return Response.json(.created) { w in issued.write(to: &w, for: context) }
            .header(.location, "/v1/access-tokens/\(issued.token.id)")
    }

    /// `{"overlap": …}`; no body: the old one ends at once.
    private nonisolated(nonsending) func overlap(_ request: Request) async throws -> Period {
        if request.body.isEmpty { return .seconds(0) }
        var fields = try await request.fields(limit: 64 * 1_024)
        let overlap = fields.period(optional: "overlap", .seconds(1)...Self.overlapAtMost)
        try fields.finish()
        return overlap ?? .seconds(0)
    }

    private static func checkState(
        _ token: AccessToken, _ target: Principal, at now: Timestamp
    ) throws(Problem) {
        let status = token.status(at: now)
        guard status == .active else {
            throw Problem(.conflict, "The access token is \(status.rawValue), so it cannot be rotated.")
        }
        if let successor = token.replacedBy {
            throw Problem(.conflict, "It was rotated already: its successor is \(successor).")
        }
        // Both could be used up side by side.
        guard token.maxUses == nil else {
            throw Problem(.conflict, "A token with a number of uses is not rotated: issue another one.")
        }
        guard target.status == .active else {
            throw Problem(.conflict, "The principal is \(target.status.rawValue).")
        }
    }
}

extension NewAccessToken {
    fileprivate init(successorOf old: AccessToken) {
        self.init(principal: old.principal, name: old.name)
        (scopes, cidrs, expiresAt, idle) = (old.scopes, old.cidrs, old.expiresAt, old.idle)
        (key, isDecoy, replaces) = (old.key, old.isDecoy, old.id)
    }
}

extension Change {
    /// Never later than it would have ended anyway.
    fileprivate nonisolated(nonsending) func end(
        _ token: AccessToken, replacedBy successor: AccessTokenID, at end: Timestamp
    ) async throws {
        let end = token.expiresAt.map { min($0, end) } ?? end
        try await AccessTokenStore.end(token.id, at: end, in: transaction)
        touch(.accessToken(token.id))
        let fields: [(String, JSONValue)] = [
            ("successor_id", JSONValue(successor)), ("expires_at", JSONValue(end)),
        ]
        audit("access_tokens.rotate", token.id, detail: .object(JSONObject(members: fields)))
        emit(NewEvent(.accessTokenRotated, subject: token.id, data: token.eventData(fields)))
    }
}
