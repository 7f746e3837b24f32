package import Crypto

/// Where a node has its root key from. A node without either holds it in memory only, put together from
/// shares.
package enum RootKeySource: Sendable {
    case environment(String)
    case file(String)

    /// The root key that opens these; nil: there is no file. A rotation that was cut between the database and
    /// the file is finished here. Reads files: not on a loop.
    package func load(opening wrapped: [WrappedKeyEncryptionKey]) throws -> RootKey? {
        switch self {
        case .environment(let text):
            let key = try RootKey(text: text)
            try Self.check(key, wrapped)
            return key
        case .file(let path):
            let key = try Self.load(path)
            do {
                try key.map { try Self.check($0, wrapped) }
                return try key ?? next(path, wrapped)
            } catch SealingError.wrongRootKey(let generation) {
                guard let key = try next(path, wrapped) else {
                    throw SealingError.wrongRootKey(generation: generation)
                }
                return key
            }
        }
    }

    private func next(_ path: String, _ wrapped: [WrappedKeyEncryptionKey]) throws -> RootKey? {
        guard !wrapped.isEmpty, let key = try Self.load(RootKey.nextFile(of: path)) else { return nil }
        do { try Self.check(key, wrapped) } catch SealingError.wrongRootKey { return nil }
        try RootKey.promoteNext(ofFile: path)
        return key
    }

    private static func load(_ path: String) throws(RootKeyError) -> RootKey? {
        do throws(RootKeyError) {
            return try RootKey.load(fromFile: path)
        } catch .notFound {
            return nil
        }
    }

    private static func check(_ key: RootKey, _ wrapped: [WrappedKeyEncryptionKey]) throws(SealingError) {
        if !wrapped.isEmpty { _ = try Keyring(opening: wrapped, under: key) }
    }
}
