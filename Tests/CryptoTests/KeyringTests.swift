import Crypto
import Testing

@Suite struct KeyringTests {
    private let root: RootKey
    private let first: WrappedKeyEncryptionKey
    private let second: WrappedKeyEncryptionKey
    private let keyring: Keyring
    private let field = SealedField(table: "webhook", id: "whk_1", field: "secret", version: 1)

    init() throws {
        root = try RootKey()
        first = try .generate(generation: 1, under: root)
        second = try .generate(generation: 2, under: root)
        keyring = try Keyring(opening: [second, first], under: root)
    }

    @Test func `what is sealed opens for its field, at every length`() throws {
        for count in [0, 1, 15, 16, 17, 32, 1_000, Keyring.maximumPlaintextBytes] {
            let plaintext = Randomness.bytes(count)
            let sealed = try keyring.seal(plaintext, for: field)
            #expect(try keyring.open(sealed, for: field).withBytes { Array($0) } == plaintext)
        }
        let tooLong = [UInt8](repeating: 0, count: Keyring.maximumPlaintextBytes + 1)
        #expect(throws: SealingError.tooLong) { try keyring.seal(tooLong, for: field) }
    }

    @Test func `the plaintext is nowhere in the sealed bytes`() throws {
        let canary = Array("canary-canary-canary".utf8)
        let sealed = try keyring.seal(Secret(copying: canary), for: field)
        #expect(!String(decoding: sealed, as: UTF8.self).contains("canary"))
        #expect(try keyring.seal(canary, for: field) != sealed)
    }

    @Test func `every flipped bit is refused`() throws {
        let sealed = try keyring.seal(Array("a secret".utf8), for: field)
        for bit in 0..<sealed.count * 8 {
            let error = openingError(flipped(sealed, bit), field)
            switch bit / 8 {
            case 0: #expect(error == .malformed)
            // No single bit turns generation 2 into 1.
            case 1..<5: #expect(error.map { if case .unknownGeneration = $0 { true } else { false } } == true)
            default: #expect(error == .notAuthentic)
            }
        }
    }

    @Test func `another generation's number does not help`() throws {
        var sealed = try keyring.seal(Array("a secret".utf8), for: field)
        sealed[4] = 1
        #expect(openingError(sealed, field) == .notAuthentic)
        #expect(throws: SealingError.notAuthentic) { try keyring.rewrap(sealed) }
    }

    @Test func `every truncation and every extension is refused`() throws {
        let sealed = try keyring.seal(Array("a secret".utf8), for: field)
        for count in sealed.indices { #expect(openingError(Array(sealed[..<count]), field) != nil) }
        for extra in 1...40 {
            #expect(openingError(sealed + [UInt8](repeating: 0, count: extra), field) == .notAuthentic)
        }
    }

    @Test func `no ciphertext opens in another's place`() throws {
        let fields = [
            field,
            SealedField(table: "webhook", id: "whk_1", field: "secret", version: 2),
            SealedField(table: "webhook", id: "whk_2", field: "secret", version: 1),
            SealedField(table: "webhook", id: "whk_1", field: "header", version: 1),
            SealedField(table: "channel", id: "whk_1", field: "secret", version: 1),
            SealedField(table: "webhoo", id: "kwhk_1", field: "secret", version: 1),
            SealedField(table: "webhook", id: "whk_1s", field: "ecret", version: 1),
            SealedField(table: "webhook", id: [], field: "secret", version: 1),
        ]
        let sealed = try fields.map { try keyring.seal(Array("\($0)".utf8), for: $0) }
        for (row, bytes) in sealed.enumerated() {
            for (place, field) in fields.enumerated() {
                #expect(openingError(bytes, field) == (row == place ? nil : .notAuthentic))
            }
        }
    }

    @Test func `parts of two sealed secrets do not combine`() throws {
        let one = try keyring.seal([1], for: field)
        let two = try keyring.seal([2], for: field)
        for cut in 1..<one.count where one[cut...] != two[cut...] && one[..<cut] != two[..<cut] {
            #expect(openingError(Array(one[..<cut] + two[cut...]), field) == .notAuthentic)
        }
    }

    @Test func `re-wrapping moves to the current generation and leaves the ciphertext`() throws {
        let old = try Keyring(opening: [first], under: root)
        let sealed = try old.seal(Array("a secret".utf8), for: field)
        #expect(try Keyring.generation(of: sealed) == 1)
        let moved = try keyring.rewrap(sealed)
        #expect(try Keyring.generation(of: moved) == 2)
        #expect(moved[65...] == sealed[65...])
        let only = try Keyring(opening: [second], under: root)
        #expect(try only.open(moved, for: field).withBytes { Array($0) } == Array("a secret".utf8))
        #expect(openingError(sealed, field, only) == .unknownGeneration(1))
        let elsewhere = SealedField(table: "webhook", id: "whk_2", field: "secret", version: 1)
        #expect(openingError(moved, elsewhere) == .notAuthentic)
    }

    @Test func `a new root key takes over the generations`() throws {
        let sealed = try keyring.seal([7], for: field)
        let successor = try RootKey()
        let moved = try [first, second].map { try $0.rewrapped(from: root, to: successor) }
        let reopened = try Keyring(opening: moved, under: successor)
        #expect(try reopened.open(sealed, for: field).withBytes { Array($0) } == [7])
        #expect(throws: SealingError.wrongRootKey(generation: 1)) { try Keyring(opening: moved, under: root) }
    }

    @Test func `a wrapped key is bound to its generation and its root key`() throws {
        let renumbered = WrappedKeyEncryptionKey(generation: 3, bytes: second.bytes)
        #expect(throws: SealingError.wrongRootKey(generation: 3)) {
            try Keyring(opening: [renumbered], under: root)
        }
        for bit in 0..<first.bytes.count * 8 {
            let altered = WrappedKeyEncryptionKey(generation: 1, bytes: flipped(first.bytes, bit))
            #expect(throws: SealingError.wrongRootKey(generation: 1)) {
                try Keyring(opening: [altered], under: root)
            }
        }
        let short = WrappedKeyEncryptionKey(generation: 1, bytes: Array(first.bytes.dropLast()))
        #expect(throws: SealingError.malformed) { try Keyring(opening: [short], under: root) }
    }

    @Test func `a keyring needs generations, each once, counted from one`() throws {
        #expect(throws: SealingError.noGeneration) { try Keyring(opening: [], under: root) }
        #expect(throws: SealingError.duplicateGeneration(1)) {
            try Keyring(opening: [first, second, first], under: root)
        }
        for number in [0, -1, Int(UInt32.max) + 1] {
            #expect(throws: SealingError.invalidGeneration(number)) {
                try WrappedKeyEncryptionKey.generate(generation: number, under: root)
            }
        }
        #expect(keyring.currentGeneration == 2)
    }

    @Test func `bytes sealed by an earlier release open`() throws {
        let root = try RootKey(copying: Secret(copying: Array(0..<32)))
        let key = WrappedKeyEncryptionKey(
            generation: 7, bytes: bytes(Golden.wrappedKey))
        let opened = try Keyring(opening: [key], under: root).open(
            bytes(Golden.sealed),
            for: SealedField(table: "webhook", id: [1, 2, 3], field: "secret", version: 4))
        #expect(opened.withBytes { String(decoding: $0, as: UTF8.self) } == "golden secret")
    }

    @Test func `many threads seal and open at once`() async throws {
        let (keyring, field) = (keyring, field)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in UInt8(0)..<8 {
                group.addTask {
                    try (0..<200).allSatisfy { round in
                        let sealed = try keyring.seal([number, UInt8(round)], for: field)
                        return try keyring.open(sealed, for: field).withBytes { Array($0) } == [
                            number, UInt8(round),
                        ]
                    }
                }
            }
            for try await isRight in group { #expect(isRight) }
        }
    }

    /// nil if the bytes open.
    private func openingError(
        _ sealed: [UInt8], _ field: SealedField, _ other: Keyring? = nil
    ) -> SealingError? {
        do throws(SealingError) {
            _ = try (other ?? keyring).open(sealed, for: field)
            return nil
        } catch {
            return error
        }
    }
}

/// Made by an independent implementation of the format (Python's cryptography package).
private enum Golden {
    static let wrappedKey =
        "01010101010101010101010141b5b020353de5a8835d5f928ede14d9c980d64e7e1973f05b435bff"
        + "a5b36d4aa863fc762e53bb3e9e1a7a4b26e08238"
    static let sealed =
        "0100000007020202020202020202020202fa4e98fd489b6f2b8a2cec289e7906c5e250ea2db50199"
        + "d307abf27d71f14e7f96fc8941c8097036d4454f65200f4d5d03030303030303030303030379985a"
        + "2672eec97c9ad49fa643099e57d450ab62a3e2717946c2d90f34"
}
