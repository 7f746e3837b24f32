import Crypto

/// A passkey's signature over our challenge (level 2, 7.2). Whether challenge and counter count is the
/// caller's to tell.
package struct Assertion: Sendable {
    package let signatureCount: UInt32
    package let challenge: [UInt8]

    package init(
        clientData: [UInt8], authenticatorData: [UInt8], signature: [UInt8], by key: CredentialKey,
        at party: RelyingParty
    ) throws(WebAuthnError) {
        let client = try ClientData(clientData, of: .assertion, at: party)
        let data = try AuthenticatorData(authenticatorData)
        try data.check(for: party)
        guard key.isValid(signature, for: authenticatorData + SHA256.hash(clientData)) else {
            throw .wrongSignature
        }
        signatureCount = data.signatureCount
        challenge = client.challenge
    }

    /// Whether the counter went on. One that stands still or goes back says that the key was copied; those
    /// that never count say nothing.
    package func isNewer(than known: UInt32) -> Bool {
        signatureCount > known || (signatureCount == 0 && known == 0)
    }
}
