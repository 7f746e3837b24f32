import Crypto
import Testing

@Suite struct PasswordDerivationTests {
    private func derived(_ derivation: PasswordDerivation, _ password: String) throws -> String {
        let password = try Secret(copying: Array(password.utf8))
        return try derivation.key(from: password, count: 64).withBytes { Hex.encode($0) }
    }

    @Test func `PBKDF2 gives the keys of RFC 7914, section 11`() throws {
        #expect(
            try derived(.pbkdf2(salt: Array("salt".utf8), iterations: 1), "passwd")
                == "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
                + "49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783")
        #expect(
            try derived(.pbkdf2(salt: Array("NaCl".utf8), iterations: 80_000), "Password")
                == "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"
                + "a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d")
    }

    @Test func `scrypt gives the keys of RFC 7914, section 12`() throws {
        #expect(
            try derived(.scrypt(salt: [], cost: 16, blockSize: 1, parallel: 1), "")
                == "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
                + "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906")
        #expect(
            try derived(
                .scrypt(salt: Array("NaCl".utf8), cost: 1_024, blockSize: 8, parallel: 16), "password")
                == "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
                + "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640")
        #expect(
            try derived(
                .scrypt(salt: Array("SodiumChloride".utf8), cost: 16_384, blockSize: 8, parallel: 1),
                "pleaseletmein")
                == "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
                + "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887")
    }

    @Test func `what would cost too much, or means nothing, is refused before the work`() throws {
        let derivations: [PasswordDerivation] = [
            .pbkdf2(salt: [1], iterations: 0), .pbkdf2(salt: [1], iterations: 4_000_001),
            .pbkdf2(salt: [UInt8](repeating: 0, count: 257), iterations: 1),
            .scrypt(salt: [1], cost: 1 << 23, blockSize: 8, parallel: 1),
            .scrypt(salt: [1], cost: 1_000, blockSize: 8, parallel: 1),
            .scrypt(salt: [1], cost: 1 << 21, blockSize: 8, parallel: 1),
            .scrypt(salt: [1], cost: 1 << 16, blockSize: 1, parallel: 1),
            .scrypt(salt: [1], cost: 16, blockSize: 0, parallel: 1),
            .scrypt(salt: [1], cost: 16, blockSize: 8, parallel: 17),
        ]
        for derivation in derivations {
            #expect(!derivation.isAffordable)
            #expect(throws: CryptoError.malformed("key derivation")) { try derived(derivation, "x") }
        }
    }

    @Test func `AES-128 in counter mode opens the message of NIST SP 800-38A, F.5`() throws {
        let key = try Secret(copying: bytes("2b7e151628aed2a6abf7158809cf4f3c"))
        let ciphertext = bytes(
            "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff"
                + "5ae4df3edbd5d35e5b4f09020db03eab1e031dda2fbe03d1792170a0f3009cee")
        let counter = bytes("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff")
        for count in [64, 23, 0] {
            let opened = try key.withBytes { key throws(CryptoError) in
                try AES128Counter.decrypt(Array(ciphertext.prefix(count)), key: key, counter: counter)
            }
            let plaintext =
                "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
                + "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
            #expect(opened.withBytes { Hex.encode($0) } == plaintext.prefix(2 * count))
        }
    }
}
