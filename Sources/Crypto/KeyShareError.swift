/// Why a share is not taken. Nothing of the share is in the message, except its index.
package enum KeyShareError: Error, Sendable, Equatable {
    /// Does not begin with `kbshare1_`.
    case notAShare
    /// Characters are missing or too many.
    case wrongLength
    /// A character that no share has; its place, from 1.
    case foreignCharacter(place: Int)
    /// Written like a share, with characters wrong or swapped.
    case wrongChecksum
    /// The checksum fits, but no split gives such a share: another version's, or made up.
    case impossible
    /// Of another splitting than the one expected, or than the first share given.
    case otherSet(found: ShareSetID, expected: ShareSetID)
    /// This very share was given before.
    case repeated(index: Int)
    /// Another share with this index was given before: one of the two is forged.
    case contradicts(index: Int)
    /// Says the right set, and is not the share that was made for it: forged.
    case forged(index: Int)
    case crypto(CryptoError)

    init(_ mistake: ChecksummedText.Mistake) {
        self =
            switch mistake {
            case .otherPrefix: .notAShare
            case .wrongLength: .wrongLength
            case .foreignCharacter(let place): .foreignCharacter(place: place)
            case .wrongChecksum: .wrongChecksum
            case .crypto(let error): .crypto(error)
            }
    }
}

extension KeyShareError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notAShare: "this is not a share: a share begins with \(KeyShare.textPrefix)"
        case .wrongLength: "a share has \(KeyShare.textBytes) characters: some are missing, or too many"
        case .foreignCharacter(let place): "character \(place) cannot be in a share"
        case .wrongChecksum: "the share is mistyped: its checksum does not fit"
        case .impossible:
            "the share is well written, but none like it can be: was it made by another version?"
        case .otherSet(let found, let expected):
            "the share is of set \(found), and set \(expected) is asked for"
        case .repeated(let index): "share \(index) was given already"
        case .contradicts(let index): "another share \(index) was given before: one of the two is false"
        case .forged(let index): "share \(index) is false: it is not the one that was made for its set"
        case .crypto(let error): "\(error)"
        }
    }
}
