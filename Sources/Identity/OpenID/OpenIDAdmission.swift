import Access
import Crypto
import Events
import HTTPServer
import JSON
import Kernel

/// The last step of a log-in by the provider: a session, or what the second factor goes on with.
struct OpenIDAdmission {
    let ledger: Ledger
    let factors: SecondFactors

    nonisolated(nonsending) func admit(
        _ guest: OpenIDGuest, _ request: Request, _ change: Change
    ) async throws -> Response {
        let via = WayIn.openID(issuer: guest.issuer)
        let device = DeviceName.of(request.head.headers.list(.userAgent))
        let claim = SecondFactors.Claim(
            user: guest.user, pending: UUID(at: change.context.now, entropy: ledger.entropy))
        let offers = guest.provenAt != nil ? [] : try await factors.offers(claim, change)
        guard offers.isEmpty else { return try await pend(claim, device, via, offers, change) }
        var new = NewSession(
            user: guest.user, device: device, factor: guest.provenAt.map { _ in "openid" }, via: via)
        (new.factorAt, new.browser) = (guest.provenAt, KnownDevice(request.head.headers))
        new.vouchedAt = guest.vouchedAt
        let issued = try await change.open(new, id: ledger.newID(), ledger.entropy)
        return issued.cookies(in: OpenIDEndpoints.redirect(to: "/")).header(
            .setCookie, OpenIDCookie.text("", for: .seconds(0)))
    }

    /// What `POST /v1/sessions` would answer goes to the page behind `#`, which no server and no log sees.
    private nonisolated(nonsending) func pend(
        _ claim: SecondFactors.Claim, _ device: String, _ via: WayIn, _ offers: [SecondFactors.Offer],
        _ change: Change
    ) async throws -> Response {
        let secret = AccessTokenSecret(.pendingLogin, ledger.entropy)
        let expiresAt = try await PendingLogin.insert(
            secret, id: claim.pending, claim.user, device: device, via: via, change.context,
            in: change.transaction)
        guard case .bytes(let body) = LogIn.response(secret, expiresAt: expiresAt, offers).body else {
            preconditionFailure("the answer has a body")
        }
        let text = Base64.encode(body, alphabet: .url)
        return OpenIDEndpoints.redirect(to: "/#log-in=\(text)")
            .header(.setCookie, OpenIDCookie.text("", for: .seconds(0)))
    }
}
