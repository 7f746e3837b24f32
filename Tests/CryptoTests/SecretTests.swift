import Crypto
import Testing

@Suite struct SecretTests {
    @Test func `a secret gives back its bytes`() throws {
        let secret = try Secret(copying: [1, 2, 3])
        #expect(secret.count == 3)
        #expect(secret.withBytes { Array($0) } == [1, 2, 3])
        #expect(try secret.duplicate().withBytes { Array($0) } == [1, 2, 3])
    }

    @Test func `an empty secret is possible`() throws {
        #expect(try Secret(copying: []).withBytes { $0.count } == 0)
    }

    @Test func `random secrets differ`() throws {
        let first = try Secret(randomBytes: 32)
        let second = try Secret(randomBytes: 32)
        #expect(first.withBytes { Array($0) } != second.withBytes { Array($0) })
    }

    @Test func `more secrets than may be locked still work`() throws {
        let holders = try (0..<2_500).map { try Holder(number: $0) }
        #expect(
            holders.enumerated().allSatisfy { $0.element.bytes == [UInt8(truncatingIfNeeded: $0.offset)] })
    }

    @Test func `memory that cannot be had is an error and no crash`() {
        #expect(throws: CryptoError.secretMemoryExhausted) { _ = try Secret(randomBytes: 1 << 50) }
    }

    @Test func `a failing filler passes its error on`() {
        #expect(throws: CryptoError.malformed("x")) {
            _ = try Secret(count: 8) { _ throws(CryptoError) in throw .malformed("x") }
        }
    }

    @Test func `random bytes come in the length asked for and differ`() {
        #expect(Randomness.bytes(0).isEmpty)
        #expect(Randomness.bytes(1_000).count == 1_000)
        #expect(Randomness.bytes(32) != Randomness.bytes(32))
    }

    @Test func `a wiped array is empty`() {
        var bytes: [UInt8] = [1, 2, 3]
        bytes.wipe()
        #expect(bytes.isEmpty)
    }
}

private final class Holder: Sendable {
    private let secret: Secret

    init(number: Int) throws {
        secret = try Secret(copying: [UInt8(truncatingIfNeeded: number)])
    }

    var bytes: [UInt8] { secret.withBytes { Array($0) } }
}
