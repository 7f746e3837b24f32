private import CSodium

/// Bytes that nobody else may see: in memory between guard pages, locked where RLIMIT_MEMLOCK allows it, kept
/// out of core dumps, read-only once filled, wiped when the value ends. It has no description, and it cannot
/// be copied. Costs some 16 KiB of address space and 20 to 50 µs: for keys that live, not for scratch bytes.
///
/// Sendable without a lock because nothing can write to it after `init`.
package struct Secret: ~Copyable, Sendable {
    package let count: Int
    /// The bit pattern of the pointer: a pointer would not be Sendable, and these bytes never change.
    private let address: UInt

    /// Has `fill` write `count` bytes.
    package init(
        count: Int, filledBy fill: (UnsafeMutableRawBufferPointer) throws(CryptoError) -> Void
    ) throws(CryptoError) {
        guard SodiumLibrary.isReady, let memory = sodium_malloc(count) else { throw .secretMemoryExhausted }
        do {
            try fill(UnsafeMutableRawBufferPointer(start: memory, count: count))
        } catch {
            sodium_free(memory)
            throw error
        }
        sodium_mprotect_readonly(memory)
        self.count = count
        self.address = UInt(bitPattern: memory)
    }

    /// A copy of bytes that the caller should wipe, if they are its own.
    package init(copying bytes: UnsafeRawBufferPointer) throws(CryptoError) {
        try self.init(count: bytes.count) { memory in memory.copyMemory(from: bytes) }
    }

    package init(copying bytes: [UInt8]) throws(CryptoError) {
        try self.init(count: bytes.count) { memory in memory.copyBytes(from: bytes) }
    }

    /// Fresh random bytes.
    package init(randomBytes count: Int) throws(CryptoError) {
        try self.init(count: count) { memory in Randomness.fill(memory) }
    }

    deinit {
        sodium_free(UnsafeMutableRawPointer(bitPattern: address))
    }

    /// The only way to read. The buffer must not outlive the closure.
    package borrowing func withBytes<Result: ~Copyable, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: address), count: count))
    }

    package borrowing func duplicate() throws(CryptoError) -> Secret {
        try withBytes { bytes throws(CryptoError) in try Secret(copying: bytes) }
    }
}
