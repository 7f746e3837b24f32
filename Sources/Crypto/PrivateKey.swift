/// A key pair that signs for an exchange. Immutable, so every thread may use it at once; it has no
/// description. What kind it is comes from reading it, never from its length.
package final class PrivateKey: Sendable {
    package enum Kind: String, CaseIterable, Sendable { case ed25519, rsa, p256 }

    /// Below, a modulus can be factored; above, one signature takes longer than an order may.
    package static let rsaBits = 2048...8192
    package static let generatedRSABits = 2048...4096

    /// Ed25519 keys stand in guarded memory, and sign in half the time: see `Ed25519`.
    private enum Pair: Sendable {
        case ed25519(Ed25519.SigningKey)
        case openSSL(OpenSSLKey)
    }

    package let kind: Kind
    package let publicKey: PublicKey
    private let pair: Pair

    /// Reads PKCS#8, and the traditional SEC 1 and PKCS#1 forms.
    package convenience init(pem: borrowing Secret) throws(CryptoError) {
        let read = try pem.withBytes { text throws(CryptoError) in
            try PEM.withKey(in: text) { der, layout throws(CryptoError) in
                guard layout != .publicHalf else { throw .keyRefused(.publicHalf) }
                return try OpenSSLKey.read(der, layout)
            }
        }
        try self.init(read)
    }

    /// A fresh pair. RSA takes from a tenth of a second to seconds: not on a loop.
    package static func generate(_ kind: Kind, rsaBits: Int = 2048) throws(CryptoError) -> PrivateKey {
        switch kind {
        case .ed25519: return PrivateKey(try Ed25519.SigningKey())
        case .p256: return try PrivateKey(OpenSSLKey.generateP256())
        case .rsa:
            guard generatedRSABits.contains(rsaBits) else { throw .keyRefused(.rsaBits(rsaBits)) }
            return try PrivateKey(OpenSSLKey.generateRSA(bits: rsaBits))
        }
    }

    private convenience init(_ key: OpenSSLKey) throws(CryptoError) {
        let kind = try key.kind()
        guard kind != .ed25519 else {
            self.init(try Ed25519.SigningKey(seed: key.seed()))
            return
        }
        // A damaged key would sign what nobody accepts, and is told apart only by trying.
        let publicKey = try PublicKey(pem: key.publicPEM())
        let trial = Array("keybell".utf8)
        guard try publicKey.isValid(key.signature(for: trial), for: trial) else {
            throw .keyRefused(.halvesDiffer)
        }
        self.init(kind, publicKey, .openSSL(key))
    }

    private convenience init(_ key: Ed25519.SigningKey) {
        self.init(.ed25519, PublicKey(key.publicKey), .ed25519(key))
    }

    private init(_ kind: Kind, _ publicKey: PublicKey, _ pair: Pair) {
        (self.kind, self.publicKey, self.pair) = (kind, publicKey, pair)
    }
}

extension PrivateKey {
    /// Ed25519 pure; RSA PKCS#1 v1.5 with SHA-256; ECDSA with SHA-256 in the encoding asked for.
    package func signature(
        for message: [UInt8], ecdsa encoding: ECDSASignature.Encoding = .der
    ) throws(CryptoError) -> [UInt8] {
        switch pair {
        case .ed25519(let key): return key.signature(for: message)
        case .openSSL(let key):
            let signature = try key.signature(for: message)
            guard kind == .p256, encoding == .raw else { return signature }
            guard let raw = ECDSASignature.raw(fromDER: signature) else {
                throw .library(operation: "signing")
            }
            return raw
        }
    }

    /// PKCS#8, to be sealed.
    package func pkcs8PEM() throws(CryptoError) -> Secret {
        switch pair {
        case .openSSL(let key): return try key.pkcs8PEM()
        case .ed25519(let key):
            let seed = try key.exported().withBytes { bytes throws(CryptoError) in
                try Secret(copying: UnsafeRawBufferPointer(rebasing: bytes[..<Ed25519.seedBytes]))
            }
            return try OpenSSLKey.ed25519(seed: seed).pkcs8PEM()
        }
    }
}
