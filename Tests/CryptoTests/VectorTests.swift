import JSON
import Testing

@testable import Crypto

/// Known answers and near misses, computed by other code: see `Tests/Fixtures/crypto/README.md`.
@Suite struct VectorTests {
    @Test func `AES-256-GCM opens what is right and nothing else`() throws {
        let vectors = try VectorFile("aes-256-gcm").vectors
        #expect(vectors.count == 125)
        for vector in vectors {
            let opened = opened(vector)
            #expect(opened == (vector.isValid ? vector.bytes("msg") : nil), "\(vector.comment)")
        }
    }

    @Test func `AES-256-GCM seals to the known bytes`() throws {
        for vector in try VectorFile("aes-256-gcm").vectors where vector.isValid {
            let message = vector.bytes("msg")
            var output = [UInt8](repeating: 0, count: message.count + AEAD.tagBytes)
            try message.withRawBytes { message throws(CryptoError) in
                try output.withRawMutableBytes { output throws(CryptoError) in
                    try vector.bytes("key").withRawBytes { key throws(CryptoError) in
                        try vector.bytes("iv").withRawBytes { nonce throws(CryptoError) in
                            try AEAD.encrypt(
                                message, key: key, nonce: nonce, associatedData: vector.bytes("aad"),
                                into: output)
                        }
                    }
                }
            }
            #expect(output == vector.bytes("ct") + vector.bytes("tag"), "\(vector.comment)")
        }
    }

    @Test func `HMAC accepts what is right and nothing else`() throws {
        let vectors = try VectorFile("hmac").vectors
        #expect(vectors.count == 92)
        for vector in vectors {
            let algorithm: HMACKey.Algorithm = vector.text("algorithm") == "sha256" ? .sha256 : .sha512
            let (key, message, tag) = (vector.bytes("key"), vector.bytes("msg"), vector.bytes("tag"))
            let prepared = try HMACKey(key, algorithm)
            #expect(prepared.isValid(tag, for: message) == vector.isValid, "\(vector.comment)")
            let code = algorithm == .sha256 ? HMAC.sha256(key: key, message) : HMAC.sha512(key: key, message)
            #expect((code == tag) == vector.isValid, "\(vector.comment)")
        }
    }

    @Test func `Ed25519 accepts what is right and nothing else`() throws {
        let vectors = try VectorFile("ed25519").vectors
        #expect(vectors.count == 56)
        for vector in vectors {
            let key = try #require(Ed25519.PublicKey(vector.bytes("public")))
            let accepted = key.isValid(vector.bytes("sig"), for: vector.bytes("msg"))
            #expect(accepted == vector.isValid, "\(vector.comment)")
        }
    }

    @Test func `Ed25519 makes the known keys and signatures`() throws {
        for vector in try VectorFile("ed25519").vectors where vector.isValid {
            let key = try Ed25519.SigningKey(seed: Secret(copying: vector.bytes("seed")))
            #expect(key.publicKey.bytes == vector.bytes("public"), "\(vector.comment)")
            #expect(key.signature(for: vector.bytes("msg")) == vector.bytes("sig"), "\(vector.comment)")
        }
    }

    @Test func `ECDSA on P-256 accepts what is right and nothing else`() throws {
        let vectors = try VectorFile("ecdsa-p256").vectors
        #expect(vectors.count == 106)
        for vector in vectors {
            let key = try PublicKey(pem: vector.text("public_pem"))
            let encoding: ECDSASignature.Encoding = vector.text("encoding") == "raw" ? .raw : .der
            let accepted = key.isValid(vector.bytes("sig"), for: vector.bytes("msg"), ecdsa: encoding)
            #expect(accepted == vector.isValid, "\(vector.comment), \(encoding)")
        }
    }

    @Test func `RSA PKCS#1 v1.5 accepts what is right and nothing else`() throws {
        let vectors = try VectorFile("rsa-pkcs1-sha256").vectors
        #expect(vectors.count == 32)
        for vector in vectors {
            let key = try PublicKey(pem: vector.text("public_pem"))
            #expect(
                key.isValid(vector.bytes("sig"), for: vector.bytes("msg")) == vector.isValid,
                "\(vector.comment)")
        }
    }

    @Test func `private keys of other makers sign what their public halves accept`() throws {
        for vector in try VectorFile("ecdsa-p256").vectors where vector.isValid {
            let key = try PrivateKey(pem: secret(vector.text("private_pem")))
            let other = try PublicKey(pem: vector.text("public_pem"))
            #expect(key.publicKey.pem == other.pem)
            for encoding in [ECDSASignature.Encoding.raw, .der] {
                let signature = try key.signature(for: vector.bytes("msg"), ecdsa: encoding)
                #expect(other.isValid(signature, for: vector.bytes("msg"), ecdsa: encoding))
            }
        }
        for vector in try VectorFile("rsa-pkcs1-sha256").vectors where vector.isValid {
            let key = try PrivateKey(pem: secret(vector.text("private_pem")))
            #expect(key.publicKey.pem == vector.text("public_pem"))
            #expect(try key.signature(for: vector.bytes("msg")) == vector.bytes("sig"))
        }
    }

    /// nil when refused.
    private func opened(_ vector: VectorFile.Vector) -> [UInt8]? {
        let input = vector.bytes("ct") + vector.bytes("tag")
        var plaintext = [UInt8](repeating: 0, count: max(0, input.count - AEAD.tagBytes))
        do throws(CryptoError) {
            try input.withRawBytes { input throws(CryptoError) in
                try plaintext.withRawMutableBytes { plaintext throws(CryptoError) in
                    try vector.bytes("key").withRawBytes { key throws(CryptoError) in
                        try vector.bytes("iv").withRawBytes { nonce throws(CryptoError) in
                            try AEAD.decrypt(
                                input, key: key, nonce: nonce, associatedData: vector.bytes("aad"),
                                into: plaintext)
                        }
                    }
                }
            }
        } catch {
            return nil
        }
        return plaintext
    }
}

func secret(_ text: String) throws(CryptoError) -> Secret {
    try Secret(copying: Array(text.utf8))
}
