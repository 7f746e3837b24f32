import Access
import Events
import HTTPServer
import JSON
import Kernel

/// Somebody who is signed in comes back from the provider: linked to whom they are there, or fresh by the
/// factor that they showed there.
struct OpenIDReunion {
    let settings: OpenIDSettings
    let ledger: Ledger
    let session: SessionID
    /// When the browser went there.
    let begunAt: Timestamp

    nonisolated(nonsending) func link(_ token: IDToken, _ context: Context) async throws -> Response {
        // One that is older is of whoever used this browser before.
        if let at = token.authenticatedAt, !isFresh(at) { throw TokenRefusal.authenticationTime }
        try await change(context) { change, user in
            let transaction = change.transaction
            let isThere = try await OpenIDLinkStore.isLinked(
                user, to: token.subject, of: settings.issuer, in: transaction)
            if isThere { return }
            guard
                try await OpenIDLinkStore.link(
                    user, to: token.subject, of: settings.issuer, at: context.now, in: transaction)
            else { throw OpenIDRefusal.linkedElsewhere }
            change.audit("users.link", user, detail: ["issuer": .string(settings.issuer)])
        }
        return back(to: "/#linked")
    }

    /// Only by a log-in that was made for it: one from this morning shows nothing of who sits there now.
    nonisolated(nonsending) func stepUp(_ token: IDToken, _ context: Context) async throws -> Response {
        guard let at = token.authenticatedAt, isFresh(at) else { throw TokenRefusal.authenticationTime }
        try await change(context) { change, user in
            let transaction = change.transaction
            let proven = settings.provenAt(token, at: context.now)
            guard
                try await OpenIDLinkStore.isLinked(
                    user, to: token.subject, of: settings.issuer, in: transaction)
            else { throw OpenIDRefusal.otherPerson }
            // It is them: with a factor, or for the first that they set here.
            try await SessionStore.vouch(session, at: min(at, context.now), in: transaction)
            guard let proven else {
                guard settings.factorValues.isEmpty else { throw OpenIDRefusal.otherPerson }
                return
            }
            try await SessionStore.freshen(session, by: "openid", at: proven, in: transaction)
            // Whether a factor is due depends on it.
            change.touch(.principal(PrincipalID(user)))
            change.audit("step_up.show", user, detail: ["factor": "openid", "action": .null])
        }
        return back(to: "/#fresh")
    }

    private func isFresh(_ at: Timestamp) -> Bool { at + IDTokenRules.leeway >= begunAt }

    /// By whoever's session it is, if it still is one: the session's own cookie does not come along from
    /// another site.
    private nonisolated(nonsending) func change(
        _ context: Context, _ body: nonisolated(nonsending) (Change, UserID) async throws -> Void
    ) async throws {
        guard let user = try await SessionStore.holder(of: session, at: context.now, in: ledger.database)
        else { throw OpenIDRefusal.sessionOver }
        var context = context.acting(as: user)
        context.actor.session = session
        try await ledger.change(context) { change in
            let principal = try await PrincipalStore.locked(PrincipalID(user), in: change.transaction)
            guard principal.status == .active else { throw OpenIDRefusal.disabled(user) }
            // Under the lock that ending it takes, too.
            guard
                try await SessionStore.holder(of: session, at: context.now, in: change.transaction) == user
            else { throw OpenIDRefusal.sessionOver }
            try await body(change, user)
        }
    }

    private func back(to place: String) -> Response {
        OpenIDEndpoints.redirect(to: place).header(.setCookie, OpenIDCookie.text("", for: .seconds(0)))
    }
}
