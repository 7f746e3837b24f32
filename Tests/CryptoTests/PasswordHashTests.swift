import Crypto
import Testing

@Suite struct PasswordHashTests {
    @Test func `a hash carries the parameters that we promise`() throws {
        let hash = try PasswordHash(of: "correct horse")
        #expect(hash.text.hasPrefix("$argon2id$v=19$m=19456,t=2,p=1$"))
        #expect(hash.matches("correct horse"))
        #expect(!hash.matches("correct horsf"))
        #expect(!hash.matches(""))
        #expect(!hash.needsRehash())
        #expect(try PasswordHash(of: "correct horse") != hash)
    }

    /// The Argon2 reference implementation's own test: version 19, t=2, m=2^16, p=1.
    @Test func `a published hash with other parameters matches and asks for a new one`() {
        let hash = PasswordHash(
            text: "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
        #expect(hash.matches("password"))
        #expect(!hash.matches("passwore"))
        #expect(hash.needsRehash())
    }

    @Test(arguments: ["", "x", "$argon2id$", String(repeating: "$argon2id$", count: 40)])
    func `a text that is no hash matches nothing`(text: String) {
        #expect(!PasswordHash(text: text).matches(""))
        #expect(PasswordHash(text: text).needsRehash())
    }

    @Test func `a password of megabytes is refused`() throws {
        let long = String(repeating: "x", count: PasswordHash.maximumPasswordBytes + 1)
        #expect(throws: CryptoError.wrongLength(of: "password")) { try PasswordHash(of: long) }
        #expect(try !PasswordHash(of: "x").matches(long))
        let longest = String(long.dropLast())
        #expect(try PasswordHash(of: longest).matches(longest))
    }

    @Test func `a zero byte does not cut a password short`() throws {
        let hash = try PasswordHash(of: "a\0b")
        #expect(hash.matches("a\0b"))
        #expect(!hash.matches("a"))
        #expect(!hash.matches("a\0c"))
    }

    @Test func `a decoy is a hash like any other`() throws {
        let decoy = try PasswordHash.decoy()
        #expect(!decoy.needsRehash())
        #expect(!decoy.matches(""))
    }
}
