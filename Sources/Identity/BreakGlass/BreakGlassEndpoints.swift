import Access
import Events
import HTTPServer
import JSON
import Kernel

/// Tokens for the day on which nobody can log in any more.
struct BreakGlassEndpoints {
    let ledger: Ledger
    let refusals: Refusals
    /// What stops with whoever came by one.
    let leaving: [LeavingStep]

    var operations: [Operation] {
        let (owners, readers) = (Requirement.permission(.ownersWrite), Requirement.permission(.auditRead))
        let one = "/v1/break-glass/{break_glass_id}"
        return [
            Endpoint(.get, "/v1/break-glass", id: "listBreakGlass", requires: readers, handle: list),
            Endpoint(
                .post, "/v1/break-glass", id: "createBreakGlass", requires: owners,
                errors: [.conflict, .alreadyDone], repeats: .refusal, stepUp: .strictly,
                handle: create),
            Endpoint(
                .post, "/v1/break-glass/use", id: "useBreakGlass", requires: .none,
                errors: [.unauthenticated], repeats: .nothing, handle: use),
            Endpoint(.get, one, id: "getBreakGlass", requires: readers, errors: [.notFound], handle: get),
            Endpoint(
                .post, one + "/revoke", id: "revokeBreakGlass", requires: owners, errors: [.notFound],
                handle: revoke),
        ]
    }

    private nonisolated(nonsending) func list(_ request: Request, _ context: Context) async throws -> Response
    {
        var parameters = try request.parameters()
        let page = PageRequest(&parameters, default: BreakGlassSort.newest)
        try parameters.finish()
        return try await BreakGlassStore.list(page, at: context.now, in: ledger.database)
    }

    private nonisolated(nonsending) func get(_ request: Request, _ context: Context) async throws -> Response
    {
        return try await answer(try tokenID(request), context)
    }

    private nonisolated(nonsending) func answer(
        _ id: BreakGlassID, _ context: Context
    ) async throws -> Response {
        let token = try await BreakGlassStore.find(id, in: ledger.database)
        let left = try await BreakGlassStore.left(of: id, in: ledger.database)
        return Response.json { w in token.write(to: &w, at: context.now, left: left) }
    }

    private nonisolated(nonsending) func create(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.refuseParameters()
        var fields = try await request.fields(limit: 64 * 1_024)
        let name = fields.name()
        let role = fields.choice(optional: "role", BuiltInRole.self) ?? .owner
        try fields.finish()
        let secret = AccessTokenSecret(.breakGlass, ledger.entropy)
        let token = BreakGlassToken(
            id: ledger.newID(), name: name, role: role, hint: secret.hint, createdAt: context.now,
            createdBy: context.actor.principal?.description ?? "installation")
        let stored = try await ledger.change(context) { change in
            try GrantRules.check(granting: GrantRules.Wish(role: Role(role)), by: context)
            try await BreakGlassStore.insert(token, secret, in: change.transaction)
            guard
                try await BreakGlassStore.sealedCount(in: change.transaction)
                    <= BreakGlassToken.sealedAtMost
            else {
                throw Problem(
                    .conflict, "There are \(BreakGlassToken.sealedAtMost) in envelopes already: revoke some.")
            }
            change.audit("break_glass.create", token.id, detail: ["role": .string(role.rawValue)])
            change.emit(NewEvent(.breakGlassCreated, subject: token.id, data: token.eventData([])))
            return try await BreakGlassStore.find(token.id, in: change.transaction)
        }
        return Response.json(.created) { w in stored.write(to: &w, at: context.now, showing: secret) }
            .header(.location, "/v1/break-glass/\(token.id)")
    }

    /// By the proof of the token alone: whoever needs it has nothing else.
    private nonisolated(nonsending) func use(_ request: Request, _ context: Context) async throws -> Response
    {
        try request.refuseParameters()
        var fields = try await request.fields(limit: 64 * 1_024)
        let secret = AccessTokenSecret(.breakGlass, parsing: fields.string("token", 8...200).utf8)
        try fields.finish()
        guard let secret, try await BreakGlassStore.isKnown(secret.hash, in: ledger.database) else {
            try await refusals.record(
                oneTime: secret, "/v1/break-glass/use", context, in: ledger)
            throw Problem.noBreakGlass
        }
        let user: UserID = ledger.newID()
        let (token, principal, issued) = try await ledger.change(context.acting(as: user)) { change in
            // Whoever comes second waits here, and finds it used.
            guard let token = try await BreakGlassStore.locked(secret.hash, in: change.transaction),
                token.status(at: context.now) == .sealed
            else { throw Problem.noBreakGlass }
            return try await change.use(
                token, as: user, grant: ledger.newID(), ledger.newID(), ledger.entropy)
        }
        return Response.object(.created) { w in
            w.field("break_glass_id", token.id.description)
            w.field("user", principal)
            w.key("access_token")
            issued.write(to: &w, for: context)
            w.field("ends_at", token.endsAt?.description)
        }.header(.cacheControl, "no-store")
    }

    /// One in its envelope dies; one that is in use ends now.
    private nonisolated(nonsending) func revoke(_ request: Request, _ context: Context) async throws
        -> Response
    {
        let id = try tokenID(request)
        let reason = try await request.reason()
        try await ledger.change(context) { change in
            let token = try await BreakGlassStore.locked(id, in: change.transaction)
            switch token.status(at: context.now) {
            case .sealed: try await change.revoke(token, reason: reason)
            case .open:
                try await change.end(token, reason: reason ?? "break-glass token ended", leaving)
            case .ended, .revoked: break
            }
        }
        return try await answer(id, context)
    }

    private func tokenID(_ request: Request) throws -> BreakGlassID {
        try request.refuseParameters()
        return try request.id("break_glass_id", "break-glass token") { BreakGlassID($0) }
    }
}

extension Problem {
    fileprivate static var noBreakGlass: Problem {
        unauthenticated("The break-glass token is unknown, was used already, or was revoked.")
    }
}
