import CLinux
import Glibc

/// Randomness as a value that is passed in.
package struct Entropy: Sendable {
    /// That many unpredictable bytes.
    package var bytes: @Sendable (Int) -> [UInt8]

    package init(bytes: @escaping @Sendable (Int) -> [UInt8]) { self.bytes = bytes }

    /// The kernel's generator. It cannot fail after boot for requests this small, so failure is a broken
    /// machine.
    package static let system = Entropy { count in
        [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            var filled = 0
            while filled < count {
                let got = getrandom(buffer.baseAddress.map { $0 + filled }, count - filled, 0)
                precondition(got > 0 || errno == EINTR, "the kernel gives no random bytes")
                filled += max(got, 0)
            }
            initialized = count
        }
    }

    /// Repeatable bytes for tests (SplitMix64).
    package static func seeded(_ seed: UInt64) -> Entropy {
        let generator = SeededGenerator(seed: seed)
        return Entropy { count in generator.bytes(count) }
    }

    /// A number in `0 ..< bound`, near enough to uniform for jitter and sampling.
    package func number(below bound: UInt64) -> UInt64 {
        precondition(bound > 0)
        return bytes(8).reduce(0) { $0 << 8 | UInt64($1) } % bound
    }

    /// A number in `0 ..< 1`.
    package func fraction() -> Double { Double(number(below: 1 << 53)) / Double(1 << 53) }
}
