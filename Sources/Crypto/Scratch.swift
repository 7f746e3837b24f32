private import CSodium

/// Short-lived secret bytes on the stack, wiped when the closure ends: a data key between unwrapping and use.
enum Scratch {
    static func withBytes<Result: ~Copyable>(
        _ count: Int, _ body: (UnsafeMutableRawBufferPointer) throws(CryptoError) -> Result
    ) throws(CryptoError) -> Result {
        try withUnsafeTemporaryAllocation(byteCount: count, alignment: 16) { buffer throws(CryptoError) in
            defer { sodium_memzero(buffer.baseAddress, buffer.count) }
            return try body(buffer)
        }
    }
}

extension Array where Element == UInt8 {
    /// Overwrites the bytes, unless another array shares them.
    package mutating func wipe() {
        withUnsafeMutableBytes { sodium_memzero($0.baseAddress, $0.count) }
        removeAll()
    }
}
