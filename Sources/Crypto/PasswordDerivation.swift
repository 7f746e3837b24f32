private import COpenSSL

/// A key from a password, as other programs' files ask for it. Nothing of ours is derived so: our passwords
/// take Argon2id (`PasswordHash`).
package enum PasswordDerivation: Sendable, Equatable {
    /// RFC 8018 with HMAC-SHA256.
    case pbkdf2(salt: [UInt8], iterations: Int)
    /// RFC 7914: `cost` is N, a power of two.
    case scrypt(salt: [UInt8], cost: Int, blockSize: Int, parallel: Int)

    /// What a file may ask of us: four times eth_keyfile's defaults (1,000,000 iterations; N 262,144, r 8,
    /// p 1, which take 256 MiB), so at most some seconds and 1 GiB for one key.
    package static let iterationsAtMost = 4_000_000
    package static let scryptBytesAtMost = 1 << 30
    package static let saltBytesAtMost = 256

    package var isAffordable: Bool {
        switch self {
        case .pbkdf2(let salt, let iterations):
            return salt.count <= Self.saltBytesAtMost && (1...Self.iterationsAtMost).contains(iterations)
        case .scrypt(let salt, let cost, let blockSize, let parallel):
            guard salt.count <= Self.saltBytesAtMost, (2...(1 << 22)).contains(cost), cost.isPowerOfTwo,
                (1...64).contains(blockSize), (1...16).contains(parallel)
            else { return false }
            // RFC 7914, section 2: N is less than 2^(128 r / 8), which OpenSSL insists on.
            guard blockSize >= 2 || cost < 1 << 16 else { return false }
            return 128 * blockSize * cost * parallel <= Self.scryptBytesAtMost
        }
    }

    package func key(
        from password: borrowing Secret, count: Int
    ) throws(CryptoError) -> Secret {
        guard isAffordable, (1...64).contains(count) else { throw .malformed("key derivation") }
        return try password.withBytes { password throws(CryptoError) in
            try Secret(count: count) { key throws(CryptoError) in
                guard derive(password, into: key) == 1 else {
                    ERR_clear_error()
                    throw .library(operation: "key derivation")
                }
            }
        }
    }

    private func derive(_ password: UnsafeRawBufferPointer, into key: UnsafeMutableRawBufferPointer) -> Int32
    {
        let text = password.baseAddress?.assumingMemoryBound(to: CChar.self)
        switch self {
        case .pbkdf2(let salt, let iterations):
            return PKCS5_PBKDF2_HMAC(
                text, Int32(password.count), salt, Int32(salt.count), Int32(iterations), EVP_sha256(),
                Int32(key.count), key.octets)
        case .scrypt(let salt, let cost, let blockSize, let parallel):
            // The bound is checked above; OpenSSL's own default of 32 MiB is less than these files need.
            return EVP_PBE_scrypt(
                text, password.count, salt, salt.count, UInt64(cost), UInt64(blockSize), UInt64(parallel),
                UInt64(2 * Self.scryptBytesAtMost), key.octets, key.count)
        }
    }
}

extension Int {
    fileprivate var isPowerOfTwo: Bool { self > 0 && self & (self - 1) == 0 }
}
