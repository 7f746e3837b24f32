private import COpenSSL

/// SHA-1, FIPS 180-4: only inside HMAC, where authenticator apps ask for it (RFC 6238) and its collisions
/// do no harm.
struct SHA1: HashFunction {
    static let digestBytes = 20
    static let blockBytes = 64

    private var context = SHA_CTX()

    init() {
        SHA1_Init(&context)
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        SHA1_Update(&context, bytes.baseAddress, bytes.count)
    }

    mutating func finalize(into digest: UnsafeMutableRawBufferPointer) {
        precondition(digest.count >= Self.digestBytes, "the digest needs \(Self.digestBytes) bytes")
        SHA1_Final(digest.octets, &context)
    }
}
