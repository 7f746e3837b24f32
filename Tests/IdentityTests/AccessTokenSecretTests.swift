import Kernel
import Testing

@testable import Identity

@Suite struct AccessTokenSecretTests {
    private let secret = AccessTokenSecret(.accessToken, .seeded(1))

    private func parse(_ text: String) -> AccessTokenSecret? {
        AccessTokenSecret(.accessToken, parsing: text.utf8)
    }

    @Test func `a new token has its prefix, 32 random digits and a checksum of six`() {
        #expect(secret.text.hasPrefix("kbt_"))
        #expect(secret.text.utf8.count == 42)
        #expect(secret.text.utf8.dropFirst(4).allSatisfy(Base62.isDigit))
        #expect(secret.hint == String(secret.text.prefix(8)))
    }

    @Test func `its text parses back, to the same hash`() {
        #expect(parse(secret.text)?.text == secret.text)
        #expect(parse(secret.text)?.hash == secret.hash)
    }

    @Test func `two tokens differ in text and hash`() {
        let entropy = Entropy.seeded(2)
        let tokens = (0..<1_000).map { _ in AccessTokenSecret(.accessToken, entropy) }
        #expect(Set(tokens.map(\.text)).count == 1_000)
        #expect(Set(tokens.map(\.hash)).count == 1_000)
    }

    @Test func `the hash is the SHA-256 of the whole text`() {
        // printf %s "$text" | sha256sum
        #expect(SecretHash([UInt8](0..<32)).bytes == [UInt8](0..<32))
        #expect(secret.hash.bytes.count == 32)
    }

    @Test func `neither description nor a dump shows the token`() {
        var dumped = ""
        dump(secret, to: &dumped)
        for text in ["\(secret)", String(reflecting: secret), dumped] {
            #expect(!text.contains(secret.text.dropFirst(8)))
        }
    }

    @Test(arguments: AccessTokenSecret.Purpose.allCases) func `a token of one purpose is none of another`(
        purpose: AccessTokenSecret.Purpose
    ) {
        let secret = AccessTokenSecret(purpose, .seeded(3))
        for other in AccessTokenSecret.Purpose.allCases {
            #expect((AccessTokenSecret(other, parsing: secret.text.utf8) != nil) == (other == purpose))
        }
    }

    @Test func `every malformed spelling is refused`() {
        let text = secret.text
        let spellings = [
            "", "kbt_", "kbt", String(text.dropLast()), text + "0", " " + text, text + " ", text + "\n",
            text + "\0",
            "\"\(text)\"", text.uppercased(), text.lowercased(), "kbt-" + text.dropFirst(4),
            "KBT_" + text.dropFirst(4),
            "kbt_" + String(repeating: "0", count: 38), text.replacingOccurrence(at: 10, with: "-"),
            text.replacingOccurrence(at: 10, with: "_"), text.replacingOccurrence(at: 10, with: "+"),
            text.replacingOccurrence(at: 41, with: "é"), "xbt_" + text.dropFirst(4), text + text,
            String(text.reversed()), "kbt_example0example0example0example0example00000000",
        ]
        for spelling in spellings { #expect(parse(spelling) == nil, "\(spelling)") }
    }

    @Test(arguments: AccessTokenSecret.Purpose.allCases) func `one is found wherever it stands in a text`(
        purpose: AccessTokenSecret.Purpose
    ) {
        let text = AccessTokenSecret(purpose, .seeded(5)).text
        let escaped = text.utf8.map { "%" + String($0, radix: 16) }.joined()
        for found in [
            text, "access_token=\(text)", "\(text)&a_b=c", "a_kbt_\(text)", "_\(text)_", escaped,
            "x=\(escaped)",
            text.replacing("_", with: "%5f"), "%zz\(text.replacing("_", with: "%5F"))%",
        ] {
            #expect(AccessTokenSecret.stands(in: found.utf8), "\(found)")
            #expect(AccessTokenSecret.stands(in: Array(found.utf8)))
        }
        for other in [
            "", "_", "%", "%5", "kbt_", String(text.dropLast()), "kbt_" + String(repeating: "0", count: 38),
            text.replacingOccurrence(at: 10, with: "-"), String(text.dropFirst()),
            String(escaped.dropLast(3)),
        ] {
            #expect(!AccessTokenSecret.stands(in: other.utf8), "\(other)")
        }
    }

    @Test func `one wrong digit anywhere is found by the checksum`() {
        let bytes = Array(secret.text.utf8)
        for index in 4..<bytes.count {
            for digit in Base62.alphabet where digit != bytes[index] {
                var wrong = bytes
                wrong[index] = digit
                #expect(AccessTokenSecret(.accessToken, parsing: wrong) == nil)
            }
        }
    }

    @Test func `random bytes and random changes never pass, and never trap`() {
        let random = SeededGenerator(seed: 4)
        let bytes = Array(secret.text.utf8)
        for _ in 0..<20_000 {
            let noise = random.bytes(Int(random.next() % 64))
            #expect(AccessTokenSecret(.accessToken, parsing: noise) == nil)
            var changed = bytes
            changed[Int(random.next() % 42)] = UInt8(truncatingIfNeeded: random.next())
            #expect((AccessTokenSecret(.accessToken, parsing: changed) != nil) == (changed == bytes))
        }
    }

    @Test func `digits are uniform`() {
        var counts = [UInt8: Int]()
        for digit in Base62.digits(62_000, from: .seeded(5)) { counts[digit, default: 0] += 1 }
        #expect(counts.count == 62)
        #expect(counts.values.allSatisfy { (850...1_150).contains($0) })
    }

    @Test func `the checksum of the largest number fits its width`() {
        #expect(String(decoding: Base62.encode(.max, width: 6), as: UTF8.self) == "4gfFC3")
        #expect(String(decoding: Base62.encode(0, width: 6), as: UTF8.self) == "000000")
    }
}

extension String {
    fileprivate func replacingOccurrence(at index: Int, with replacement: String) -> String {
        String(prefix(index)) + replacement + String(dropFirst(index + 1))
    }
}
