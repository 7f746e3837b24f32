import Crypto

extension FuzzTarget {
    /// A key that is read is the same after writing and reading, and what it signs verifies; a public key is
    /// never read as a private one.
    static let privateKey = FuzzTarget(name: "PrivateKey") { input throws(Finding) in
        let isPublic = (try? PublicKey(pem: String(decoding: input, as: UTF8.self))) != nil
        guard let secret = try? Secret(copying: input), let key = try? PrivateKey(pem: secret) else { return }
        try require(!isPublic, "one text is a public key and a private one")
        guard let written = try? key.pkcs8PEM(), let again = try? PrivateKey(pem: written),
            let signature = try? again.signature(for: input)
        else { throw Finding(description: "a key that was read cannot be written and read") }
        try require(again.kind == key.kind, "a key is of another kind after writing and reading")
        try require(again.publicKey.pem == key.publicKey.pem, "a key is another after writing and reading")
        try require(key.publicKey.isValid(signature, for: input), "a signature does not verify")
        let published = try? PublicKey(pem: key.publicKey.pem)
        try require(published?.pem == key.publicKey.pem, "a public key has two spellings")
    }
}
