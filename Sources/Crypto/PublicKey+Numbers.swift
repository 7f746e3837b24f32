extension PublicKey {
    /// A key as the numbers that it is made of, big endian, as COSE (RFC 9053, RFC 8230) writes them.
    package enum Numbers: Equatable, Sendable {
        case p256(x: [UInt8], y: [UInt8])
        case ed25519([UInt8])
        case rsa(modulus: [UInt8], exponent: [UInt8])

        /// RFC 5280, 4.1: what OpenSSL reads a key from.
        var subjectPublicKeyInfo: [UInt8] {
            switch self {
            case .p256(let x, let y):
                Self.info(Self.ecPublicKey + Self.prime256v1, key: [Self.uncompressed] + x + y)
            case .ed25519(let key): Self.info(Self.ed25519Algorithm, key: key)
            case .rsa(let modulus, let exponent):
                Self.info(
                    Self.rsaEncryption + [0x05, 0x00],
                    key: DER.sequence(DER.integer(modulus) + DER.integer(exponent)))
            }
        }

        private static func info(_ algorithm: [UInt8], key: [UInt8]) -> [UInt8] {
            DER.sequence(DER.sequence(algorithm) + DER.value(0x03, [0] + key))
        }

        /// SEC 1, 2.3.3.
        private static let uncompressed: UInt8 = 0x04
        // Object identifiers: RFC 5480, 2.1.1; RFC 8410, 3; RFC 8017, A.1.
        private static let ecPublicKey: [UInt8] = [0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01]
        private static let prime256v1: [UInt8] = [
            0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07,
        ]
        private static let ed25519Algorithm: [UInt8] = [0x06, 0x03, 0x2B, 0x65, 0x70]
        private static let rsaEncryption: [UInt8] = [
            0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01,
        ]
    }
}

/// As much of X.690 as a public key takes.
private enum DER {
    static func sequence(_ content: [UInt8]) -> [UInt8] { value(0x30, content) }

    /// Of a number that is not negative.
    static func integer(_ bytes: [UInt8]) -> [UInt8] {
        let digits = Array(bytes.drop { $0 == 0 })
        let needsSign = digits.first.map { $0 >= 0x80 } ?? true
        return value(0x02, (needsSign ? [0] : []) + digits)
    }

    static func value(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        [tag] + length(content.count) + content
    }

    private static func length(_ count: Int) -> [UInt8] {
        if count < 0x80 { return [UInt8(count)] }
        let bytes = BigEndian.bytes(UInt32(count)).drop { $0 == 0 }
        return [0x80 | UInt8(bytes.count)] + bytes
    }
}
