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
    /// Some key-encryption keys are in custody and some are not: rows of an old backup among newer ones.
    case mixedCustody
    case crypto(CryptoError)

    init(_ error: CryptoError) {
        self = error == .notAuthentic ? .notAuthentic : .crypto(error)
    }
}

extension SealingError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notAuthentic: "what is sealed was altered, or belongs to another row"
        case .malformed: "what is sealed has no form that this version knows"
        case .unknownGeneration(let number): "key-encryption key \(number) is not loaded"
        case .wrongRootKey(let number):
            "the root key does not open key-encryption key \(number): it is another installation's, or made"
                + " anew because the file was missing. Put the right one back"
        case .noGeneration: "there is no key-encryption key"
        case .duplicateGeneration(let number): "key-encryption key \(number) is there twice"
        case .invalidGeneration(let number): "\(number) is no number of a key-encryption key"
        case .tooLong: "too long to be sealed"
        case .mixedCustody: "the key-encryption keys are of different times: some come from an old backup"
        case .crypto(let error): "\(error)"
        }
    }
}
