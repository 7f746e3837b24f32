private import COpenSSL

/// AES-128 in counter mode (NIST SP 800-38A, 6.5), to open what other programs sealed. It proves nothing
/// about its input: the caller checks a code over the ciphertext first.
package enum AES128Counter {
    package static let keyBytes = 16
    package static let blockBytes = 16

    /// - Parameter counter: the first block, counted up big-endian over all 16 bytes.
    package static func decrypt(
        _ ciphertext: [UInt8], key: UnsafeRawBufferPointer, counter: [UInt8]
    ) throws(CryptoError) -> Secret {
        guard key.count == keyBytes else { throw .wrongLength(of: "key") }
        guard counter.count == blockBytes else { throw .wrongLength(of: "counter") }
        return try Secret(count: ciphertext.count) { plaintext throws(CryptoError) in
            guard let context = EVP_CIPHER_CTX_new() else { throw .library(operation: "AES-CTR context") }
            defer { EVP_CIPHER_CTX_free(context) }
            var written: Int32 = 0
            guard EVP_DecryptInit_ex(context, EVP_aes_128_ctr(), nil, key.octets, counter) == 1,
                EVP_DecryptUpdate(context, plaintext.octets, &written, ciphertext, Int32(ciphertext.count))
                    == 1, Int(written) == ciphertext.count
            else {
                ERR_clear_error()
                throw .library(operation: "AES-CTR")
            }
        }
    }
}
