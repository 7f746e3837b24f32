import Crypto

/// The signatures that an ID token may carry (RFC 7518, section 3.1; RFC 8037). `none` and those by a shared
/// secret are not among them and cannot be allowed.
package enum TokenAlgorithm: String, CaseIterable, Sendable {
    case rs256 = "RS256"
    case es256 = "ES256"
    case edDSA = "EdDSA"

    /// The only kind of key that it goes with.
    var kind: PrivateKey.Kind {
        switch self {
        case .rs256: .rsa
        case .es256: .p256
        case .edDSA: .ed25519
        }
    }

    /// What `at_hash` is made with (OpenID Connect Core 3.1.3.6): the hash inside the algorithm; Ed25519's is
    /// SHA-512.
    func hash(_ bytes: [UInt8]) -> [UInt8] {
        switch self {
        case .rs256, .es256: SHA256.hash(bytes)
        case .edDSA: SHA512.hash(bytes)
        }
    }
}
