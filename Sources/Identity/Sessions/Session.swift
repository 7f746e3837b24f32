package import Access
import HTTPServer
import JSON
package import Kernel

/// A browser, or a cookie jar, that somebody signed in with. The cookie is given once and never stored.
package struct Session: Equatable, Sendable {
    /// Of one user at a time; one more ends the one that has rested longest.
    package static let perUser = 50

    package let id: SessionID
    package let user: UserID
    package let device: String
    package let address: String?
    package let via: WayIn
    package let createdAt: Timestamp
    package let lastUsedAt: Timestamp
    /// The second factor that was shown last, and when.
    package let factor: String?
    package let factorAt: Timestamp?
    /// By age, or by rest, whichever comes first.
    package let expiresAt: Timestamp

    func write(to w: inout JSONWriter, for actor: Actor) {
        w.object { w in
            w.field("id", id.description)
            w.field("user_id", user.description)
            w.field("device", device)
            w.field("address", address)
            w.field("via", via.text)
            w.field("issuer", via.issuer)
            w.field("factor", factor)
            w.field("factor_at", factorAt?.description)
            w.field("created_at", createdAt.description)
            w.field("last_used_at", lastUsedAt.description)
            w.field("expires_at", expiresAt.description)
            w.field("current", id == actor.session)
        }
    }
}

/// What a session begins with.
package struct NewSession: Sendable {
    package var user: UserID
    package var device: String
    /// What proved who it is, beside the password or instead of it.
    package var factor: String?
    /// When it was shown; nil: now.
    package var factorAt: Timestamp?
    package var via: WayIn
    /// When the provider last saw its person log in, as it says.
    var vouchedAt: Timestamp?
    /// What the browser showed of an earlier log-in.
    var browser: KnownDevice?

    package init(user: UserID, device: String, factor: String? = nil, via: WayIn) {
        (self.user, self.device, self.factor, self.via) = (user, device, factor, via)
    }
}

/// A session at the one moment when its cookie is known.
package struct IssuedSession {
    let session: Session
    let secret: AccessTokenSecret
    let lifetime: Period
    /// By which this browser is known the next time.
    let browser: KnownDevice

    func cookies(in response: Response) -> Response {
        SessionCookies.set(secret, for: lifetime, in: response)
            .header(.setCookie, browser.cookie)
    }

    /// The answer that gives the cookies. Programs find the CSRF token in the body, too.
    func response(to actor: Actor) -> Response {
        var actor = actor
        actor.session = session.id
        let response = Response.object(.created) { w in
            w.field("status", "signed_in")
            w.key("session")
            session.write(to: &w, for: actor)
            w.field("csrf_token", secret.csrfToken)
        }
        return cookies(in: response)
    }
}
