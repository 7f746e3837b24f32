/// Reed-Solomon check bytes over GF(256) with x⁸ + x⁴ + x³ + x² + 1 (ISO/IEC 18004, annex A).
struct ReedSolomon {
    /// The generator's coefficients below the leading one, the highest first.
    private let generator: [UInt8]

    init(checkBytes count: Int) {
        var generator = [UInt8](repeating: 0, count: count - 1) + [1]
        var root: UInt8 = 1
        for _ in 0..<count {
            for index in 0..<count {
                let next = index + 1 < count ? generator[index + 1] : 0
                generator[index] = Self.product(generator[index], root) ^ next
            }
            root = Self.product(root, 2)
        }
        self.generator = generator
    }

    /// What is left of the block, shifted up, after division by the generator.
    func checkBytes(of block: [UInt8]) -> [UInt8] {
        var rest = [UInt8](repeating: 0, count: generator.count)
        for byte in block {
            let factor = byte ^ rest.removeFirst()
            rest.append(0)
            for index in rest.indices { rest[index] ^= Self.product(generator[index], factor) }
        }
        return rest
    }

    private static func product(_ a: UInt8, _ b: UInt8) -> UInt8 {
        var result = 0
        for bit in (0..<8).reversed() {
            result = result << 1 ^ (result >> 7) * 0x11D
            result ^= Int(b >> UInt8(bit) & 1) * Int(a)
        }
        return UInt8(truncatingIfNeeded: result)
    }
}
