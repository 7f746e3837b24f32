/// Why a text is no key that we take. No case carries any part of it.
package enum KeyRefusal: Sendable, Equatable {
    /// Not one PEM block: other text, broken base64, or headers.
    case notPEM
    /// A PEM that needs a password: it would have to be kept beside the key.
    case encrypted
    /// A public key or a certificate where the private half is wanted.
    case publicHalf
    /// A private key where the public half is wanted.
    case privateHalf
    /// A format or algorithm that no exchange takes: OpenSSH, DSA, RSA-PSS, X25519.
    case otherKind
    /// An elliptic curve other than P-256, or one that spells its parameters out.
    case otherCurve
    case rsaBits(Int)
    /// Something stands before or behind the key.
    case trailingBytes
    /// The structure inside the PEM is broken.
    case malformed
    /// The public half does not belong to the private one.
    case halvesDiffer
    case tooLong
}

extension KeyRefusal {
    /// For the person who pasted it: what the text is, or must be.
    package var sentence: String {
        let bits = PrivateKey.rsaBits
        return switch self {
        case .notPEM: "must be one PEM block, from -----BEGIN to -----END"
        case .encrypted: "is encrypted: export it without a password"
        case .publicHalf: "is the public half or a certificate: the private key is needed"
        case .privateHalf: "is a private key: the public half is needed"
        case .otherKind: "is no Ed25519, RSA or P-256 key in PKCS#8, SEC 1 or PKCS#1"
        case .otherCurve: "is on another curve than P-256"
        case .rsaBits(let count): "has \(count) bits: RSA keys have \(bits.lowerBound) to \(bits.upperBound)"
        case .trailingBytes: "has something before or behind the key"
        case .malformed: "is damaged: its structure cannot be read"
        case .halvesDiffer: "is damaged: its public half belongs to another key"
        case .tooLong: "is longer than any key that is taken"
        }
    }
}
