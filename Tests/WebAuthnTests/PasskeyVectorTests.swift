import Crypto
import Foundation
import JSON
import Testing
import WebAuthn

/// Registrations and log-ins that the public package `cryptography` signed: see
/// Tests/Judges/passkey_vectors.py.
@Suite struct PasskeyVectorTests {
    @Test(arguments: try PasskeyVector.all())
    func `a passkey registers and logs in`(vector: PasskeyVector) throws {
        let registration = try vector.registration()
        #expect(registration.credentialID == vector.bytes("credential_id"))
        #expect(registration.challenge == vector.bytes("registration", "challenge"))
        #expect(registration.signatureCount == 7)
        #expect("\(registration.key.algorithm)".lowercased() == vector.algorithm)
        let key = try CredentialKey(registration.key.bytes)
        let assertion = try vector.assertion(by: key)
        #expect(assertion.challenge == vector.bytes("assertion", "challenge"))
        #expect(assertion.signatureCount == 8)
        #expect(assertion.isNewer(than: registration.signatureCount))
    }

    @Test(arguments: try PasskeyVector.all())
    func `another byte anywhere in what was signed is refused`(vector: PasskeyVector) throws {
        let key = try vector.registration().key
        for part in ["client_data", "authenticator_data", "signature"] {
            let bytes = vector.bytes("assertion", part)
            for index in bytes.indices {
                var changed = bytes
                changed[index] ^= 0x01
                #expect(throws: WebAuthnError.self, "\(part) \(index)") {
                    try vector.assertion(by: key, [part: changed])
                }
            }
        }
    }

    @Test func `a passkey of one site is none at another`() throws {
        let vector = try #require(PasskeyVector.all().first)
        let here = try #require(RelyingParty(origin: "https://desk.example"))
        #expect(throws: WebAuthnError.wrongOrigin) { try vector.registration(at: here) }
    }

    @Test func `a log-in is no registration`() throws {
        let vector = try #require(PasskeyVector.all().first)
        #expect(throws: WebAuthnError.wrongType) {
            try Registration(
                clientData: vector.bytes("assertion", "client_data"),
                attestation: vector.bytes("registration", "attestation"), at: vector.party)
        }
    }

    @Test func `a counter that stands still or goes back is seen`() throws {
        let vector = try #require(PasskeyVector.all().first)
        let assertion = try vector.assertion(by: vector.registration().key)
        #expect(!assertion.isNewer(than: 8))
        #expect(!assertion.isNewer(than: 9))
        #expect(assertion.isNewer(than: 0))
    }
}

/// One algorithm's registration and log-in.
struct PasskeyVector: CustomTestStringConvertible {
    let party: RelyingParty
    let json: JSONValue

    var algorithm: String { json["algorithm"]?.asString ?? "" }
    var testDescription: String { algorithm }

    static func all() throws -> [PasskeyVector] {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/factors/passkeys.json")
        let text = try JSONValue.parse([UInt8](Data(contentsOf: file)))
        let party = try #require(RelyingParty(origin: text["origin"]?.asString ?? ""))
        return (text["vectors"]?.asArray ?? []).map { PasskeyVector(party: party, json: $0) }
    }

    func bytes(_ path: String...) -> [UInt8] {
        let text = path.reduce(json) { $0[$1] ?? .null }.asString ?? ""
        return Base64.decode(text, alphabet: .url) ?? []
    }

    func registration(at party: RelyingParty? = nil) throws -> Registration {
        try Registration(
            clientData: bytes("registration", "client_data"),
            attestation: bytes("registration", "attestation"), at: party ?? self.party)
    }

    func assertion(by key: CredentialKey, _ changed: [String: [UInt8]] = [:]) throws -> Assertion {
        try Assertion(
            clientData: changed["client_data"] ?? bytes("assertion", "client_data"),
            authenticatorData: changed["authenticator_data"] ?? bytes("assertion", "authenticator_data"),
            signature: changed["signature"] ?? bytes("assertion", "signature"), by: key, at: party)
    }
}
