import Access
import HTTPServer
import JSON
import Kernel

/// What a browser needs to ask for any passkey of this site.
struct PasskeyLogInEndpoint {
    let book: FactorBook

    var operations: [Operation] {
        [
            Endpoint(
                "/v1/sessions/passkey-options", id: "getPasskeyLogInOptions", requires: .none,
                errors: [.passkeysUnavailable], atOnce: options)
        ]
    }

    /// Nothing is kept of it: the challenge says itself what it is.
    private func options(_ request: Request, _ context: Context) throws -> Response {
        try request.refuseParameters()
        let party = try book.passkeyParty()
        let options = try book.options(.login, of: nil, [], party, at: context.now)
        return Response.object { w in
            w.field("public_key", options)
            w.field("expires_at", (context.now + PasskeyChallenge.lifetime).description)
        }.header(.cacheControl, "no-store")
    }
}
