import Crypto
import Kernel
import Testing

@Suite struct SecretSharingTests {
    private static let quorums = (2...16).flatMap { count in
        (2...count).compactMap { Quorum(threshold: $0, count: count) }
    }

    @Test func `the field is AES's`() {
        #expect(GF256.product(0x57, 0x83) == 0xC1, "FIPS 197, section 4.2")
        #expect(GF256.product(0x57, 0x13) == 0xFE, "FIPS 197, section 4.2.1")
        let elements = UInt8.min...UInt8.max
        for left in elements {
            #expect(GF256.product(left, 1) == left)
            #expect(GF256.product(left, GF256.inverse(left)) == (left == 0 ? 0 : 1))
            #expect(elements.allSatisfy { GF256.product(left, $0) == Self.reference(left, $0) })
        }
    }

    @Test func `shares are what an independent program computes`() throws {
        let secret = try Secret(copying: Array(0..<8))
        let quorum = try #require(Quorum(threshold: 3, count: 16))
        let coefficients = Array(UInt8(0x53)..<0x5B) + Array(UInt8(0xF0)..<0xF8)
        let shares = try SecretSharing.split(secret, quorum) { $0.copyBytes(from: coefficients) }
        let expected = [
            1: "a3a4a5a6a7a8a9aa", 2: "4b404d4e574c4142", 16: "147e406a3cd6e8c2",
        ]
        for (index, value) in expected {
            #expect(shares[index - 1].index == UInt8(index))
            #expect(shares[index - 1].value.withBytes { Hex.encode($0) } == value)
        }
    }

    @Test func `a quorum is 2 to 16 of at most 16`() {
        #expect(Self.quorums.count == 120)
        for (threshold, count) in [(1, 1), (1, 2), (0, 3), (3, 2), (2, 17), (17, 17), (-1, 4)] {
            #expect(Quorum(threshold: threshold, count: count) == nil)
        }
    }

    @Test func `any shares, as many as the threshold or more, give the secret, and fewer do not`() throws {
        let generator = SeededGenerator(seed: 3)
        for quorum in Self.quorums where quorum.count <= 7 {
            let secret = try Secret(copying: generator.bytes(32))
            let shares = try split(secret, quorum, generator)
            for mask in 1..<(1 << quorum.count) {
                let chosen = shares.indices.filter { mask >> $0 & 1 == 1 }.map { shares[$0] }
                let combined = try SecretSharing.combine(chosen)
                #expect(equal(combined, secret) == (chosen.count >= quorum.threshold))
            }
        }
    }

    @Test func `large sets hold as well, in any order`() throws {
        let generator = SeededGenerator(seed: 4)
        for quorum in Self.quorums where quorum.count > 7 {
            let secret = try Secret(copying: generator.bytes(32))
            let shares = try split(secret, quorum, generator)
            let order = shares.map { ($0, generator.next()) }.sorted { $0.1 < $1.1 }.map(\.0)
            #expect(equal(try SecretSharing.combine(Array(order.prefix(quorum.threshold))), secret))
            #expect(!equal(try SecretSharing.combine(Array(order.prefix(quorum.threshold - 1))), secret))
        }
    }

    /// Each coefficient is tried once: as many places as there are coefficients, and all hold the same
    /// secret.
    @Test(arguments: [0x00, 0x01, 0x7F, 0xFF] as [UInt8])
    func `one share of a threshold of two is every value equally often`(byte: UInt8) throws {
        let secret = try Secret(copying: [UInt8](repeating: byte, count: 256))
        let quorum = try #require(Quorum(threshold: 2, count: 16))
        let shares = try SecretSharing.split(secret, quorum) { $0.copyBytes(from: UInt8.min...UInt8.max) }
        for share in shares {
            #expect(share.value.withBytes { Set($0).count } == 256, "whatever the secret is")
        }
    }

    @Test(arguments: [0x00, 0x42, 0xFF] as [UInt8])
    func `two shares of a threshold of three are every pair equally often`(byte: UInt8) throws {
        let pairs = 256 * 256
        let secret = try Secret(copying: [UInt8](repeating: byte, count: pairs))
        let quorum = try #require(Quorum(threshold: 3, count: 4))
        let shares = try SecretSharing.split(secret, quorum) { memory in
            for place in 0..<pairs {
                memory[place] = UInt8(place & 255)
                memory[pairs + place] = UInt8(place >> 8)
            }
        }
        for (left, right) in [(0, 1), (0, 3), (1, 2), (2, 3)] {
            #expect(distinctPairs(shares[left].value, shares[right].value) == pairs, "whatever the secret is")
        }
    }

    @Test func `coefficients are fresh in every split`() throws {
        let secret = try Secret(copying: [UInt8](repeating: 0, count: 32))
        let quorum = try #require(Quorum(threshold: 2, count: 2))
        let values = try (0..<64).map { _ in
            try SecretSharing.split(secret, quorum)[0].value.withBytes { Array($0) }
        }
        #expect(Set(values).count == values.count)
        #expect(Set(values.flatMap { $0 }).count > 250, "2,048 random bytes")
    }

    @Test func `a missing share is computed from enough others`() throws {
        let generator = SeededGenerator(seed: 5)
        let secret = try Secret(copying: generator.bytes(32))
        let quorum = try #require(Quorum(threshold: 3, count: 5))
        let shares = try split(secret, quorum, generator)
        #expect(equal(try SecretSharing.value(at: 5, through: Array(shares[..<3])), shares[4].value))
    }

    @Test func `shares that do not go together are refused`() throws {
        let long = SecretShare(index: 1, value: try Secret(copying: [1, 2]))
        let short = SecretShare(index: 2, value: try Secret(copying: [1]))
        #expect(throws: CryptoError.wrongLength(of: "share")) {
            _ = try SecretSharing.combine([long, short])
        }
        #expect(throws: CryptoError.malformed("a share's index is repeated")) {
            _ = try SecretSharing.combine([long, long])
        }
        #expect(throws: CryptoError.wrongLength(of: "share")) { _ = try SecretSharing.combine([]) }
    }

    private func split(
        _ secret: borrowing Secret, _ quorum: Quorum, _ generator: SeededGenerator
    ) throws -> [SecretShare] {
        try SecretSharing.split(secret, quorum) { $0.copyBytes(from: generator.bytes($0.count)) }
    }

    private func equal(_ left: borrowing Secret, _ right: borrowing Secret) -> Bool {
        left.withBytes { left in right.withBytes { ConstantTime.equal(left, $0) } }
    }

    private func distinctPairs(_ left: borrowing Secret, _ right: borrowing Secret) -> Int {
        left.withBytes { left in
            right.withBytes { right in Set(zip(left, right).map { Int($0) << 8 | Int($1) }).count }
        }
    }

    /// As on paper: multiply the polynomials, then subtract the modulus wherever a bit is too high.
    private static func reference(_ left: UInt8, _ right: UInt8) -> UInt8 {
        var product = 0
        for bit in 0..<8 where right >> bit & 1 == 1 { product ^= Int(left) << bit }
        for bit in stride(from: 14, through: 8, by: -1) where product >> bit & 1 == 1 {
            product ^= 0x11B << (bit - 8)
        }
        return UInt8(product)
    }
}
