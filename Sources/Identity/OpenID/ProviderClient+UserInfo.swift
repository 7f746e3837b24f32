import HTTPClient
import JSON
import Kernel

/// What a provider tells of a person beside the ID token (OpenID Connect Core, 5.3): some keep groups out of
/// tokens.
extension ProviderClient {
    /// The claims of that very person; nil: the provider has no such place.
    nonisolated(nonsending) func userInfo(
        of subject: String, by accessToken: String?
    ) async throws -> JSONObject? {
        guard let url = try await describe().userInfo, let accessToken else { return nil }
        let request = OutgoingRequest(
            .get, url,
            headers: [
                OutgoingHeader("accept", "application/json, application/jwt"),
                OutgoingHeader("authorization", "Bearer \(accessToken)"),
            ], allowance: settings.allowance, mayResend: true)
        let answer = try await send(request)
        guard answer.status == 200 else { throw ProviderFailure.status(answer.status) }
        let claims = try await claims(in: answer)
        // Section 5.3.4: or another person's groups could be slipped in.
        guard claims["sub"]?.asString == subject else { throw TokenRefusal.userInfo }
        return claims
    }

    private nonisolated(nonsending) func claims(in answer: OutgoingResponse) async throws -> JSONObject {
        let type = answer.header("content-type")?.lowercased().prefix { $0 != ";" && $0 != " " }
        guard type == "application/jwt" else {
            guard case .object(let claims)? = try? JSONValue.parse(answer.body) else {
                throw ProviderFailure.unusable("its userinfo_endpoint answers no JSON")
            }
            return claims
        }
        let token = try SignedToken(
            String(decoding: answer.body, as: UTF8.self), allowing: settings.algorithms)
        try await verify(token)
        let audience: [JSONValue] = token.claims["aud"].map { $0.asArray ?? [$0] } ?? []
        // Section 5.3.2. An ID token has both, too, but it was made for a log-in, which has its nonce.
        guard token.claims["iss"]?.asString == settings.issuer,
            audience.contains(.string(settings.clientID)), token.claims["nonce"] == nil
        else { throw TokenRefusal.userInfo }
        return token.claims
    }
}
