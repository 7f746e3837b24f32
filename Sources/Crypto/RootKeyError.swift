/// Why the root key cannot be had. The service does not start; nothing of the key is in the message.
package enum RootKeyError: Error, Sendable, Equatable {
    /// Not `kbroot1_` and 48 characters of base64url.
    case notARootKey
    /// Written like a root key, with a character or more wrong.
    case wrongChecksum
    /// The file must be mode 0600 or less.
    case readableByOthers(path: String, mode: UInt32)
    /// The file must belong to root or to the user that we run as.
    case foreignOwner(path: String)
    /// Others may write the folder, so they could put another key there.
    case folderWritableByOthers(path: String)
    case notAFile(path: String)
    case alreadyExists(path: String)
    case notFound(path: String)
    case system(operation: String, path: String, errno: Int32)
    case crypto(CryptoError)
}

extension RootKeyError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notARootKey: "the root key is not kbroot1_ and 48 characters of base64url"
        case .wrongChecksum: "the root key has a wrong character: its checksum does not fit"
        case .readableByOthers(let path, let mode):
            "the root key file \(path) has mode 0\(String(mode, radix: 8)): make it 0600"
        case .foreignOwner(let path): "the root key file \(path) belongs to another user"
        case .folderWritableByOthers(let path): "others may write the root key's folder \(path)"
        case .notAFile(let path): "the root key \(path) is not a file"
        case .alreadyExists(let path): "the root key file \(path) exists already"
        case .notFound(let path): "there is no root key file \(path)"
        case .system(let operation, let path, let code):
            "the root key file \(path) cannot be used: \(operation) failed with errno \(code)"
        case .crypto(let error): "\(error)"
        }
    }
}
