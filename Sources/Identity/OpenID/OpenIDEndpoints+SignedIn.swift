import Access
import Events
import HTTPServer
import JSON
import Kernel

/// The provider for whoever is signed in: to link an account there, and to show its factor again.
extension OpenIDEndpoints {
    var signedInOperations: [Operation] {
        let away: [ProblemCode] = [.loginUnavailable, .providerUnavailable]
        return [
            Endpoint(
                .get, "/v1/me/openid-link", id: "getOpenIDLink", requires: .self,
                errors: [.forbidden, .humanRequired], handle: show),
            Endpoint(
                .post, "/v1/me/openid-link", id: "beginOpenIDLink", requires: .self,
                errors: [.conflict, .alreadyDone] + away, bodyLimit: 0,
                repeats: .refusal, stepUp: .recently, handle: beginLink),
            Endpoint(
                .delete, "/v1/me/openid-link", id: "deleteOpenIDLink", requires: .self,
                errors: [.notFound, .lastOwner], bodyLimit: 0, stepUp: .recently, handle: unlink),
            Endpoint(
                .post, "/v1/step-up/openid", id: "beginOpenIDStepUp", requires: .self,
                errors: [.conflict, .humanRequired, .alreadyDone] + away, bodyLimit: 0, repeats: .refusal,
                handle: beginStepUp),
        ]
    }

    private nonisolated(nonsending) func show(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.refuseParameters()
        let user = try context.person()
        try await WholePerson.checkScopes(context, to: "shows no linked account", in: ledger.database)
        let link = try await OpenIDLinkStore.find(of: user, in: ledger.database)
        return Response.object { w in
            w.field("issuer", link?.issuer)
            w.field("linked_at", link?.linkedAt.description)
        }
    }

    private nonisolated(nonsending) func beginLink(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.refuseParameters()
        let (user, session) = try signedIn(context)
        guard try await OpenIDLinkStore.find(of: user, in: ledger.database) == nil else {
            throw Problem(.conflict, "An account is linked already: remove that link first.")
        }
        return try await send(.link(session), request, context)
    }

    private nonisolated(nonsending) func beginStepUp(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.refuseParameters()
        let (user, session) = try signedIn(context)
        let provider = try configured()
        if provider.settings.factorValues.isEmpty, try await hasProof(user) {
            throw Problem(.conflict, "The provider's word is no second factor here: show one of ours.")
        }
        guard try await OpenIDLinkStore.find(of: user, in: ledger.database) != nil else {
            throw Problem(.conflict, "No account of the provider is linked.")
        }
        return try await send(.stepUp(session), request, context)
    }

    /// Whether they have something of ours to show.
    private nonisolated(nonsending) func hasProof(_ user: UserID) async throws -> Bool {
        if try await PasswordStore.find(of: user, in: ledger.database) != nil { return true }
        return try await FactorStore.list(of: user, in: ledger.database).contains { $0.confirmedAt != nil }
    }

    /// The way back finds the session by what is kept of the visit, so there has to be one.
    private func signedIn(_ context: Context) throws(Problem) -> (UserID, SessionID) {
        let user = try context.person()
        guard let session = context.actor.session else {
            throw Problem(.conflict, "Only whoever is signed in by a session goes to the provider.")
        }
        return (user, session)
    }

    private nonisolated(nonsending) func send(
        _ errand: OpenIDErrand, _ request: Request, _ context: Context
    ) async throws -> Response {
        let visit = try await visit(for: errand, request, context)
        try await ledger.change(context) { change in
            change.audit("openid.begin", errand.session, detail: ["errand": .string(errand.text)])
        }
        return Response.object(.created) { w in
            w.field("url", visit.address)
            w.field("expires_at", (context.now + OpenIDAttempt.lifetime).description)
        }.header(.setCookie, visit.cookie).header(.cacheControl, "no-store")
    }

    /// What its groups gave goes with it: nobody would look at them again. What they deny stays. All other
    /// sessions end: whoever unlinks an account may have lost it.
    private nonisolated(nonsending) func unlink(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.refuseParameters()
        let id = try context.person()
        try await WholePerson.check(context, to: "unlinks no account", in: ledger.database)
        try await ledger.change(context) { change in
            try await OwnerRoster.keepingSomebody(in: change.transaction) {
                let user = try await PrincipalStore.locked(PrincipalID(id), in: change.transaction)
                guard try await OpenIDLinkStore.unlink(id, in: change.transaction) else {
                    throw Problem.notFound("link")
                }
                try await OpenIDLinkStore.keepWhatBinds(id, at: context.now, in: change.transaction)
                try await GroupMatch(user: user, wanted: [], ledger: ledger).run(change)
            }
            change.audit("users.unlink", id)
            try await change.endSessions(of: id, but: context.actor.session, reason: "unlinked")
        }
        return Response(.noContent)
    }
}
