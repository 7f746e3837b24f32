import Crypto
import Testing

@Suite struct PrivateKeyTests {
    @Test func `PEMs as people have them are read, or refused for the right reason`() throws {
        let cases = try VectorFile("private-keys").vectors
        #expect(cases.count == 49)
        for example in cases {
            #expect(said(example.text("pem")) == example.text("says"), "\(example.text("name"))")
        }
    }

    @Test func `every part of a key that is cut off, and every altered line, is refused without a crash`()
        throws
    {
        let pem = Array(try text(PrivateKey.generate(.p256).pkcs8PEM()).utf8)
        for count in 0..<pem.count - 1 { #expect(said(Array(pem[..<count])) != "p256") }
        for index in pem.indices where pem[index] != UInt8(ascii: "\n") {
            var altered = pem
            altered[index] = UInt8(ascii: "*")
            #expect(said(altered) != "p256")
        }
    }

    @Test func `a key of the wrong halves does not sign`() throws {
        let flips = try (0..<64).map { bit in
            var pem = try text(PrivateKey.generate(.p256).pkcs8PEM()).split(separator: "\n").map(String.init)
            let line = Array(try #require(Base64.decode(pem[1...3].joined())))
            pem[1...3] = [Base64.encode(flipped(line, (line.count - 64) * 8 + bit * 8))]
            return said(pem.joined(separator: "\n"))
        }
        #expect(flips.allSatisfy { $0 == "halves_differ" || $0 == "malformed" })
    }

    @Test(arguments: PrivateKey.Kind.allCases)
    func `a generated key comes back from its PEM and signs alike`(kind: PrivateKey.Kind) throws {
        let key = try PrivateKey.generate(kind)
        let again = try PrivateKey(pem: key.pkcs8PEM())
        let message = Array("order".utf8)
        let signature = try again.signature(for: message)
        #expect(key.kind == kind && again.kind == kind)
        #expect(again.publicKey.pem == key.publicKey.pem)
        #expect(key.publicKey.isValid(signature, for: message))
        #expect(!key.publicKey.isValid(signature, for: Array("other".utf8)))
        #expect(try PublicKey(pem: key.publicKey.pem).isValid(signature, for: message))
        #expect(try PrivateKey.generate(kind).publicKey.pem != key.publicKey.pem)
    }

    @Test func `PKCS#8 and public PEM of an Ed25519 key are RFC 8410's`() throws {
        let pem = """
            -----BEGIN PRIVATE KEY-----
            MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
            -----END PRIVATE KEY-----

            """
        let key = try PrivateKey(pem: secret(pem))
        #expect(try text(key.pkcs8PEM()) == pem)
        #expect(
            key.publicKey.pem == """
                -----BEGIN PUBLIC KEY-----
                MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
                -----END PUBLIC KEY-----

                """)
    }

    @Test func `RSA keys are made from 2048 to 4096 bits`() throws {
        for bits in [0, 1024, 2047, 4097, 8192] {
            #expect(throws: CryptoError.keyRefused(.rsaBits(bits))) {
                try PrivateKey.generate(.rsa, rsaBits: bits)
            }
        }
        #expect(try PrivateKey.generate(.rsa, rsaBits: 2048).signature(for: []).count == 256)
    }

    @Test func `only a public key is read as one`() throws {
        for example in try VectorFile("private-keys").vectors {
            let isPublic = example.text("name") == "a public key"
            #expect(
                ((try? PublicKey(pem: example.text("pem"))) != nil) == isPublic, "\(example.text("name"))")
        }
        #expect(throws: CryptoError.keyRefused(.privateHalf)) {
            try PublicKey(pem: text(PrivateKey.generate(.p256).pkcs8PEM()))
        }
    }

    @Test func `one key signs on many threads at once`() async throws {
        for kind in PrivateKey.Kind.allCases {
            let key = try PrivateKey.generate(kind)
            let valid = await withTaskGroup(of: Bool.self) { group in
                for number in 0..<32 {
                    group.addTask {
                        let message = Array("order \(number)".utf8)
                        let signature = try? key.signature(for: message, ecdsa: .raw)
                        return key.publicKey.isValid(signature ?? [], for: message, ecdsa: .raw)
                    }
                }
                return await group.allSatisfy { $0 }
            }
            #expect(valid)
        }
    }

    private func text(_ secret: borrowing Secret) -> String {
        secret.withBytes { String(decoding: $0, as: UTF8.self) }
    }

    private func said(_ pem: String) -> String { said(Array(pem.utf8)) }

    /// The kind, or the reason of the refusal.
    private func said(_ pem: [UInt8]) -> String {
        do throws(CryptoError) {
            return try PrivateKey(pem: Secret(copying: pem)).kind.rawValue
        } catch {
            guard case .keyRefused(let refusal) = error else { return "\(error)" }
            #expect(!refusal.sentence.isEmpty)
            return switch refusal {
            case .notPEM: "not_pem"
            case .encrypted: "encrypted"
            case .publicHalf: "public_half"
            case .privateHalf: "private_half"
            case .otherKind: "other_kind"
            case .otherCurve: "other_curve"
            case .rsaBits: "rsa_bits"
            case .trailingBytes: "trailing_bytes"
            case .malformed: "malformed"
            case .halvesDiffer: "halves_differ"
            case .tooLong: "too_long"
            }
        }
    }
}
