import Crypto
import Glibc
import JSON
import Kernel
import TestSupport
import Testing

@testable import Sealing

@Suite struct RootKeyRotationTests {
    private static let path = "/v1/system/root-key/rotation"

    /// A desk whose root key lies in the file `root.key` of the folder.
    private static func run(
        _ body: @Sendable @escaping (SealDesk, RootKey, TestFolder) async throws -> Void
    ) async throws {
        let folder = try TestFolder()
        defer { folder.remove() }
        try await withDatabase { database in
            let (root, file) = (try RootKey(), folder.file("root.key"))
            try root.store(atFile: file)
            try await body(try await SealDesk(database, root: root, source: .file(file)), root, folder)
        }
    }

    @Test func `the file is another, the database is under it, and nothing of the old one is left`()
        async throws
    {
        try await Self.run { desk, root, folder in
            let file = folder.file("root.key")
            let sealed = try Self.seal(desk)
            let answer = try await desk.call("POST", Self.path)
            #expect(answer.status == 200)
            let new = try RootKey.load(fromFile: file)
            #expect(try answer.json["fingerprint"]?.asString == new.fingerprint())
            #expect(try answer.json["previous_fingerprint"]?.asString == root.fingerprint())
            #expect(try await RootKeyFingerprint.read(desk.database) == new.fingerprint())
            let wrapped = try await KeyEncryptionKeys.read(desk.database)
            #expect(throws: SealingError.wrongRootKey(generation: 1)) {
                try Keyring(opening: wrapped, under: root)
            }
            #expect(try desk.custodian.seal.opened().root.fingerprint() == new.fingerprint())
            #expect(Self.opens(sealed, try await desk.another(root: new)))
            #expect(access(RootKey.nextFile(of: file), F_OK) != 0)
            var status = stat()
            #expect(stat(file, &status) == 0 && status.st_mode & 0o777 == 0o600)
            #expect(try await desk.events() == ["root_key.rotated"])
            // And again, and after a start.
            #expect(try await desk.call("POST", Self.path).status == 200)
            let again = try await Self.start(desk, folder)
            #expect(Self.opens(sealed, again))
            #expect(try await again.call("POST", Self.path).status == 200)
        }
    }

    @Test func `cut before the commit, the old key stands, and the next rotation clears what lies beside it`()
        async throws
    {
        try await Self.run { desk, root, folder in
            let file = folder.file("root.key")
            let sealed = try Self.seal(desk)
            try RootKey().storeAsNext(ofFile: file)
            let restarted = try await Self.start(desk, folder)
            #expect(try restarted.custodian.seal.opened().root.fingerprint() == root.fingerprint())
            #expect(Self.opens(sealed, restarted))
            #expect(try await restarted.call("POST", Self.path).status == 200)
            #expect(Self.opens(sealed, try await Self.start(desk, folder)))
        }
    }

    @Test func `cut after the commit, the next start puts the new file in its place`() async throws {
        try await Self.run { desk, root, folder in
            let file = folder.file("root.key")
            let sealed = try Self.seal(desk)
            let old = folder.read("root.key") ?? ""
            #expect(try await desk.call("POST", Self.path).status == 200)
            // As if the rename had not been reached.
            #expect(rename(file, RootKey.nextFile(of: file)) == 0)
            try folder.write(old, to: "root.key")
            chmod(file, 0o600)
            let restarted = try await Self.start(desk, folder)
            #expect(Self.opens(sealed, restarted))
            #expect(access(RootKey.nextFile(of: file), F_OK) != 0)
            #expect(try RootKey.load(fromFile: file).fingerprint() != root.fingerprint())
        }
    }

    @Test func `a node that reads the same file takes the new key by itself`() async throws {
        try await Self.run { desk, root, folder in
            let file = folder.file("root.key")
            let other = try await desk.another(root: root, source: .file(file))
            #expect(try await desk.call("POST", Self.path).status == 200)
            try await other.watch.look()
            #expect(!other.custodian.isStale)
            #expect(try other.custodian.seal.opened().root.fingerprint() != root.fingerprint())
            #expect(try await other.call("POST", Self.path).status == 200)
        }
    }

    @Test func `a node with a copy of the old file says so, goes on, and takes the new one when it is there`()
        async throws
    {
        try await Self.run { desk, root, folder in
            let file = folder.file("root.key")
            let copy = folder.file("copy.key")
            try root.store(atFile: copy)
            let other = try await desk.another(root: root, source: .file(copy))
            let sealed = try Self.seal(desk)
            #expect(try await desk.call("POST", Self.path).status == 200)
            try await other.watch.look()
            #expect(other.custodian.isStale)
            #expect(other.isOpen)
            #expect(Self.opens(sealed, other))
            for path in [Self.path, "/v1/system/key-encryption-key/rotation"] {
                #expect(try await other.call("POST", path).code == "conflict")
            }
            #expect(unlink(copy) == 0)
            try RootKey.load(fromFile: file).store(atFile: copy)
            for _ in 0..<60 where other.custodian.isStale { try await other.watch.look() }
            #expect(!other.custodian.isStale)
        }
    }

    @Test func `an open node with an old root key may be unsealed anew`() async throws {
        try await Self.run { desk, root, folder in
            let file = folder.file("root.key")
            let other = try await desk.another(root: root)
            #expect(try await desk.call("POST", Self.path).status == 200)
            try await other.watch.look()
            #expect(other.custodian.isStale)
            let new = try RootKey.load(fromFile: file).text
            let answer = try await other.call("POST", "/v1/system/unseal", #"{"root_key":"\#(new)"}"#)
            #expect(answer.status == 200)
            try await other.watch.look()
            #expect(!other.custodian.isStale)
        }
    }

    @Test func `a root key from the environment, or from shares, is not rotated here`() async throws {
        try await withDatabase { database in
            let root = try RootKey()
            let desk = try await SealDesk(database, root: root, source: .environment(root.text))
            let refused = try await desk.call("POST", Self.path)
            #expect(refused.code == "conflict")
            #expect(refused.text.contains("KEYBELL_ROOT_KEY"))
            let onShares = try await desk.another(root: root)
            #expect(try await onShares.call("POST", Self.path).text.contains("shares"))
        }
    }

    // MARK: Starts and secrets

    /// A node that starts now.
    private static func start(_ desk: SealDesk, _ folder: TestFolder) async throws -> SealDesk {
        let source = RootKeySource.file(folder.file("root.key"))
        let wrapped = try await KeyEncryptionKeys.read(desk.database)
        return try await desk.another(root: try source.load(opening: wrapped), source: source)
    }

    private static let field = SealedField(table: "test", id: "1", field: "sealed")

    private static func seal(_ desk: SealDesk) throws -> [UInt8] {
        try desk.custodian.seal.opened().keyring.seal(Array("a secret".utf8), for: field)
    }

    private static func opens(_ sealed: [UInt8], _ desk: SealDesk) -> Bool {
        (try? desk.custodian.seal.opened().keyring.open(sealed, for: field).count) == 8
    }
}
