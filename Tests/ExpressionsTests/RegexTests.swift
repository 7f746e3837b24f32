import Expressions
import JSON
import Testing

@Suite struct RegexTests {
    private func finds(_ pattern: String, _ text: String) throws -> Bool? {
        var steps = 1_000_000
        return try Regex(pattern).search(text, steps: &steps)
    }

    @Test func `thousands of generated patterns find what Python's re finds`() throws {
        let rows = try JSONValue.parse(Fixture.text("expressions/regex-pairs.json")).asArray ?? []
        #expect(rows.count >= 3_000)
        for row in rows {
            let pattern = try #require(row[0]?.asString)
            let text = try #require(row[1]?.asString)
            let found = try finds(pattern, text)
            #expect(found == row[2]?.asBool, "\(pattern) in \(text)")
        }
    }

    @Test(arguments: [
        (#"\pL"#, "ж", true), (#"^\p{Lu}\p{Ll}+$"#, "Ärger", true), (#"\P{L}"#, "abc", false),
        (#"\p{^L}"#, "1", true), (#"[\p{Nd}x]"#, "٣", true), (#"^[^\p{L}]+$"#, "12", true),
        ("(?i)straße", "STRASSE", false), ("(?i)ärger", "ÄRGER", true), ("(?i)k", "\u{212A}", true),
        ("(?i:A)b", "ab", true), ("(?i:A)b", "aB", false), ("(?i)[a-f]+$", "FACE", true),
        ("a(?i)b", "aB", true), ("(?-i)a", "A", false), ("(?s).", "\n", true), (".", "\n", false),
        ("(?m)^b$", "a\nb\nc", true), ("^b$", "a\nb\nc", false), (#"\Ab"#, "a\nb", false),
        (#"b\z"#, "a\nb", true), (#"b$"#, "b\n", false), (#"\Bb"#, "ab", true),
        ("[[:alpha:]]", "1a", true), ("[[:^digit:]]", "12", false), ("[]a]", "]", true),
        ("[^]a]", "]", false),
        ("[a-]", "-", true), (#"[\d-x]"#, "-", true), ("x{2}{", "xx{", true), ("a{,2}", "a{,2}", true),
        (#"\Qa.b\E+"#, "a.bbb", true), (#"\Qa.b\E"#, "axb", false), (#"\x{1F600}"#, "😀", true),
        (#"\x41\101\n"#, "AA\n", true), ("(?P<name>a)(?<other>b)", "ab", true), ("(|a)+$", "", true),
        ("(a*)*$", "b", true), ("(a|b|)*c", "abac", true), ("", "", true), ("()", "x", true),
        (#"[\w.]+@[\w.]+"#, "a@b.c", true), (#"\_"#, "_", true), (#"\s"#, "\u{B}", false),
    ])
    func `this pattern finds, or does not`(pattern: String, text: String, wanted: Bool) throws {
        #expect(try finds(pattern, text) == wanted)
    }

    @Test(arguments: [
        ("(a", 0, "does not end"), ("a)", 1, "without its ("), ("[a", 0, "does not end"),
        ("*a", 0, "nothing"),
        ("a**", 2, "needs a group"), ("a{2}{3}", 4, "needs a group"), ("[b-a]", 1, "wrong way"),
        (#"\"#, 0, "end of the pattern"), (#"\y"#, 0, "no such escape"), (#"(a)\1"#, 3, "back references"),
        ("(?=a)", 0, "look-around"), ("(?<!a)", 0, "look-around"), ("(?q)", 2, "unknown flag"),
        (#"\p{Greek}"#, 0, "unknown category"), ("[[:nope:]]", 1, "unknown class"), ("a{1001}", 1, "at most"),
        ("a{3,2}", 1, "at most"), ("(a{100}){100}", 2, "over 1000"), ("(?:abc){900}", 0, "too large"),
        (#"\x{110000}"#, 0, "Unicode character"), (#"\x4"#, 0, "two digits"),
    ])
    func `this is no pattern, and where not`(pattern: String, offset: Int, message: String) {
        let mistake = #expect(throws: RegexMistake.self) { try Regex(pattern) }
        #expect(mistake?.offset == offset, "\(mistake?.message ?? "")")
        #expect(mistake?.message.contains(message) == true, "\(mistake?.message ?? "")")
    }

    @Test func `groups are bounded`() {
        let deep = String(repeating: "(", count: 1_000) + String(repeating: ")", count: 1_000)
        #expect(throws: RegexMistake.self) { try Regex(deep) }
    }

    /// Steps and not time: each character visits each instruction at most once.
    @Test(arguments: [
        "(a*)*b", "(a|a)*b", "(a|aa)+$b", "a?a?a?a?a?a?a?a?aaaaaaaa$b", "(.*)(.*)(.*)(.*)x", "(x+x+)+y",
    ])
    func `no pattern takes more than its length for each character`(pattern: String) throws {
        let text = String(repeating: "a", count: 100_000)
        let most = 100_000 * (2 * pattern.utf8.count + 10)
        var steps = most
        #expect(try Regex(pattern).search(text, steps: &steps) == false)
        #expect(steps > 0)
    }

    @Test func `a search ends when its steps are used up`() throws {
        var steps = 1_000
        #expect(try Regex("(a*)*b").search(String(repeating: "a", count: 100_000), steps: &steps) == nil)
        #expect(steps > -100)
    }
}
