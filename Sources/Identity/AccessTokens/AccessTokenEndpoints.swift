package import Access
package import Events
import HTTPServer
import JSON
import Kernel
import Postgres

package struct AccessTokenEndpoints {
    let ledger: Ledger

    package init(ledger: Ledger) { self.ledger = ledger }

    package var operations: [Operation] {
        [
            Endpoint(
                .get, "/v1/access-tokens", id: "listAccessTokens", requires: .permission(.accessTokensRead),
                handle: list),
            Endpoint(
                .post, "/v1/access-tokens", id: "createAccessToken",
                requires: .permission(.accessTokensWrite),
                errors: [.conflict, .alreadyDone], repeats: .refusal, stepUp: .whenItGives, handle: create),
            Endpoint(
                .get, "/v1/access-tokens/{access_token_id}", id: "getAccessToken",
                requires: .permission(.accessTokensRead), errors: [.notFound], handle: get),
            Endpoint(
                .post, "/v1/access-tokens/{access_token_id}/rotate", id: "rotateAccessToken",
                requires: .permission(.accessTokensWrite),
                errors: [.notFound, .conflict, .alreadyDone], repeats: .refusal, stepUp: .whenItGives,
                handle: rotate),
            Endpoint(
                .post, "/v1/access-tokens/{access_token_id}/revoke", id: "revokeAccessToken",
                requires: .permission(.accessTokensWrite), errors: [.notFound], handle: revoke),
        ]
    }

    private nonisolated(nonsending) func list(_ request: Request, _ context: Context) async throws -> Response
    {
        var parameters = try request.parameters()
        let principal = parameters.parsed("principal_id", expected: "the id of a user or service account") {
            PrincipalID($0)
        }
        let status = parameters.choice("status", AccessToken.Status.self)
        let before = parameters.time("expiring_before")
        let isUnbound = parameters.parsed("unbound", expected: "true or false") { Bool($0) }
        let unused = parameters.time("unused_since")
        let page = PageRequest(&parameters, default: AccessTokenSort.newest)
        try parameters.finish()
        let list = AccessTokenList(
            principal: principal?.uuid, status: status, expiringBefore: before, isUnbound: isUnbound,
            unusedSince: unused, page: page)
        return try await list.response(to: context, in: ledger.database)
    }

    private nonisolated(nonsending) func get(_ request: Request, _ context: Context) async throws -> Response
    {
        try request.refuseParameters()
        let id = try request.id("access_token_id", "access token") { AccessTokenID($0) }
        let token = try await AccessTokenStore.find(id, for: context, in: ledger.database).token
        return Response.json { w in token.write(to: &w, for: context) }
    }

    private nonisolated(nonsending) func create(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.refuseParameters()
        guard let issuer = context.actor.principal else { throw Problem.unauthenticated }
        let new = try await wanted(request, context, default: issuer)
        let issued = try await ledger.change(context) { change in
            let target: Principal
            do {
                target = try await PrincipalStore.locked(new.principal, in: change.transaction)
            } catch let problem as Problem where problem.code == .notFound {
                throw Problem.wrongField("principal_id", "names nobody")
            }
            try await change.checkIssuing(new, for: target)
            guard target.status == .active else {
                throw Problem(
                    .conflict, "The principal is \(target.status.rawValue), so no access token can be issued."
                )
            }
            return try await change.issue(new, id: ledger.newID(), by: issuer, ledger.entropy)
        }
        return Response.json(.created) { w in issued.write(to: &w, for: context) }
            .header(.location, "/v1/access-tokens/\(issued.token.id)")
    }

    private nonisolated(nonsending) func wanted(
        _ request: Request, _ context: Context, default issuer: PrincipalID
    ) async throws -> NewAccessToken {
        var fields = try await request.fields(limit: 64 * 1_024)
        let principal = fields.parsed(
            optional: "principal_id", expected: "the id of a user or service account"
        ) {
            PrincipalID($0)
        }
        var new = NewAccessToken(principal: principal ?? issuer, name: fields.name())
        new.scopes = fields.choices(optional: "scopes", Permission.self, count: 0...100)
        new.cidrs = fields.parsedList(
            "cidrs", count: 0...100, expected: "an address, or a network without host bits", default: []
        ) { CIDR($0) }
        new.expiresAt = fields.parsed(optional: "expires_at", expected: "an RFC 3339 time") { Timestamp($0) }
        new.isDecoy = fields.bool("decoy", default: false)
        new.idle = fields.period(optional: "idle_expires_after", Self.idlePeriods)
        new.maxUses = fields.int(optional: "max_uses", 1...1_000_000)
        new.key = fields.publicKey(optional: "public_key")
        checkDoubles(&fields, new)
        if let expiresAt = new.expiresAt, expiresAt <= context.now {
            fields.fail("expires_at", code: FieldCode.outOfRange, "must be in the future")
        }
        try fields.finish()
        return new
    }

    /// Shorter ones would end in a pause for thought.
    private static let idlePeriods: ClosedRange<Period> = .minutes(5) ... .days(3_660)

    private func checkDoubles(_ fields: inout Fields, _ new: NewAccessToken) {
        if let scopes = new.scopes, Set(scopes).count < scopes.count {
            fields.fail("scopes", code: "not_unique", "must not name a permission twice")
        }
        if Set(new.cidrs).count < new.cidrs.count {
            fields.fail("cidrs", code: "not_unique", "must not name a network twice")
        }
    }

    private nonisolated(nonsending) func revoke(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.refuseParameters()
        let id = try request.id("access_token_id", "access token") { AccessTokenID($0) }
        let reason = try await request.reason()
        let token = try await ledger.change(context) { change in
            try await AccessTokenStore.lock(id, in: change.transaction)
            var (token, owner) = try await AccessTokenStore.find(id, for: context, in: change.transaction)
            try AccessTokenRules.checkRevoking(of: token.principal, ownedBy: owner, by: context)
            if token.revokedAt == nil {
                token.revokedAt = context.now
                token.revokedBy = context.actor.principal?.description
                token.revokeReason = reason
                try await change.revoke(token)
            }
            return token
        }
        return Response.json { w in token.write(to: &w, for: context) }
    }
}

extension Change {
    nonisolated(nonsending) func revoke(_ token: AccessToken) async throws {
        try await AccessTokenStore.revoke(token, in: transaction)
        touch(.accessToken(token.id))
        let reason = JSONValue(token.revokeReason)
        audit(
            "access_tokens.revoke", token.id,
            detail: ["reason": reason, "principal_id": JSONValue(token.principal)])
        emit(NewEvent(.accessTokenRevoked, subject: token.id, data: token.eventData([("reason", reason)])))
    }
}
