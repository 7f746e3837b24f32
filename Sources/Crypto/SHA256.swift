private import COpenSSL

/// SHA-256, FIPS 180-4: one-shot by `SHA256.hash(_:)`, or `update` and `finalize`.
package struct SHA256: HashFunction {
    package static let digestBytes = 32
    package static let blockBytes = 64

    private var context = SHA256_CTX()

    package init() {
        SHA256_Init(&context)
    }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        SHA256_Update(&context, bytes.baseAddress, bytes.count)
    }

    package mutating func finalize(into digest: UnsafeMutableRawBufferPointer) {
        precondition(digest.count >= Self.digestBytes, "the digest needs \(Self.digestBytes) bytes")
        SHA256_Final(digest.octets, &context)
    }
}
