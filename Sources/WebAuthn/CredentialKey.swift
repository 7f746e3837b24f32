import Crypto

/// The public half of a passkey, as COSE writes it (RFC 9052, 7; RFC 9053, 7; RFC 8230, 4): one of the three
/// algorithms that we ask for.
package struct CredentialKey: Sendable {
    package enum Algorithm: Int64, CaseIterable, Sendable {
        case es256 = -7
        case edDSA = -8
        case rs256 = -257
    }

    package let algorithm: Algorithm
    /// What is stored, and read again by `init`.
    package let bytes: [UInt8]
    private let key: PublicKey

    package init(_ bytes: [UInt8]) throws(WebAuthnError) {
        guard let map = try? CBORValue.parse(bytes), let entries = map.entries else { throw .malformedKey }
        guard let number = map[Label.algorithm]?.asInteger else { throw .malformedKey }
        guard let algorithm = Algorithm(rawValue: number) else { throw .unsupportedAlgorithm }
        // Level 2, 6.5.1.1: no optional members.
        guard let numbers = Self.numbers(map, algorithm), entries.count == algorithm.memberCount,
            let key = try? PublicKey(numbers)
        else { throw .malformedKey }
        (self.algorithm, self.bytes, self.key) = (algorithm, bytes, key)
    }

    package func isValid(_ signature: [UInt8], for message: [UInt8]) -> Bool {
        key.isValid(signature, for: message)
    }

    private enum Label {
        static let type: Int64 = 1
        static let algorithm: Int64 = 3
        /// Of an elliptic curve: which, x and y. Of RSA: modulus and exponent.
        static let curve: Int64 = -1
        static let x: Int64 = -2
        static let y: Int64 = -3
    }

    private static func numbers(_ map: CBORValue, _ algorithm: Algorithm) -> PublicKey.Numbers? {
        let (curve, x) = (map[Label.curve], map[Label.x]?.asBytes)
        guard map[Label.type] == .integer(algorithm.keyType), let x else { return nil }
        switch algorithm {
        case .es256:
            guard let y = map[Label.y]?.asBytes, curve == .integer(1), x.count == 32, y.count == 32 else {
                return nil
            }
            return .p256(x: x, y: y)
        case .edDSA:
            guard curve == .integer(6), x.count == Ed25519.publicKeyBytes else { return nil }
            return .ed25519(x)
        case .rs256:
            guard let modulus = curve?.asBytes, isFit(exponent: x), modulus.first != 0 else { return nil }
            return .rsa(modulus: modulus, exponent: x)
        }
    }

    /// At most 32 bits, odd, above 1: with 1, everything would be its own signature.
    private static func isFit(exponent: [UInt8]) -> Bool {
        guard (1...4).contains(exponent.count), let last = exponent.last else { return false }
        return last % 2 == 1 && exponent.reduce(0) { $0 << 8 | Int($1) } > 1
    }
}

extension CredentialKey.Algorithm {
    fileprivate var keyType: Int64 {
        switch self {
        case .edDSA: 1
        case .es256: 2
        case .rs256: 3
        }
    }

    fileprivate var memberCount: Int { self == .es256 ? 5 : 4 }
}
