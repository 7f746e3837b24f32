private import Glibc

/// Changing the key in a file: the new one waits beside it until the database is under it.
extension RootKey {
    package static func nextFile(of path: String) -> String { "\(path).next" }

    /// Puts the new key beside the old one, durably. What lies there already is the remains of a rotation
    /// that came to nothing: the caller knows that nothing hangs on it.
    package func storeAsNext(ofFile path: String) throws(RootKeyError) {
        unlink(Self.nextFile(of: path))
        try store(atFile: Self.nextFile(of: path))
    }

    /// Puts the new key in the old one's place. Harmless to repeat.
    package static func promoteNext(ofFile path: String) throws(RootKeyError) {
        guard rename(nextFile(of: path), path) == 0 || errno == ENOENT else {
            throw .failed("rename", path)
        }
        try synchronizeFolder(folder(of: path))
    }
}
