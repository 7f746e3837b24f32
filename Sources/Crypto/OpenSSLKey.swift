private import COpenSSL

/// An EVP_PKEY, private or public. OpenSSL keeps its numbers on its heap and wipes them when the key goes.
/// Immutable once made, and OpenSSL guards what it caches inside: every thread may use it at once.
final class OpenSSLKey: Sendable {
    /// The bit pattern of the pointer, which would not be Sendable.
    private let address: UInt

    private init(owning key: OpaquePointer) {
        address = UInt(bitPattern: key)
    }

    deinit {
        EVP_PKEY_free(pointer)
    }

    private var pointer: OpaquePointer? { OpaquePointer(bitPattern: address) }
}

// MARK: - Reading

extension OpenSSLKey {
    /// Takes the whole of `der`, or refuses it.
    static func read(
        _ der: UnsafeRawBufferPointer, _ layout: PEM.Layout
    ) throws(CryptoError) -> OpenSSLKey {
        defer { ERR_clear_error() }
        var position = der.octets
        let key: OpaquePointer? =
            switch layout {
            case .pkcs8: readPKCS8(&position, der.count)
            case .sec1: d2i_PrivateKey(EVP_PKEY_EC, nil, &position, der.count)
            case .pkcs1: d2i_PrivateKey(EVP_PKEY_RSA, nil, &position, der.count)
            case .publicHalf: d2i_PUBKEY(nil, &position, der.count)
            }
        guard let key else { throw .keyRefused(.malformed) }
        let read = OpenSSLKey(owning: key)
        guard position == der.octets.map({ $0 + der.count }) else { throw .keyRefused(.trailingBytes) }
        return read
    }

    private static func readPKCS8(
        _ position: inout UnsafePointer<UInt8>?, _ count: Int
    ) -> OpaquePointer? {
        guard let info = d2i_PKCS8_PRIV_KEY_INFO(nil, &position, count) else { return nil }
        defer { PKCS8_PRIV_KEY_INFO_free(info) }
        return EVP_PKCS82PKEY(info)
    }

    /// What kind it is, when it is one that we take.
    func kind() throws(CryptoError) -> PrivateKey.Kind {
        switch EVP_PKEY_get_base_id(pointer) {
        case EVP_PKEY_ED25519: return .ed25519
        case EVP_PKEY_RSA:
            let bits = Int(EVP_PKEY_get_bits(pointer))
            guard PrivateKey.rsaBits.contains(bits) else { throw .keyRefused(.rsaBits(bits)) }
            return .rsa
        case EVP_PKEY_EC:
            guard isOnP256 else { throw .keyRefused(.otherCurve) }
            return .p256
        default: throw .keyRefused(.otherKind)
        }
    }

    /// A curve written out as parameters is refused with the others, even where OpenSSL recognises it.
    private var isOnP256: Bool {
        defer { ERR_clear_error() }
        var name = [CChar](repeating: 0, count: 64)
        var isExplicit: Int32 = 0
        guard EVP_PKEY_get_group_name(pointer, &name, name.count, nil) == 1,
            EVP_PKEY_get_int_param(pointer, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &isExplicit)
                == 1,
            isExplicit == 0
        else { return false }
        return strcmp(name, SN_X9_62_prime256v1) == 0
    }

    /// The 32 bytes of an Ed25519 key, into guarded memory.
    func seed() throws(CryptoError) -> Secret {
        try Secret(count: Ed25519.seedBytes) { memory throws(CryptoError) in
            var count = memory.count
            guard EVP_PKEY_get_raw_private_key(pointer, memory.octets, &count) == 1, count == memory.count
            else { throw .keyRefused(.malformed) }
        }
    }

    static func ed25519(seed: borrowing Secret) throws(CryptoError) -> OpenSSLKey {
        let key = seed.withBytes { EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, $0.octets, $0.count) }
        guard let key else { throw .library(operation: "Ed25519 key") }
        return OpenSSLKey(owning: key)
    }
}

// MARK: - Making

extension OpenSSLKey {
    static func generateRSA(bits: Int) throws(CryptoError) -> OpenSSLKey {
        try generate(EVP_PKEY_RSA) { EVP_PKEY_CTX_set_rsa_keygen_bits($0, Int32(bits)) }
    }

    static func generateP256() throws(CryptoError) -> OpenSSLKey {
        try generate(EVP_PKEY_EC) { EVP_PKEY_CTX_set_ec_paramgen_curve_nid($0, NID_X9_62_prime256v1) }
    }

    private static func generate(
        _ id: Int32, configure: (OpaquePointer) -> Int32
    ) throws(CryptoError) -> OpenSSLKey {
        defer { ERR_clear_error() }
        guard let context = EVP_PKEY_CTX_new_id(id, nil) else { throw .library(operation: "key generation") }
        defer { EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard EVP_PKEY_keygen_init(context) == 1, configure(context) == 1,
            EVP_PKEY_generate(context, &key) == 1, let key
        else { throw .library(operation: "key generation") }
        return OpenSSLKey(owning: key)
    }
}

// MARK: - Writing

extension OpenSSLKey {
    /// PKCS#8, not encrypted. OpenSSL's memory buffers are wiped when freed.
    func pkcs8PEM() throws(CryptoError) -> Secret {
        try written({ PEM_write_bio_PrivateKey($0, pointer, nil, nil, 0, nil, nil) }) {
            bytes throws(CryptoError) in try Secret(copying: bytes)
        }
    }

    /// SubjectPublicKeyInfo.
    func publicPEM() throws(CryptoError) -> String {
        try written({ PEM_write_bio_PUBKEY($0, pointer) }) { String(decoding: $0, as: UTF8.self) }
    }

    private func written<Result: ~Copyable>(
        _ write: (OpaquePointer) -> Int32,
        _ body: (UnsafeRawBufferPointer) throws(CryptoError) -> Result
    ) throws(CryptoError) -> Result {
        defer { ERR_clear_error() }
        guard let output = BIO_new(BIO_s_secmem()) else { throw .library(operation: "key writing") }
        defer { BIO_free(output) }
        var start: UnsafeMutablePointer<CChar>?
        guard write(output) == 1, case let count = BIO_ctrl(output, BIO_CTRL_INFO, 0, &start), count > 0
        else { throw .library(operation: "key writing") }
        return try body(UnsafeRawBufferPointer(start: start, count: count))
    }
}

// MARK: - Signing

extension OpenSSLKey {
    /// RSA PKCS#1 v1.5, or ECDSA as DER, over the message's SHA-256.
    func signature(for message: [UInt8]) throws(CryptoError) -> [UInt8] {
        defer { ERR_clear_error() }
        guard let context = EVP_MD_CTX_new() else { throw .library(operation: "signing") }
        defer { EVP_MD_CTX_free(context) }
        var count = 0
        guard EVP_DigestSignInit(context, nil, EVP_sha256(), nil, pointer) == 1,
            EVP_DigestSign(context, nil, &count, message, message.count) == 1
        else { throw .library(operation: "signing") }
        var signature = [UInt8](repeating: 0, count: count)
        guard EVP_DigestSign(context, &signature, &count, message, message.count) == 1 else {
            throw .library(operation: "signing")
        }
        signature.removeLast(signature.count - count)
        return signature
    }

    func isValid(_ signature: [UInt8], for message: [UInt8]) -> Bool {
        defer { ERR_clear_error() }
        guard let context = EVP_MD_CTX_new() else { return false }
        defer { EVP_MD_CTX_free(context) }
        return EVP_DigestVerifyInit(context, nil, EVP_sha256(), nil, pointer) == 1
            && EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    }
}
