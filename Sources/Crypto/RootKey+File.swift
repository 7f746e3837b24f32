private import CLinux
private import Glibc

extension RootKey {
    package enum Origin: Sendable {
        case loaded
        /// Made just now: warn that it should be moved and kept apart from the backups.
        case created
    }

    /// Loads the file, or creates it with a fresh key. Nodes that start together agree on one key.
    package static func loadOrCreate(
        atFile path: String
    ) throws(RootKeyError) -> (key: RootKey, origin: Origin) {
        do throws(RootKeyError) {
            return (try load(fromFile: path), .loaded)
        } catch .notFound {
            do throws(RootKeyError) {
                return (try create(atFile: path), .created)
            } catch .alreadyExists {
                return (try load(fromFile: path), .loaded)
            }
        }
    }

    /// Refuses a file that others may read or put another in the place of, or that belongs to somebody else.
    package static func load(fromFile path: String) throws(RootKeyError) -> RootKey {
        let descriptor = klinux_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0)
        guard descriptor >= 0 else {
            throw errno == ENOENT ? .notFound(path: path) : .failed("open", path)
        }
        defer { close(descriptor) }
        try check(descriptor, path)
        try checkFolder(folder(of: path))
        var contents = [UInt8](repeating: 0, count: maximumFileBytes)
        defer { contents.wipe() }
        let count = read(descriptor, &contents, contents.count)
        guard count >= 0 else { throw .failed("read", path) }
        return RootKey(
            key: try contents.withRawBytes { contents throws(RootKeyError) in
                try parse(UnsafeRawBufferPointer(rebasing: contents[..<count]))
            })
    }

    /// Stores a fresh key.
    package static func create(atFile path: String) throws(RootKeyError) -> RootKey {
        let key: RootKey
        do { key = try RootKey() } catch { throw .crypto(error) }
        try key.store(atFile: path)
        return key
    }

    /// Writes the key aside and links it into place, so that the file is whole or absent after any crash and
    /// never replaces another.
    package func store(atFile path: String) throws(RootKeyError) {
        let folder = Self.folder(of: path)
        try Self.makeFolder(folder)
        try Self.checkFolder(folder)
        let draft = "\(path).\(getpid()).\(Hex.encode(Randomness.bytes(8)))"
        defer { unlink(draft) }
        try write(to: draft)
        guard link(draft, path) == 0 else {
            throw errno == EEXIST ? .alreadyExists(path: path) : .failed("link", path)
        }
        try Self.synchronizeFolder(folder)
    }

    /// A key is 57 bytes; a file that is longer is something else.
    private static let maximumFileBytes = 256

    private static func check(_ descriptor: Int32, _ path: String) throws(RootKeyError) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .failed("fstat", path) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notAFile(path: path) }
        guard status.st_mode & 0o077 == 0 else {
            throw .readableByOthers(path: path, mode: status.st_mode & 0o7777)
        }
        guard status.st_uid == geteuid() || status.st_uid == 0 else { throw .foreignOwner(path: path) }
    }

    private func write(to path: String) throws(RootKeyError) {
        let descriptor = klinux_open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .failed("create", path) }
        defer { close(descriptor) }
        let written: Bool
        do {
            written = try withTextLine { line in
                Glibc.write(descriptor, line.baseAddress, line.count) == line.count
            }
        } catch { throw .crypto(error) }
        guard written, fsync(descriptor) == 0 else { throw .failed("write", path) }
    }

    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Like `mkdir -p` with mode 0700; what exists keeps its mode.
    private static func makeFolder(_ path: String) throws(RootKeyError) {
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, folder(of: path) != path else { throw .failed("mkdir", path) }
        try makeFolder(folder(of: path))
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw .failed("mkdir", path) }
    }

    /// In a sticky folder others may add files, but not replace ours.
    private static func checkFolder(_ path: String) throws(RootKeyError) {
        var status = stat()
        guard stat(path, &status) == 0 else { throw .failed("stat", path) }
        let isWritableByOthers = status.st_mode & 0o022 != 0
        guard !isWritableByOthers || status.st_mode & S_ISVTX != 0 else {
            throw .folderWritableByOthers(path: path)
        }
    }

    static func synchronizeFolder(_ path: String) throws(RootKeyError) {
        let descriptor = klinux_open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
        guard descriptor >= 0 else { throw .failed("open", path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .failed("fsync", path) }
    }
}

extension RootKeyError {
    /// The system call that has just failed.
    static func failed(_ operation: String, _ path: String) -> RootKeyError {
        .system(operation: operation, path: path, errno: errno)
    }
}
