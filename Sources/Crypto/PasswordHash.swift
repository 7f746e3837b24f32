private import CSodium

/// A password stored as an Argon2id text (PHC string format), which carries its own salt and parameters.
/// Making or checking one takes some 20 ms and 19 MiB: off the loop, one at a time.
package struct PasswordHash: Sendable, Hashable {
    /// How much work one is.
    package struct Cost: Sendable {
        let memoryBytes: Int
        let passes: UInt64

        package init(memoryBytes: Int, passes: UInt64) {
            (self.memoryBytes, self.passes) = (memoryBytes, passes)
        }

        /// OWASP's Password Storage Cheat Sheet: 19 MiB, two passes, one lane.
        package static let usual = Cost(memoryBytes: 19 * 1_024 * 1_024, passes: 2)
    }

    /// Keeps a client from having us hash megabytes.
    package static let maximumPasswordBytes = 1_024

    /// `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`
    package let text: String

    /// A text from the database.
    package init(text: String) {
        self.text = text
    }

    /// Hashes under a fresh salt.
    package init(of password: String, cost: Cost = .usual) throws(CryptoError) {
        guard password.utf8.count <= Self.maximumPasswordBytes else { throw .wrongLength(of: "password") }
        guard SodiumLibrary.isReady else { throw .library(operation: "libsodium") }
        var output = [CChar](repeating: 0, count: Int(crypto_pwhash_STRBYTES))
        let status = crypto_pwhash_str_alg(
            &output, password, UInt64(password.utf8.count), cost.passes, cost.memoryBytes,
            crypto_pwhash_ALG_ARGON2ID13)
        guard status == 0 else { throw .library(operation: "Argon2id") }
        text = String(decoding: output.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// A hash that no password fits, to spend the same time on users that do not exist.
    package static func decoy(cost: Cost = .usual) throws(CryptoError) -> PasswordHash {
        try PasswordHash(of: Base64.encode(Randomness.bytes(32)), cost: cost)
    }

    /// False also for a text that is not a hash. The stored parameters set the cost.
    package func matches(_ password: String) -> Bool {
        guard password.utf8.count <= Self.maximumPasswordBytes, fits, SodiumLibrary.isReady else {
            return false
        }
        return crypto_pwhash_str_verify(text, password, UInt64(password.utf8.count)) == 0
    }

    /// True when the stored parameters are not today's: hash again at the next log-in.
    package func needsRehash(cost: Cost = .usual) -> Bool {
        !fits || crypto_pwhash_str_needs_rehash(text, cost.passes, cost.memoryBytes) != 0
    }

    /// libsodium reads up to a terminating zero within this length.
    private var fits: Bool {
        text.utf8.count < Int(crypto_pwhash_STRBYTES)
    }
}
