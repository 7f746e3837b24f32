import Crypto
import Testing

@Suite struct SealTests {
    private let field = SealedField(table: "webhook_secret", id: "whs_1", field: "sealed")

    private func makeOpened(_ generations: Int = 1) throws -> Seal.Opened {
        let root = try RootKey()
        let wrapped = try (1...generations).map { generation in
            try WrappedKeyEncryptionKey.generate(generation: generation, under: root)
        }
        return Seal.Opened(
            root: root, keyring: try Keyring(opening: wrapped, under: root),
            fingerprintKey: try HMACKey(Secret(randomBytes: 32)), checkpointKey: try Ed25519.SigningKey())
    }

    @Test func `a closed seal gives nothing, and an open one its keys`() throws {
        let seal = Seal()
        #expect(!seal.isOpen)
        #expect(throws: SealedError()) { try seal.opened() }
        let opened = try makeOpened()
        seal.open(with: opened)
        #expect(seal.isOpen)
        #expect(try seal.opened() === opened)
        seal.close()
        #expect(!seal.isOpen)
        #expect(throws: SealedError()) { try seal.opened() }
    }

    @Test func `closing lets go of everything, kept keys too, once nobody uses it`() throws {
        weak var kept: HMACKey?
        weak var held: Seal.Opened?
        let seal = Seal(try makeOpened())
        func use() throws -> Seal.Opened {
            let opened = try seal.opened()
            let sealed = try opened.keyring.seal(Array("a secret".utf8), for: field)
            kept = try opened.key(field, sealed: sealed) { try HMACKey($0) }
            held = opened
            return opened
        }
        var user: Seal.Opened? = try use()
        seal.close()
        #expect(held === user)
        #expect(kept != nil)
        user = nil
        #expect(held == nil)
        #expect(kept == nil)
    }

    @Test func `a kept key is made once, and again after the seal was opened anew`() throws {
        let seal = Seal(try makeOpened())
        var made = 0
        func use(_ sealed: [UInt8]) throws -> HMACKey {
            try seal.opened().key(field, sealed: sealed) {
                made += 1
                return try HMACKey($0)
            }
        }
        let sealed = try seal.opened().keyring.seal(Array("a secret".utf8), for: field)
        #expect(try use(sealed) === use(sealed))
        #expect(made == 1)
        seal.open(with: try makeOpened())
        #expect(throws: SealingError.self) { try use(sealed) }
    }

    @Test func `no more keys are kept than locked memory allows`() throws {
        let opened = try makeOpened()
        let first = try opened.keyring.seal(Array("a secret".utf8), for: field)
        weak let kept = try opened.key(field, sealed: first) { try HMACKey($0) }
        for number in 0..<Seal.Opened.keptLimit {
            let other = SealedField(table: "webhook_secret", id: "whs_2", field: "sealed", version: number)
            let sealed = try opened.keyring.seal(Array("another".utf8), for: other)
            _ = try opened.key(other, sealed: sealed) { try HMACKey($0) }
        }
        #expect(kept == nil)
    }

    @Test func `who decided by an older state changes nothing`() throws {
        let seal = Seal()
        let edition = seal.edition
        seal.close()
        #expect(!seal.open(with: try makeOpened(), ifEdition: edition))
        #expect(!seal.isOpen)
        #expect(seal.open(with: try makeOpened(), ifEdition: seal.edition))
        #expect(!seal.close(ifEdition: edition))
        #expect(seal.isOpen)
    }

    // MARK: Tags

    @Test func `a tag holds for its bytes only, and names its generation`() throws {
        let keyring = try makeOpened(3).keyring
        let tag = keyring.stateTag(for: [1, 2, 3])
        #expect(tag.count == Keyring.stateTagBytes)
        #expect(Array(tag.prefix(4)) == [0, 0, 0, 3])
        #expect(keyring.isValid(tag: tag, for: [1, 2, 3]))
        #expect(!keyring.isValid(tag: tag, for: [1, 2, 4]))
        for bit in 0..<tag.count * 8 {
            var flipped = tag
            flipped[bit / 8] ^= 1 << (bit % 8)
            #expect(!keyring.isValid(tag: flipped, for: [1, 2, 3]))
        }
        for count in 0..<tag.count { #expect(!keyring.isValid(tag: Array(tag[..<count]), for: [1, 2, 3])) }
        #expect(!keyring.isValid(tag: tag + [0], for: [1, 2, 3]))
        #expect(!(try makeOpened(3).keyring.isValid(tag: tag, for: [1, 2, 3])))
    }

    @Test func `a tag of an older generation holds as long as that is loaded`() throws {
        let root = try RootKey()
        let first = try WrappedKeyEncryptionKey.generate(generation: 1, under: root)
        let second = try WrappedKeyEncryptionKey.generate(generation: 2, under: root)
        let tag = try Keyring(opening: [first], under: root).stateTag(for: [7])
        #expect(try Keyring(opening: [first, second], under: root).isValid(tag: tag, for: [7]))
        #expect(try !Keyring(opening: [second], under: root).isValid(tag: tag, for: [7]))
    }

    // MARK: Custody

    @Test func `wrapping in custody is not the wrapping before, and no bit makes it so`() throws {
        let root = try RootKey()
        let before = try WrappedKeyEncryptionKey.generate(
            generation: 1, under: root, format: .beforeCustody)
        let old = try Keyring(opening: [before], under: root)
        #expect(!old.isInCustody)
        let taken = try before.takenIntoCustody(under: root)
        let keyring = try Keyring(opening: [taken], under: root)
        #expect(keyring.isInCustody)
        let sealed = try old.seal(Array("a secret".utf8), for: field)
        #expect(try keyring.open(sealed, for: field).withBytes { Array($0) } == Array("a secret".utf8))
        #expect(
            try Keyring(opening: [WrappedKeyEncryptionKey.generate(generation: 1, under: root)], under: root)
                .isInCustody)
    }

    @Test func `another root key keeps the custody`() throws {
        let (root, other) = (try RootKey(), try RootKey())
        for format in WrappedKeyEncryptionKey.Format.allCases {
            let wrapped = try WrappedKeyEncryptionKey.generate(generation: 1, under: root, format: format)
            let moved = try wrapped.rewrapped(from: root, to: other)
            #expect(try Keyring(opening: [moved], under: other).isInCustody == (format == .inCustody))
            #expect(throws: SealingError.wrongRootKey(generation: 1)) {
                try Keyring(opening: [moved], under: root)
            }
        }
    }

    @Test func `keys from an old backup among those in custody are refused`() throws {
        let root = try RootKey()
        let before = try WrappedKeyEncryptionKey.generate(
            generation: 1, under: root, format: .beforeCustody)
        let taken = try WrappedKeyEncryptionKey.generate(generation: 2, under: root)
        #expect(throws: SealingError.mixedCustody) { try Keyring(opening: [before, taken], under: root) }
    }
}
