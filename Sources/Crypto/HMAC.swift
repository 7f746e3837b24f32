private import CSodium

/// HMAC, RFC 2104, one-shot. For many messages under one key, prepare an `HMACKey`.
package enum HMAC {
    package static func sha256(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        code(SHA256.self, key: key, message)
    }

    package static func sha512(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        code(SHA512.self, key: key, message)
    }

    package static func sha256(key: [UInt8], _ message: String) -> [UInt8] {
        sha256(key: key, Array(message.utf8))
    }

    package static func sha512(key: [UInt8], _ message: String) -> [UInt8] {
        sha512(key: key, Array(message.utf8))
    }

    /// For one-time codes only: RFC 4226 knows no other.
    package static func sha1(key: borrowing Secret, _ message: [UInt8]) -> [UInt8] {
        key.withBytes { key in
            message.withRawBytes { message in
                var state = HMACState<SHA1>(key: key)
                state.update(message)
                return state.finalize()
            }
        }
    }

    private static func code<Hash: HashFunction>(_: Hash.Type, key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        key.withRawBytes { key in
            message.withRawBytes { message in
                var state = HMACState<Hash>(key: key)
                state.update(message)
                return state.finalize()
            }
        }
    }
}

/// An HMAC under way: both hashes with their padded key block already taken in.
struct HMACState<Hash: HashFunction> {
    private var inner = Hash()
    private var outer = Hash()

    init(key: UnsafeRawBufferPointer) {
        withUnsafeTemporaryAllocation(byteCount: Hash.blockBytes, alignment: 16) { block in
            defer { sodium_memzero(block.baseAddress, block.count) }
            block.initializeMemory(as: UInt8.self, repeating: 0)
            if key.count > Hash.blockBytes {
                var hash = Hash()
                hash.update(key)
                hash.finalize(into: block)
            } else {
                block.copyMemory(from: key)
            }
            for index in block.indices { block[index] ^= 0x36 }
            inner.update(UnsafeRawBufferPointer(block))
            for index in block.indices { block[index] ^= 0x36 ^ 0x5C }
            outer.update(UnsafeRawBufferPointer(block))
        }
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        inner.update(bytes)
    }

    /// The code; wipes the state, from which codes for any message could be made.
    mutating func finalize() -> [UInt8] {
        defer { withUnsafeMutableBytes(of: &self) { sodium_memzero($0.baseAddress, $0.count) } }
        return withUnsafeTemporaryAllocation(byteCount: Hash.digestBytes, alignment: 16) { digest in
            inner.finalize(into: digest)
            outer.update(UnsafeRawBufferPointer(digest))
            return outer.finalize()
        }
    }
}
