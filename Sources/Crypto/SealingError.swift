/// Why sealed bytes cannot be made or opened.
package enum SealingError: Error, Sendable, Equatable {
    /// Altered, truncated, or sealed for another field, row or version. An event for the owners.
    case notAuthentic
    /// Too short, or of a format that this program does not know.
    case malformed
    /// Sealed under a key-encryption key that was not loaded.
    case unknownGeneration(Int)
    /// Not this root key's, or altered in the database.
    case wrongRootKey(generation: Int)
    case noGeneration
    case duplicateGeneration(Int)
    case invalidGeneration(Int)
    case tooLong
    case crypto(CryptoError)

    init(_ error: CryptoError) {
        self = error == .notAuthentic ? .notAuthentic : .crypto(error)
    }
}
