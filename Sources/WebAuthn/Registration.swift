import Crypto

/// A passkey that was made just now (level 2, 7.1). Attestations are not looked at: who made the
/// authenticator does not count here, and every statement is taken as `none`.
package struct Registration: Sendable {
    package let credentialID: [UInt8]
    package let key: CredentialKey
    package let signatureCount: UInt32
    package let challenge: [UInt8]

    package init(
        clientData: [UInt8], attestation: [UInt8], at party: RelyingParty
    ) throws(WebAuthnError) {
        let client = try ClientData(clientData, of: .registration, at: party)
        guard let object = try? CBORValue.parse(attestation), object["fmt"]?.asText != nil,
            object["attStmt"]?.entries != nil, let bytes = object["authData"]?.asBytes
        else { throw .malformedAttestation }
        let data = try AuthenticatorData(bytes)
        try data.check(for: party)
        guard let credential = data.credential else { throw .malformedAuthenticatorData }
        credentialID = credential.id
        key = try CredentialKey(credential.key)
        signatureCount = data.signatureCount
        challenge = client.challenge
    }
}
