/// Keccak-256 as Ethereum uses it: FIPS 202's sponge at rate 136 with the first submission's padding (0x01),
/// so not SHA3-256. Only for reading what other programs wrote: wallet key files carry it as their check.
package struct Keccak256: HashFunction {
    package static let digestBytes = 32
    package static let blockBytes = 136

    private var lanes = InlineArray<25, UInt64>(repeating: 0)
    /// Bytes taken into the block that is not full yet.
    private var filled = 0

    package init() {}

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        for byte in bytes { absorb(byte) }
    }

    package mutating func finalize(into digest: UnsafeMutableRawBufferPointer) {
        precondition(digest.count >= Self.digestBytes, "the digest needs \(Self.digestBytes) bytes")
        mix(0x01, at: filled)
        mix(0x80, at: Self.blockBytes - 1)
        permute()
        for index in 0..<Self.digestBytes {
            digest[index] = UInt8(truncatingIfNeeded: lanes[index / 8] >> (8 * UInt64(index % 8)))
        }
    }

    private mutating func absorb(_ byte: UInt8) {
        mix(byte, at: filled)
        filled += 1
        if filled == Self.blockBytes {
            permute()
            filled = 0
        }
    }

    private mutating func mix(_ byte: UInt8, at position: Int) {
        lanes[position / 8] ^= UInt64(byte) << (8 * UInt64(position % 8))
    }
}

// MARK: - Keccak-f[1600], FIPS 202 section 3

extension Keccak256 {
    private mutating func permute() {
        for constant in Self.roundConstants {
            theta()
            rhoAndPi()
            chi()
            lanes[0] ^= constant
        }
    }

    private mutating func theta() {
        var parity = InlineArray<5, UInt64>(repeating: 0)
        for index in 0..<25 { parity[index % 5] ^= lanes[index] }
        for index in 0..<25 {
            let column = index % 5
            lanes[index] ^= parity[(column + 4) % 5] ^ Self.rotated(parity[(column + 1) % 5], by: 1)
        }
    }

    /// Both walk the same path through the lanes, so they are one walk; the distance grows by 1, 2, 3 ….
    private mutating func rhoAndPi() {
        var (x, y) = (1, 0)
        var moving = lanes[1]
        var distance = 0
        for step in 1...24 {
            distance += step
            (x, y) = (y, (2 * x + 3 * y) % 5)
            let place = x + 5 * y
            (lanes[place], moving) = (Self.rotated(moving, by: distance % 64), lanes[place])
        }
    }

    private mutating func chi() {
        for row in stride(from: 0, to: 25, by: 5) {
            var old = InlineArray<5, UInt64>(repeating: 0)
            for column in 0..<5 { old[column] = lanes[row + column] }
            for column in 0..<5 {
                lanes[row + column] = old[column] ^ (~old[(column + 1) % 5] & old[(column + 2) % 5])
            }
        }
    }

    private static func rotated(_ lane: UInt64, by distance: Int) -> UInt64 {
        distance == 0 ? lane : lane << UInt64(distance) | lane >> UInt64(64 - distance)
    }

    private static let roundConstants: [UInt64] = [
        0x0000_0000_0000_0001, 0x0000_0000_0000_8082, 0x8000_0000_0000_808A, 0x8000_0000_8000_8000,
        0x0000_0000_0000_808B, 0x0000_0000_8000_0001, 0x8000_0000_8000_8081, 0x8000_0000_0000_8009,
        0x0000_0000_0000_008A, 0x0000_0000_0000_0088, 0x0000_0000_8000_8009, 0x0000_0000_8000_000A,
        0x0000_0000_8000_808B, 0x8000_0000_0000_008B, 0x8000_0000_0000_8089, 0x8000_0000_0000_8003,
        0x8000_0000_0000_8002, 0x8000_0000_0000_0080, 0x0000_0000_0000_800A, 0x8000_0000_8000_000A,
        0x8000_0000_8000_8081, 0x8000_0000_0000_8080, 0x0000_0000_8000_0001, 0x8000_0000_8000_8008,
    ]
}
