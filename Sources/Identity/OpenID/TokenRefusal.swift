/// Why an ID token does not count. For the log: who is refused reads one sentence for all of them.
package enum TokenRefusal: String, Error, CaseIterable, Sendable {
    /// Longer than any that is read.
    case tooLong = "too_long"
    /// Not three parts of base64url, or not JSON where JSON belongs.
    case malformed
    /// Signed in a way that is not allowed, or not at all.
    case algorithm
    /// Its header wants to say which key it is verified by, or asks for what we do not know.
    case header
    /// The provider has no such key.
    case unknownKey = "unknown_key"
    /// The key that it names is of another kind than its algorithm.
    case otherKindOfKey = "other_kind_of_key"
    case signature
    case issuer
    case audience
    case authorizedParty = "authorized_party"
    case expired
    case notYetValid = "not_yet_valid"
    case nonce
    case subject
    case accessTokenHash = "access_token_hash"
    /// The provider was to ask for a log-in, and did not, or does not say so.
    case authenticationTime = "auth_time"
    /// What it tells beside the token is of somebody else, or not to be believed.
    case userInfo = "userinfo"
}
