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
