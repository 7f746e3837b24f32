import Access
import Crypto
import JSON
import Kernel
import WebAuthn

/// What a browser is asked for (WebAuthn level 2, 5.4 and 5.5), as `parseCreationOptionsFromJSON` and
/// `parseRequestOptionsFromJSON` read it.
struct PasskeyOptions {
    let party: RelyingParty
    let challenge: [UInt8]
    /// Credentials that are registered: not to be made again, or to sign with.
    let known: [[UInt8]]

    /// Discoverable, so that it logs in alone; the authenticator asks who it is; nobody is asked who made it.
    func writeCreation(for user: Principal, to w: inout JSONWriter) {
        w.object { w in
            w.object("rp") { w in
                w.field("id", party.id)
                w.field("name", FactorEndpoints.issuer)
            }
            w.object("user") { w in
                w.field("id", Base64.encode(user.id.uuid.bytes, alphabet: .url))
                w.field("name", user.email ?? user.name)
                w.field("displayName", user.name)
            }
            w.field("challenge", Base64.encode(challenge, alphabet: .url))
            w.array("pubKeyCredParams", CredentialKey.Algorithm.allCases) { w, algorithm in
                w.object { w in
                    w.field("type", "public-key")
                    w.field("alg", algorithm.rawValue)
                }
            }
            w.field("timeout", Self.milliseconds)
            writeKnown("excludeCredentials", to: &w)
            w.object("authenticatorSelection") { w in
                w.field("residentKey", "required")
                w.field("requireResidentKey", true)
                w.field("userVerification", "required")
            }
            w.field("attestation", "none")
        }
    }

    func writeRequest(to w: inout JSONWriter) {
        w.object { w in
            w.field("challenge", Base64.encode(challenge, alphabet: .url))
            w.field("timeout", Self.milliseconds)
            w.field("rpId", party.id)
            writeKnown("allowCredentials", to: &w)
            w.field("userVerification", "required")
        }
    }

    private static let milliseconds = Int(PasskeyChallenge.lifetime.microseconds / 1_000)

    private func writeKnown(_ name: String, to w: inout JSONWriter) {
        w.array(name, known) { w, credential in
            w.object { w in
                w.field("type", "public-key")
                w.field("id", Base64.encode(credential, alphabet: .url))
            }
        }
    }
}
