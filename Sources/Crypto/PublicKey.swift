/// The half of a `PrivateKey` that is pasted at the exchange, and that verifies.
package final class PublicKey: Sendable {
    private enum Half: Sendable {
        case ed25519(Ed25519.PublicKey)
        case openSSL(OpenSSLKey)
    }

    package let kind: PrivateKey.Kind
    /// SubjectPublicKeyInfo, as exchanges want it pasted.
    package let pem: String
    private let half: Half

    package convenience init(pem: String) throws(CryptoError) {
        let key = try pem.withRawBytes { text throws(CryptoError) in
            try PEM.withKey(in: text) { der, layout throws(CryptoError) in
                guard layout == .publicHalf else { throw .keyRefused(.privateHalf) }
                return try OpenSSLKey.read(der, layout)
            }
        }
        try self.init(key)
    }

    /// A point that is not on its curve is refused, as is an RSA key of a length that we do not take.
    package convenience init(_ numbers: Numbers) throws(CryptoError) {
        let der = numbers.subjectPublicKeyInfo
        try self.init(der.withRawBytes { der throws(CryptoError) in try OpenSSLKey.read(der, .publicHalf) })
    }

    private init(_ key: OpenSSLKey) throws(CryptoError) {
        kind = try key.kind()
        pem = try key.publicPEM()
        half = try kind == .ed25519 ? .ed25519(Ed25519.PublicKey(pem: pem)) : .openSSL(key)
    }

    init(_ key: Ed25519.PublicKey) {
        (kind, pem, half) = (.ed25519, key.pem, .ed25519(key))
    }

    package func isValid(
        _ signature: [UInt8], for message: [UInt8], ecdsa encoding: ECDSASignature.Encoding = .der
    ) -> Bool {
        switch half {
        case .ed25519(let key): return key.isValid(signature, for: message)
        case .openSSL(let key):
            guard kind == .p256, encoding == .raw else { return key.isValid(signature, for: message) }
            guard let der = ECDSASignature.der(fromRaw: signature) else { return false }
            return key.isValid(der, for: message)
        }
    }
}
