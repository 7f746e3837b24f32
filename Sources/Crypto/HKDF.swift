private import COpenSSL

/// HKDF with SHA-256 (RFC 5869): independent keys out of one.
package enum HKDF {
    /// RFC 5869's limit: 255 digests.
    package static let maximumBytes = 255 * SHA256.digestBytes

    /// `info` names the use; equal inputs give equal keys.
    package static func sha256(
        key: borrowing Secret, salt: [UInt8] = [], info: [UInt8], count: Int = 32
    ) throws(CryptoError) -> Secret {
        guard count > 0, count <= maximumBytes, key.count > 0 else { throw .wrongLength(of: "derived key") }
        return try key.withBytes { key throws(CryptoError) in
            try Secret(count: count) { output throws(CryptoError) in
                try derive(key: key, salt: salt, info: info, into: output)
            }
        }
    }

    private static func derive(
        key: UnsafeRawBufferPointer, salt: [UInt8], info: [UInt8], into output: UnsafeMutableRawBufferPointer
    ) throws(CryptoError) {
        guard let context = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, nil) else {
            throw .library(operation: "HKDF context")
        }
        defer { EVP_PKEY_CTX_free(context) }
        var count = output.count
        guard EVP_PKEY_derive_init(context) == 1,
            EVP_PKEY_CTX_set_hkdf_md(context, EVP_sha256()) == 1,
            salt.isEmpty || EVP_PKEY_CTX_set1_hkdf_salt(context, salt, Int32(salt.count)) == 1,
            EVP_PKEY_CTX_set1_hkdf_key(context, key.octets, Int32(key.count)) == 1,
            info.isEmpty || EVP_PKEY_CTX_add1_hkdf_info(context, info, Int32(info.count)) == 1,
            EVP_PKEY_derive(context, output.octets, &count) == 1, count == output.count
        else {
            ERR_clear_error()
            throw .library(operation: "HKDF")
        }
    }
}
