private import COpenSSL

/// SHA-512, FIPS 180-4: one-shot by `SHA512.hash(_:)`, or `update` and `finalize`.
package struct SHA512: HashFunction {
    package static let digestBytes = 64
    package static let blockBytes = 128

    private var context = SHA512_CTX()

    package init() {
        SHA512_Init(&context)
    }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        SHA512_Update(&context, bytes.baseAddress, bytes.count)
    }

    package mutating func finalize(into digest: UnsafeMutableRawBufferPointer) {
        precondition(digest.count >= Self.digestBytes, "the digest needs \(Self.digestBytes) bytes")
        SHA512_Final(digest.octets, &context)
    }
}
