package import HTTPClient
package import JSON

/// What a provider says of itself (OpenID Connect Discovery 1.0, section 3), as far as we go by it.
package struct ProviderMetadata: Sendable {
    /// Where the service itself asks; each is under the guard.
    let tokenEndpoint: OutgoingURL
    let keys: OutgoingURL
    /// Where it tells more of a person; not every provider does.
    let userInfo: OutgoingURL?
    /// Where browsers are sent.
    let authorizationEndpoint: OutgoingURL
    /// How a secret is sent: in `Authorization`, or in the form.
    let sendsSecretInForm: Bool
    /// Its answers name it (RFC 9207): one without the name is not its.
    let namesItself: Bool

    /// The document's place under the issuer (section 4).
    static func address(of issuer: String) -> String {
        (issuer.hasSuffix("/") ? String(issuer.dropLast()) : issuer) + "/.well-known/openid-configuration"
    }

    package init(_ document: JSONValue, issuer: String, allowance: Allowance) throws(ProviderFailure) {
        // Section 4.3: exactly, or one provider could speak for another.
        guard document["issuer"]?.asString == issuer else {
            throw .unusable("its discovery document names another issuer")
        }
        authorizationEndpoint = try Self.url("authorization_endpoint", in: document, allowance)
        tokenEndpoint = try Self.url("token_endpoint", in: document, allowance)
        keys = try Self.url("jwks_uri", in: document, allowance)
        userInfo =
            document["userinfo_endpoint"] == nil
            ? nil : try Self.url("userinfo_endpoint", in: document, allowance)
        let methods = document["token_endpoint_auth_methods_supported"]?.asArray?.compactMap(\.asString)
        let known = methods ?? ["client_secret_basic"]
        sendsSecretInForm = !known.contains("client_secret_basic") && known.contains("client_secret_post")
        namesItself = document["authorization_response_iss_parameter_supported"]?.asBool ?? false
        if let challenges = document["code_challenge_methods_supported"]?.asArray,
            !challenges.contains(.string("S256"))
        {
            throw .unusable("it does not take S256 code challenges")
        }
    }

    private static func url(
        _ name: String, in document: JSONValue, _ allowance: Allowance
    ) throws(ProviderFailure) -> OutgoingURL {
        guard let text = document[name]?.asString else {
            throw .unusable("its discovery document has no \(name)")
        }
        do throws(URLRefusal) {
            return try OutgoingURL(text, allowance: allowance)
        } catch {
            throw .unusable("its \(name) is not allowed: \(error.rawValue)")
        }
    }
}

/// Why the provider could not be asked, or answered nothing of use. For the log; outsiders read one sentence.
package enum ProviderFailure: Error, Equatable, Sendable {
    /// No answer, or the address guard refused.
    case unreachable(String)
    case status(Int)
    case unusable(String)
    /// It took our question and said no: a code that was used, or is somebody else's (RFC 6749, 5.2).
    case refused(String)
    /// The client's secret cannot be read.
    case secret(String)
}
