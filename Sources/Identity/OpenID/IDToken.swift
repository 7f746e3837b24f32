import Crypto
import JSON
package import Kernel

/// What a provider says of a person, once all of it was checked.
package struct IDToken: Equatable, Sendable {
    /// The provider's name for the person, for ever.
    package let subject: String
    /// Only when the provider has verified it.
    package let email: String?
    package let name: String?
    /// Nil: the claim is not there.
    package var groups: [String]?
    /// How they proved who they are (RFC 8176).
    package let methods: [String]
    package let authenticationClass: String?
    /// When they last did so in person.
    package let authenticatedAt: Timestamp?
}

/// What an ID token must say (OpenID Connect Core, 3.1.3.7).
package struct IDTokenRules: Sendable {
    /// How far the provider's clock may be from ours.
    package static let leeway: Period = .seconds(60)

    package var issuer: String
    package var clientID: String
    package var nonce: String
    /// The one that came with it.
    package var accessToken: String?
    package var groupsClaim: String
    package var now: Timestamp

    package init(
        issuer: String, clientID: String, nonce: String, accessToken: String?, groupsClaim: String,
        now: Timestamp
    ) {
        (self.issuer, self.clientID, self.nonce) = (issuer, clientID, nonce)
        (self.accessToken, self.groupsClaim, self.now) = (accessToken, groupsClaim, now)
    }

    /// - Parameter token: whose signature was verified.
    package func read(_ token: SignedToken) throws(TokenRefusal) -> IDToken {
        let claims = token.claims
        guard claims["iss"]?.asString == issuer else { throw .issuer }
        try checkAudience(claims)
        try checkTimes(claims)
        guard let nonce = claims["nonce"]?.asString,
            ConstantTime.equal(Array(nonce.utf8), Array(self.nonce.utf8))
        else { throw .nonce }
        try checkAccessToken(claims["at_hash"], token.algorithm)
        guard let subject = claims["sub"]?.asString, Self.isSubject(subject) else { throw .subject }
        return IDToken(
            subject: subject, email: claims["email_verified"] == true ? claims["email"]?.asString : nil,
            name: claims["name"]?.asString, groups: claims[groupsClaim].map(Self.texts),
            methods: Self.texts(claims["amr"]), authenticationClass: claims["acr"]?.asString,
            authenticatedAt: try authenticationTime(claims))
    }

    /// Core, section 2: at most 255 characters.
    private static func isSubject(_ text: String) -> Bool {
        (1...255).contains(text.utf8.count) && !text.unicodeScalars.contains { $0.value < 0x20 }
    }

    /// One text, or a list of them; what else stands there is passed over.
    static func texts(_ value: JSONValue?) -> [String] {
        value?.asString.map { [$0] } ?? value?.asArray?.compactMap(\.asString) ?? []
    }
}

extension IDTokenRules {
    private func checkAudience(_ claims: JSONObject) throws(TokenRefusal) {
        let audience: [JSONValue] = claims["aud"].map { $0.asArray ?? [$0] } ?? []
        guard audience.contains(.string(clientID)) else { throw .audience }
        let party = claims["azp"]
        if audience.count > 1, party == nil { throw .authorizedParty }
        if let party, party.asString != clientID { throw .authorizedParty }
    }

    private func checkTimes(_ claims: JSONObject) throws(TokenRefusal) {
        guard let expires = Self.time(claims["exp"]), let issued = Self.time(claims["iat"]) else {
            throw .malformed
        }
        guard now < expires + Self.leeway else { throw .expired }
        guard issued <= now + Self.leeway else { throw .notYetValid }
        guard let begins = claims["nbf"] else { return }
        guard let begins = Self.time(begins) else { throw .malformed }
        guard begins <= now + Self.leeway else { throw .notYetValid }
    }

    /// Nobody logs in after the token says that they did.
    private func authenticationTime(_ claims: JSONObject) throws(TokenRefusal) -> Timestamp? {
        guard let said = claims["auth_time"] else { return nil }
        guard let time = Self.time(said) else { throw .malformed }
        guard time <= now + Self.leeway else { throw .notYetValid }
        return time
    }

    /// Seconds since 1970 (RFC 7519, section 2), within the years 1970 to 9999.
    private static func time(_ value: JSONValue?) -> Timestamp? {
        guard let seconds = value?.asDouble, (0...253_402_300_799).contains(seconds) else { return nil }
        return Timestamp(microseconds: Int64(seconds * 1_000_000))
    }

    /// The left half of the access token's hash: a token that was exchanged on the way is found out.
    private func checkAccessToken(_ hash: JSONValue?, _ algorithm: TokenAlgorithm) throws(TokenRefusal) {
        guard let hash else { return }
        guard let accessToken, let said = hash.asString else { throw .accessTokenHash }
        let digest = algorithm.hash(Array(accessToken.utf8))
        let half = Base64.encode(Array(digest.prefix(digest.count / 2)), alphabet: .url)
        guard ConstantTime.equal(Array(half.utf8), Array(said.utf8)) else { throw .accessTokenHash }
    }
}
