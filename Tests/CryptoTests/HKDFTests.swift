import Crypto
import Testing

@Suite struct HKDFTests {
    @Test func `derived keys are those of RFC 5869`() throws {
        let key = try Secret(copying: [UInt8](repeating: 0x0b, count: 22))
        let first = try HKDF.sha256(
            key: key, salt: bytes("000102030405060708090a0b0c"), info: bytes("f0f1f2f3f4f5f6f7f8f9"),
            count: 42)
        #expect(
            first.withBytes { Hex.encode($0) }
                == "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865")
        let third = try HKDF.sha256(key: key, info: [], count: 42)
        #expect(
            third.withBytes { Hex.encode($0) }
                == "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8")
    }

    @Test func `impossible lengths are refused`() throws {
        let key = try Secret(copying: [1])
        for count in [0, -1, HKDF.maximumBytes + 1] {
            #expect(throws: CryptoError.wrongLength(of: "derived key")) {
                _ = try HKDF.sha256(key: key, info: [], count: count)
            }
        }
    }
}
