/// Why an answer of an authenticator does not count. For logs and tests: whoever sent it is told less.
package enum WebAuthnError: Error, Equatable, Sendable {
    case malformedClientData
    /// It was made for registering when it should log in, or the other way round.
    case wrongType
    case wrongOrigin
    /// Asked for inside a frame of somebody else's page.
    case crossOrigin
    case malformedAuthenticatorData
    case wrongRelyingParty
    case userNotPresent
    case userNotVerified
    case malformedAttestation
    case malformedKey
    case unsupportedAlgorithm
    case wrongSignature
}
