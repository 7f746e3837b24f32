import Crypto
import Testing

@Suite struct KeccakTests {
    @Test(arguments: [
        ("", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
        ("abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
        (
            "The quick brown fox jumps over the lazy dog",
            "4d741b6f1eb29cb2a9b9911c82f56fa8d73b04959d3d9d222895df6c0b28aa15"
        ),
    ])
    func `Keccak-256 gives the published digests`(text: String, digest: String) {
        #expect(Hex.encode(Keccak256.hash(text)) == digest)
    }

    /// Bytes 0, 1 … 250, 0 …; digests by pycryptodome 3.24.
    @Test(arguments: [
        (135, "cbdfd9dee5faad3818d6b06f95a219fd290b0e1706f6a82e5a595b9ce9faca62"),
        (136, "7ce759f1ab7f9ce437719970c26b0a66ff11fe3e38e17df89cf5d29c7d7f807e"),
        (137, "ac73d4fae68b8453f764007c1a20ce95994187861f0c3227a3a8e99a73a3b1db"),
        (272, "8e2476e65823b24d96ebe239f2c1534cdf763e689e2410c3b1cb0c74e6177bfc"),
        (500, "d1346278c6b964973ca0d85063b4e9264739c7b84ff877c8018c865229f44835"),
    ])
    func `lengths around a block are right, however they are cut`(count: Int, digest: String) {
        let message = (0..<count).map { UInt8($0 % 251) }
        #expect(Hex.encode(Keccak256.hash(message)) == digest)
        var state = Keccak256()
        for start in stride(from: 0, to: count, by: 7) {
            state.update(message[start..<min(start + 7, count)])
        }
        #expect(Hex.encode(state.finalize()) == digest)
    }
}
