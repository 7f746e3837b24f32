import Crypto
import Testing

/// RFC 8032, section 7.1, tests 1 to 3 and SHA(abc).
private let vectors: [(seed: String, key: String, message: String, signature: String)] = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
            + "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            + "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
            + "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
    ),
    (
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
            + "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"
    ),
]

@Suite struct Ed25519Tests {
    @Test func `keys and signatures are those of RFC 8032`() throws {
        for vector in vectors {
            let key = try Ed25519.SigningKey(seed: Secret(copying: bytes(vector.seed)))
            let message = bytes(vector.message)
            #expect(Hex.encode(key.publicKey.bytes) == vector.key)
            #expect(Hex.encode(key.signature(for: message)) == vector.signature)
            #expect(key.publicKey.isValid(bytes(vector.signature), for: message))
        }
    }

    @Test func `a Standard Webhooks v1a signature is the documented one`() throws {
        let text = "6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=="
        let key = try Ed25519.SigningKey(seedAndPublicKey: Secret(copying: #require(Base64.decode(text))))
        let signed = #"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}"#
        #expect(
            Base64.encode(key.signature(for: signed))
                == "hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==")
    }

    @Test func `no altered bit of signature, message or key passes`() throws {
        let key = try Ed25519.SigningKey()
        let message = Array("checkpoint".utf8)
        let signature = key.signature(for: message)
        #expect(key.publicKey.isValid(signature, for: message))
        for bit in 0..<signature.count * 8 {
            #expect(!key.publicKey.isValid(flipped(signature, bit), for: message))
        }
        for bit in 0..<message.count * 8 {
            #expect(!key.publicKey.isValid(signature, for: flipped(message, bit)))
        }
        for bit in 0..<256 {
            let other = try #require(Ed25519.PublicKey(flipped(key.publicKey.bytes, bit)))
            #expect(!other.isValid(signature, for: message))
        }
        #expect(!key.publicKey.isValid(Array(signature.dropLast()), for: message))
        #expect(!key.publicKey.isValid([], for: message))
    }

    @Test func `a public key that is all zeros verifies nothing`() throws {
        let zeros = try #require(Ed25519.PublicKey([UInt8](repeating: 0, count: 32)))
        #expect(!zeros.isValid([UInt8](repeating: 0, count: 64), for: []))
    }

    @Test func `halves that do not belong together are refused`() throws {
        let exported = try Ed25519.SigningKey().exported()
        let pair = exported.withBytes { Array($0) }
        #expect(throws: CryptoError.malformed("the public half is not the seed's")) {
            try Ed25519.SigningKey(seedAndPublicKey: Secret(copying: flipped(pair, 300)))
        }
        #expect(throws: CryptoError.wrongLength(of: "seed")) {
            try Ed25519.SigningKey(seed: Secret(copying: pair))
        }
    }

    @Test func `an exported key signs alike`() throws {
        let key = try Ed25519.SigningKey()
        let again = try Ed25519.SigningKey(seedAndPublicKey: key.exported())
        #expect(again.signature(for: "x") == key.signature(for: "x"))
    }

    @Test func `the PEM is RFC 8410's example and comes back`() throws {
        // RFC 8410, section 10.1.
        let pem = """
            -----BEGIN PUBLIC KEY-----
            MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
            -----END PUBLIC KEY-----

            """
        let key = try Ed25519.PublicKey(pem: pem)
        #expect(Hex.encode(key.bytes) == "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1")
        #expect(key.pem == pem)
        #expect(try Ed25519.PublicKey(pem: String(pem.dropLast())) == key)
        for wrong in ["", "-----BEGIN PUBLIC KEY-----\n", pem.replacing("MCow", with: "MCox"), pem + pem] {
            #expect(throws: CryptoError.self) { try Ed25519.PublicKey(pem: wrong) }
        }
    }
}
