import Kernel

/// An endless, repeatable walk of inputs near some samples: bytes changed, removed, doubled and spliced.
struct Mutation {
    private let samples: [[UInt8]]
    private let generator: SeededGenerator

    /// What grammars turn on.
    private static let telling =
        Array("\r\n\t :;,.=-+0129aefx/?#%*\"'\\{}[]()&<>!_@\u{0}\u{7F}".utf8) + [0x80, 0xFF]

    init(of samples: [[UInt8]], seed: UInt64) {
        self.samples = samples
        generator = SeededGenerator(seed: seed)
    }

    mutating func next() -> [UInt8] {
        var bytes = samples[below(samples.count)]
        for _ in 0...below(5) where !bytes.isEmpty { change(&bytes) }
        return bytes
    }

    private func change(_ bytes: inout [UInt8]) {
        let index = below(bytes.count)
        let end = min(bytes.count, index + 1 + below(8))
        switch below(7) {
        case 0: bytes[index] = Self.telling[below(Self.telling.count)]
        case 1: bytes[index] = UInt8(truncatingIfNeeded: generator.next())
        case 2: bytes.removeSubrange(index..<end)
        case 3: bytes.insert(Self.telling[below(Self.telling.count)], at: index)
        case 4: bytes.insert(contentsOf: bytes[index..<end], at: below(bytes.count))
        case 5: bytes.removeLast(bytes.count - index)
        default:
            let other = samples[below(samples.count)]
            bytes.replaceSubrange(index..., with: other[below(max(other.count, 1))...])
        }
    }

    private func below(_ bound: Int) -> Int { Int(generator.next() % UInt64(max(bound, 1))) }
}
