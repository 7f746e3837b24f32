import Crypto
import Kernel
import Postgres
import Synchronization
import TestSupport
import Testing

@testable import Sealing

@Suite struct OpeningTests {
    private static let drop = Statement(
        "test_drop_installation_key", derived: "delete from installation_key where purpose = $1")

    private func open(
        _ database: Database, under root: RootKey, _ states: KeyStates = .untouched
    ) async throws -> Seal.Opened {
        let opening = Opening(states: states, clock: .system)
        return try await database.transaction { try await opening.open(under: root, in: $0) }
    }

    @Test func `a new installation begins in custody, and opens the same ever after`() async throws {
        try await withDatabase { database in
            let root = try RootKey()
            let first = try await open(database, under: root)
            let again = try await open(database, under: root)
            #expect(first.keyring.isInCustody)
            #expect(again.keyring.generations == [1])
            #expect(again.fingerprintKey.code(for: "a") == first.fingerprintKey.code(for: "a"))
            #expect(again.checkpointKey.publicKey == first.checkpointKey.publicKey)
            #expect(try await RootKeyFingerprint.read(database) == root.fingerprint())
        }
    }

    @Test func `what stands under its own key is begun once, with the same key as ever after`() async throws {
        try await withDatabase { database in
            let root = try RootKey()
            let begun = Mutex<[[UInt8]]>([])
            let states = KeyStates(
                begin: { _, key in begun.withLock { $0.append(key.code(for: "a")) } },
                tagAll: { _, _ in }, retag: { _, _, _ in 0 })
            let first = try await open(database, under: root, states)
            _ = try await open(database, under: root, states)
            #expect(begun.withLock { $0 } == [first.fingerprintKey.code(for: "a")])
        }
    }

    @Test func `another root key opens nothing`() async throws {
        try await withDatabase { database in
            _ = try await open(database, under: RootKey())
            await #expect(throws: SealingError.wrongRootKey(generation: 1)) {
                try await open(database, under: RootKey())
            }
        }
    }

    @Test func `an older installation is taken into custody once, its keys tagged, its checkpoint key kept`()
        async throws
    {
        try await withDatabase { database in
            let root = try RootKey()
            let wrapped = try WrappedKeyEncryptionKey.generate(
                generation: 1, under: root, format: .beforeCustody)
            let old = try Keyring(opening: [wrapped], under: root)
            let field = SealedField(table: "webhook", id: "1", field: "f")
            let sealed = try old.seal(Array("kept".utf8), for: field)
            try await database.transaction { try await KeyEncryptionKeys.insert(wrapped, in: $0) }
            let tagged = Counted()
            let opened = try await open(database, under: root, tagged.states)
            #expect(tagged.total == 1)
            #expect(opened.keyring.isInCustody)
            #expect(try opened.keyring.open(sealed, for: field).withBytes { Array($0) } == Array("kept".utf8))
            let former = try Ed25519.SigningKey(seed: root.derive("audit checkpoint"))
            #expect(opened.checkpointKey.publicKey == former.publicKey)
            _ = try await open(database, under: root, tagged.states)
            #expect(tagged.total == 1)
        }
    }

    @Test func `when tagging fails, the installation is as it was`() async throws {
        try await withDatabase { database in
            let root = try RootKey()
            let wrapped = try WrappedKeyEncryptionKey.generate(
                generation: 1, under: root, format: .beforeCustody)
            try await database.transaction { try await KeyEncryptionKeys.insert(wrapped, in: $0) }
            struct Failed: Error {}
            let failing = KeyStates(tagAll: { _, _ in throw Failed() }, retag: { _, _, _ in 0 })
            await #expect(throws: Failed.self) { try await open(database, under: root, failing) }
            #expect(try await KeyEncryptionKeys.read(database) == [wrapped])
            #expect(try await open(database, under: root).keyring.isInCustody)
        }
    }

    @Test func `a wrapping from before custody, put back later, is refused`() async throws {
        try await withDatabase { database in
            let root = try RootKey()
            let wrapped = try WrappedKeyEncryptionKey.generate(
                generation: 1, under: root, format: .beforeCustody)
            try await database.transaction { try await KeyEncryptionKeys.insert(wrapped, in: $0) }
            _ = try await open(database, under: root)
            try await database.transaction { try await KeyEncryptionKeys.update([wrapped], in: $0) }
            await #expect(throws: SealingError.mixedCustody) { try await open(database, under: root) }
        }
    }

    @Test(arguments: InstallationKeys.Purpose.allCases)
    func `a missing key of the installation is named`(_ purpose: InstallationKeys.Purpose) async throws {
        try await withDatabase { database in
            let root = try RootKey()
            _ = try await open(database, under: root)
            _ = try await database.transaction { try await $0.query(Self.drop, .text(purpose.rawValue)) }
            await #expect(throws: Opening.Mistake.missingKey(purpose.rawValue)) {
                try await open(database, under: root)
            }
        }
    }
}

extension KeyStates {
    static let untouched = KeyStates(tagAll: { _, _ in }, retag: { _, _, _ in 0 })
}

/// Counts how often all keys were tagged.
private final class Counted: Sendable {
    private let times = Mutex(0)
    var total: Int { times.withLock { $0 } }
    var states: KeyStates {
        KeyStates(tagAll: { _, _ in self.count() }, retag: { _, _, _ in 0 })
    }

    private func count() { times.withLock { $0 += 1 } }
}

func withDatabase(_ body: @Sendable @escaping (Database) async throws -> Void) async throws {
    let scratch = try await ScratchDatabase.make()
    try await scratch.withDatabase { _, database in try await body(database) }
}
