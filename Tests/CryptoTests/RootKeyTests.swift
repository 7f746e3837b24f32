import Crypto
import Glibc
import Testing

@Suite final class RootKeyTests {
    private let folder: String

    init() throws {
        var template = Array("/tmp/keybell-root-key-XXXXXX".utf8CString)
        folder = try #require(mkdtemp(&template).map { String(cString: $0) })
    }

    deinit {
        for name in ["root.key", "deep/er/root.key"] { unlink("\(folder)/\(name)") }
        for name in ["/deep/er", "/deep", "/root.folder", ""] { rmdir(folder + name) }
    }

    private var path: String { "\(folder)/root.key" }

    @Test func `the first start creates the file, the next loads the same key`() throws {
        let first = try RootKey.loadOrCreate(atFile: path)
        let second = try RootKey.loadOrCreate(atFile: path)
        #expect(first.origin == .created)
        #expect(second.origin == .loaded)
        #expect(try first.key.fingerprint() == second.key.fingerprint())
        #expect(try RootKey().fingerprint() != first.key.fingerprint())
    }

    @Test func `the file and the folders made for it are private`() throws {
        let deep = "\(folder)/deep/er/root.key"
        _ = try RootKey.create(atFile: deep)
        #expect(mode(of: deep) == 0o600)
        #expect(mode(of: "\(folder)/deep/er") == 0o700)
        #expect(mode(of: "\(folder)/deep") == 0o700)
    }

    @Test func `creating never replaces a file and leaves no draft`() throws {
        let key = try RootKey.create(atFile: path)
        #expect(throws: RootKeyError.alreadyExists(path: path)) { _ = try RootKey.create(atFile: path) }
        #expect(try RootKey.load(fromFile: path).fingerprint() == key.fingerprint())
        unlink(path)
        #expect(rmdir(folder) == 0, "the folder holds nothing else")
    }

    @Test(arguments: [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o666, 0o777])
    func `a file that others may touch is refused`(mode: UInt32) throws {
        _ = try RootKey.create(atFile: path)
        chmod(path, mode)
        #expect(throws: RootKeyError.readableByOthers(path: path, mode: mode)) {
            _ = try RootKey.loadOrCreate(atFile: path)
        }
    }

    @Test func `a read-only file will do`() throws {
        _ = try RootKey.create(atFile: path)
        chmod(path, 0o400)
        #expect(try RootKey.loadOrCreate(atFile: path).origin == .loaded)
    }

    @Test func `a folder that others may write is refused unless sticky`() throws {
        chmod(folder, 0o777)
        #expect(throws: RootKeyError.folderWritableByOthers(path: folder)) {
            _ = try RootKey.create(atFile: path)
        }
        chmod(folder, 0o1777)
        _ = try RootKey.create(atFile: path)
        chmod(folder, 0o777)
        #expect(throws: RootKeyError.folderWritableByOthers(path: folder)) {
            _ = try RootKey.load(fromFile: path)
        }
        chmod(folder, 0o1777)
        #expect(try RootKey.loadOrCreate(atFile: path).origin == .loaded)
    }

    @Test func `what is no key file is refused and not replaced`() throws {
        #expect(throws: RootKeyError.notFound(path: path)) { _ = try RootKey.load(fromFile: path) }
        #expect(throws: RootKeyError.notAFile(path: folder)) { _ = try RootKey.load(fromFile: folder) }
        let inner = "\(folder)/root.folder"
        mkdir(inner, 0o700)
        #expect(throws: RootKeyError.notAFile(path: inner)) { _ = try RootKey.loadOrCreate(atFile: inner) }
        for contents in ["", "\n", String(repeating: "x", count: 10_000)] {
            try write(contents)
            #expect(throws: RootKeyError.notARootKey) { _ = try RootKey.loadOrCreate(atFile: path) }
        }
    }

    @Test func `the file's text is a key with a prefix, and the same key in the environment`() throws {
        let key = try RootKey.create(atFile: path)
        let text = try contents()
        #expect(text.hasPrefix("kbroot1_"))
        #expect(text.utf8.count == RootKey.textBytes + 1)
        #expect(try RootKey(text: " \t\(text)\n").fingerprint() == key.fingerprint())
        #expect(try RootKey(text: String(text.dropLast())).fingerprint() == key.fingerprint())
    }

    @Test func `every mistyped character is noticed`() throws {
        _ = try RootKey.create(atFile: path)
        let text = Array(try contents().utf8.dropLast())
        for index in text.indices {
            var wrong = text
            wrong[index] = wrong[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            #expect(throws: RootKeyError.self) {
                _ = try RootKey(text: String(decoding: wrong, as: UTF8.self))
            }
            #expect(throws: RootKeyError.notARootKey) {
                _ = try RootKey(text: String(decoding: text[..<index], as: UTF8.self))
            }
        }
    }

    @Test func `the text format is fixed`() throws {
        // Bytes 00 to 1f, whose CRC-32 is 91267e8a.
        let key = try RootKey(text: "kbroot1_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh-RJn6K")
        let same = try RootKey(copying: Secret(copying: Array(0..<32)))
        #expect(try key.fingerprint() == same.fingerprint())
    }

    @Test func `derived keys differ by purpose and come back at every start`() throws {
        let raw = try Secret(copying: Array(0..<32))
        let purposes = ["audit checkpoint", "fingerprint", "idempotency", ""]
        let derived = try purposes.map { purpose in
            try RootKey(copying: raw).derive(purpose).withBytes { Hex.encode($0) }
        }
        #expect(Set(derived).count == purposes.count)
        let expected = try HKDF.sha256(key: raw, info: Array("keybell derived key: fingerprint".utf8))
        #expect(expected.withBytes { Hex.encode($0) } == derived[1])
    }

    @Test func `nodes that start together agree on one key`() async throws {
        let path = path
        let outcomes = try await withThrowingTaskGroup(of: (String, RootKey.Origin).self) { group in
            for _ in 0..<16 {
                group.addTask {
                    let outcome = try RootKey.loadOrCreate(atFile: path)
                    return (try outcome.key.fingerprint(), outcome.origin)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(outcomes.map(\.0)).count == 1)
        #expect(outcomes.count { $0.1 == .created } == 1)
    }

    private func mode(of path: String) -> UInt32 {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & 0o7777 : 0
    }

    private func write(_ contents: String) throws {
        unlink(path)
        let file = try #require(fopen(path, "w"))
        fputs(contents, file)
        fclose(file)
        chmod(path, 0o600)
    }

    private func contents() throws -> String {
        let file = try #require(fopen(path, "r"))
        defer { fclose(file) }
        var buffer = [UInt8](repeating: 0, count: 1_000)
        return String(decoding: buffer[..<fread(&buffer, 1, buffer.count, file)], as: UTF8.self)
    }
}
