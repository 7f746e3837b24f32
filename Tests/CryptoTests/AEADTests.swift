import Crypto
import Testing

@Suite struct AEADTests {
    private let associated = Array("header".utf8)

    /// NIST GCM test case 16 (McGrew and Viega, appendix B): AES-256, 12-byte nonce, associated data.
    @Test func `the published AES-256-GCM vector opens`() throws {
        let key = try Secret(
            copying: bytes("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"))
        let sealed = bytes(
            "cafebabefacedbaddecaf888"
                + "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
                + "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
                + "76fc6ece0f4e1768cddf8853bb2d551b")
        let opened = try AEAD.open(
            sealed, key: key, associatedData: bytes("feedfacedeadbeeffeedfacedeadbeefabaddad2"))
        #expect(
            opened.withBytes { Hex.encode($0) }
                == "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                + "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39")
    }

    @Test func `the published vector of nothing opens`() throws {
        let key = try Secret(copying: [UInt8](repeating: 0, count: 32))
        let sealed = [UInt8](repeating: 0, count: 12) + bytes("530f8afbc74536b9a963b4f1c4cb738b")
        #expect(try AEAD.open(sealed, key: key, associatedData: []).count == 0)
    }

    @Test func `what is sealed opens, at every length`() throws {
        let key = try Secret(randomBytes: AEAD.keyBytes)
        for count in 0...70 {
            let plaintext = Randomness.bytes(count)
            let sealed = try AEAD.seal(plaintext, key: key, associatedData: associated)
            #expect(sealed.count == count + AEAD.overheadBytes)
            let opened = try AEAD.open(sealed, key: key, associatedData: associated)
            #expect(opened.withBytes { Array($0) } == plaintext)
        }
    }

    @Test func `sealing twice gives different bytes`() throws {
        let key = try Secret(randomBytes: AEAD.keyBytes)
        let first = try AEAD.seal([1], key: key, associatedData: [])
        #expect(try AEAD.seal([1], key: key, associatedData: []) != first)
    }

    @Test func `every flipped bit, every truncation and every wrong input is refused`() throws {
        let key = try Secret(randomBytes: AEAD.keyBytes)
        let sealed = try AEAD.seal(Array("attack at dawn".utf8), key: key, associatedData: associated)
        for bit in 0..<sealed.count * 8 {
            var altered = sealed
            altered[bit / 8] ^= 1 << (bit % 8)
            expectNotAuthentic(altered, key, associated)
        }
        for count in sealed.indices { expectNotAuthentic(Array(sealed[..<count]), key, associated) }
        expectNotAuthentic(sealed + [0], key, associated)
        expectNotAuthentic(sealed, key, [])
        expectNotAuthentic(sealed, key, associated + [0])
        expectNotAuthentic(sealed, try Secret(randomBytes: AEAD.keyBytes), associated)
    }

    @Test func `a key of another length is refused`() throws {
        let key = try Secret(randomBytes: 16)
        #expect(throws: CryptoError.wrongLength(of: "key")) {
            try AEAD.seal([1], key: key, associatedData: [])
        }
    }

    private func expectNotAuthentic(_ sealed: [UInt8], _ key: borrowing Secret, _ associated: [UInt8]) {
        do throws(CryptoError) {
            _ = try AEAD.open(sealed, key: key, associatedData: associated)
            Issue.record("altered bytes were opened")
        } catch {
            #expect(error == .notAuthentic)
        }
    }
}
