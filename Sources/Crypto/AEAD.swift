private import COpenSSL

/// AES-256-GCM (NIST SP 800-38D) with a 12-byte nonce and a 16-byte tag.
package enum AEAD {
    package static let keyBytes = 32
    package static let nonceBytes = 12
    package static let tagBytes = 16
    /// What sealing adds: the nonce before and the tag after the ciphertext.
    package static let overheadBytes = nonceBytes + tagBytes

    /// nonce ‖ ciphertext ‖ tag under a fresh random nonce. One key takes at most 2³² messages this way.
    package static func seal(
        _ plaintext: [UInt8], key: borrowing Secret, associatedData: [UInt8]
    ) throws(CryptoError) -> [UInt8] {
        try key.withBytes { key throws(CryptoError) in
            try plaintext.withRawBytes { plaintext throws(CryptoError) in
                try seal(plaintext, key: key, associatedData: associatedData)
            }
        }
    }

    /// Decrypts what `seal` made, straight into guarded memory.
    package static func open(
        _ sealed: [UInt8], key: borrowing Secret, associatedData: [UInt8]
    ) throws(CryptoError) -> Secret {
        try key.withBytes { key throws(CryptoError) in
            try sealed.withRawBytes { sealed throws(CryptoError) in
                guard sealed.count >= overheadBytes else { throw .notAuthentic }
                return try Secret(count: sealed.count - overheadBytes) { plaintext throws(CryptoError) in
                    try open(sealed, key: key, associatedData: associatedData, into: plaintext)
                }
            }
        }
    }

    static func seal(
        _ plaintext: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer, associatedData: [UInt8]
    ) throws(CryptoError) -> [UInt8] {
        var sealed = [UInt8](repeating: 0, count: plaintext.count + overheadBytes)
        try sealed.withRawMutableBytes { sealed throws(CryptoError) in
            let nonce = UnsafeMutableRawBufferPointer(rebasing: sealed[..<nonceBytes])
            Randomness.fill(nonce)
            try encrypt(
                plaintext, key: key, nonce: UnsafeRawBufferPointer(nonce), associatedData: associatedData,
                into: UnsafeMutableRawBufferPointer(rebasing: sealed[nonceBytes...]))
        }
        return sealed
    }

    /// Writes the plaintext; on failure `plaintext` is wiped.
    static func open(
        _ sealed: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer, associatedData: [UInt8],
        into plaintext: UnsafeMutableRawBufferPointer
    ) throws(CryptoError) {
        guard sealed.count == plaintext.count + overheadBytes else { throw .notAuthentic }
        do {
            try decrypt(
                UnsafeRawBufferPointer(rebasing: sealed[nonceBytes...]), key: key,
                nonce: UnsafeRawBufferPointer(rebasing: sealed[..<nonceBytes]),
                associatedData: associatedData,
                into: plaintext)
        } catch {
            OPENSSL_cleanse(plaintext.baseAddress, plaintext.count)
            // HTTPServer reads the thread's error queue after TLS calls: nothing of ours may stay in it.
            ERR_clear_error()
            throw error
        }
    }

    /// Writes ciphertext ‖ tag.
    static func encrypt(
        _ plaintext: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer, nonce: UnsafeRawBufferPointer,
        associatedData: [UInt8], into output: UnsafeMutableRawBufferPointer
    ) throws(CryptoError) {
        try checkLengths(key: key, nonce: nonce)
        guard output.count == plaintext.count + tagBytes else { throw .wrongLength(of: "ciphertext") }
        guard let context = EVP_CIPHER_CTX_new() else { throw .library(operation: "AES-GCM context") }
        defer { EVP_CIPHER_CTX_free(context) }
        var written: Int32 = 0
        let tag = output.baseAddress?.advanced(by: plaintext.count)
        guard EVP_EncryptInit_ex(context, cipher.pointer, nil, key.octets, nonce.octets) == 1,
            associatedData.isEmpty
                || EVP_EncryptUpdate(context, nil, &written, associatedData, Int32(associatedData.count))
                    == 1,
            plaintext.isEmpty
                || EVP_EncryptUpdate(
                    context, output.octets, &written, plaintext.octets, Int32(plaintext.count))
                    == 1,
            EVP_EncryptFinal_ex(context, tag?.assumingMemoryBound(to: UInt8.self), &written) == 1,
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(tagBytes), tag) == 1
        else { throw .library(operation: "AES-GCM encryption") }
    }

    /// Takes ciphertext ‖ tag.
    static func decrypt(
        _ input: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer, nonce: UnsafeRawBufferPointer,
        associatedData: [UInt8], into plaintext: UnsafeMutableRawBufferPointer
    ) throws(CryptoError) {
        try checkLengths(key: key, nonce: nonce)
        guard input.count == plaintext.count + tagBytes else { throw .notAuthentic }
        guard let context = EVP_CIPHER_CTX_new() else { throw .library(operation: "AES-GCM context") }
        defer { EVP_CIPHER_CTX_free(context) }
        var written: Int32 = 0
        let tag = UnsafeMutableRawPointer(mutating: input.baseAddress?.advanced(by: plaintext.count))
        guard EVP_DecryptInit_ex(context, cipher.pointer, nil, key.octets, nonce.octets) == 1,
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(tagBytes), tag) == 1,
            associatedData.isEmpty
                || EVP_DecryptUpdate(context, nil, &written, associatedData, Int32(associatedData.count))
                    == 1,
            plaintext.isEmpty
                || EVP_DecryptUpdate(
                    context, plaintext.octets, &written, input.octets, Int32(plaintext.count))
                    == 1
        else { throw .library(operation: "AES-GCM decryption") }
        var rest: UInt8 = 0
        guard EVP_DecryptFinal_ex(context, &rest, &written) == 1 else { throw .notAuthentic }
    }

    private static func checkLengths(
        key: UnsafeRawBufferPointer, nonce: UnsafeRawBufferPointer
    ) throws(CryptoError) {
        guard key.count == keyBytes else { throw .wrongLength(of: "key") }
        guard nonce.count == nonceBytes else { throw .wrongLength(of: "nonce") }
    }

    private static let cipher = FetchedCipher("AES-256-GCM")
}

/// A cipher looked up once: OpenSSL 3 otherwise searches its providers at every use. Never freed; immutable.
private struct FetchedCipher: Sendable {
    private let address: UInt

    init(_ name: String) {
        address = UInt(bitPattern: EVP_CIPHER_fetch(nil, name, nil))
    }

    /// nil when the installation lacks the cipher: initialisation then fails and is reported.
    var pointer: OpaquePointer? { OpaquePointer(bitPattern: address) }
}
