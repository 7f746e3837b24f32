private import CLinux
private import Glibc

/// Bytes from the kernel's generator.
package enum Randomness {
    package static func bytes(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            fill(UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<count]))
            initialized = count
        }
    }

    /// getrandom(2) blocks only before the kernel's pool is first seeded; a signal may cut it short.
    package static func fill(_ buffer: UnsafeMutableRawBufferPointer) {
        var filled = 0
        while filled < buffer.count {
            let got = getrandom(buffer.baseAddress?.advanced(by: filled), buffer.count - filled, 0)
            precondition(got > 0 || errno == EINTR, "the kernel gives no random bytes")
            filled += max(got, 0)
        }
    }
}
