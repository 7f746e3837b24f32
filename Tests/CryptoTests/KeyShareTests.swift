import Crypto
import Testing

@Suite struct KeyShareTests {
    private let key: RootKey
    private let set: ShareSet
    private let shares: [KeyShare]
    private let texts: [String]

    init() throws {
        key = try RootKey()
        (set, shares) = try key.split(#require(Quorum(threshold: 3, count: 5)))
        texts = try shares.map { try $0.writtenOut() }
    }

    @Test func `the text format is fixed`() throws {
        // Set a0…a7, share 1 of 3 with threshold 2, bytes 00 to 1f.
        let text = "kbshare1_AaChoqOkpaanAgMBAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh_XX5zJ"
        let share = try KeyShare(text: text)
        #expect(share.set.description == "a0a1a2a3a4a5a6a7")
        #expect(share.quorum == Quorum(threshold: 2, count: 3))
        #expect(share.index == 1)
        #expect(try share.writtenOut() == text)
        #expect("\(share)" == "share 1 of 3 of set a0a1a2a3a4a5a6a7")
    }

    @Test func `texts come back as the shares that they were, whatever white space is around`() throws {
        #expect(Set(texts).count == 5)
        for (share, text) in zip(shares, texts) {
            #expect(text.utf8.count == KeyShare.textBytes)
            let again = try KeyShare(text: " \t\(text)\r\n")
            #expect(try again.writtenOut() == text)
            #expect(try again.hash() == share.hash())
            #expect(again.set == set.id && again.quorum == set.quorum && again.index == share.index)
        }
    }

    @Test func `every single wrong character is noticed, and said to be what it is`() throws {
        let text = Array(texts[0].utf8)
        let prefix = KeyShare.textPrefix.utf8.count
        for place in text.indices {
            for wrong in UInt8(0x21)..<0x7F where wrong != text[place] {
                var altered = text
                altered[place] = wrong
                let isOfAlphabet = "-_".utf8.contains(wrong) || Character(UnicodeScalar(wrong)).isAlphanumeric
                let expected: KeyShareError =
                    if place < prefix { .notAShare } else if isOfAlphabet { .wrongChecksum } else {
                        .foreignCharacter(place: place + 1)
                    }
                #expect(throws: expected) {
                    _ = try KeyShare(text: String(decoding: altered, as: UTF8.self))
                }
            }
        }
    }

    @Test func `swapped, missing and doubled characters are noticed`() throws {
        let text = Array(texts[1].utf8)
        for place in text.indices.dropLast() where text[place] != text[place + 1] {
            var altered = text
            altered.swapAt(place, place + 1)
            #expect(throws: KeyShareError.self) {
                _ = try KeyShare(text: String(decoding: altered, as: UTF8.self))
            }
        }
        for place in KeyShare.textPrefix.utf8.count..<text.count {
            var altered = text
            altered.remove(at: place)
            #expect(throws: KeyShareError.wrongLength) {
                _ = try KeyShare(text: String(decoding: altered, as: UTF8.self))
            }
            altered = text
            altered.insert(text[place], at: place)
            #expect(throws: KeyShareError.wrongLength) {
                _ = try KeyShare(text: String(decoding: altered, as: UTF8.self))
            }
        }
        for other in ["", " ", "kbshare1", "kbroot1_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh-RJn6K"] {
            #expect(throws: KeyShareError.notAShare) { _ = try KeyShare(text: other) }
        }
    }

    @Test func `well written shares that no split gives are refused`() throws {
        // Format, threshold, count, index.
        for (place, value) in [(0, 0), (0, 2), (9, 1), (9, 6), (9, 0), (10, 17), (10, 2), (11, 0), (11, 6)] {
            #expect(throws: KeyShareError.impossible, "byte \(place) is \(value)") {
                _ = try shares[0].altered { $0[place] = UInt8(value) }
            }
        }
    }

    @Test func `the set knows each share by its hash, and nothing of the key`() throws {
        #expect(try set.hashes == shares.map { try $0.hash() })
        #expect(Set(set.hashes).count == 5)
        #expect(try set.rootFingerprint == key.fingerprint())
        #expect(try shares[0].altered { $0[20] ^= 1 }.hash() != set.hashes[0])
        #expect(ShareSet(id: set.id, quorum: set.quorum, rootFingerprint: "", hashes: []) == nil)
        #expect(ShareSetID(bytes: [1, 2, 3]) == nil)
        #expect(ShareSetID(bytes: set.id.bytes) == set.id)
    }

    @Test func `messages name the mistake and never the share`() throws {
        let mistakes: [KeyShareError] = [
            .notAShare, .wrongLength, .foreignCharacter(place: 3), .wrongChecksum, .impossible,
            .otherSet(found: set.id, expected: ShareSetID()), .repeated(index: 2), .contradicts(index: 2),
            .forged(index: 2), .crypto(.secretMemoryExhausted),
        ]
        #expect(Set(mistakes.map(\.description)).count == mistakes.count)
    }
}

extension KeyShare {
    /// The text, as a keeper has it.
    func writtenOut() throws -> String {
        try withTextLine { String(decoding: $0.dropLast(), as: UTF8.self) }
    }

    /// Another share with a checksum that fits, as a forger writes it.
    func altered(_ change: (inout [UInt8]) -> Void) throws -> KeyShare {
        let encoded = try writtenOut().dropFirst(KeyShare.textPrefix.count)
        var content = Array((Base64.decode(String(encoded), alphabet: .url) ?? []).dropLast(4))
        change(&content)
        let checksum = CRC32.checksum(content)
        content += (0..<4).map { UInt8(truncatingIfNeeded: checksum >> (24 - 8 * UInt32($0))) }
        return try KeyShare(text: KeyShare.textPrefix + Base64.encode(content, alphabet: .url))
    }
}

extension Character {
    fileprivate var isAlphanumeric: Bool { isASCII && (isLetter || isNumber) }
}
