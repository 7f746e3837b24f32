import JSON
import Testing

@Suite struct YamlTests {
    @Test func `the types are those of JSON`() throws {
        let text = """
            number: 1.5
            integer: -3
            flag: true
            word: yes
            day: 2026-01-05
            quoted: "12"
            nothing: null
            empty:
            list: [a, 1]
            folded: >-
              one
              two
            """
        let expected: JSONValue = [
            "number": .number(try #require(JSONNumber(1.5))), "integer": -3, "flag": true, "word": "yes",
            "day": "2026-01-05", "quoted": "12", "nothing": nil, "empty": nil, "list": ["a", 1],
            "folded": "one two",
        ]
        #expect(try Yaml.parse(text) == expected)
    }

    @Test func `a name that stands twice is refused`() {
        #expect(throws: Yaml.Failure.repeatedName("a", line: 2)) { try Yaml.parse("a: 1\na: 2\n") }
    }

    @Test(arguments: ["a: &x 1\nb: 2\n", "a: &x {b: 1}\n", "a: &x [1]\n"])
    func `an anchor is refused`(text: String) {
        #expect(throws: Yaml.Failure.anchor(line: 1)) { try Yaml.parse(text) }
    }

    @Test(arguments: ["", "a: 1\n---\nb: 2\n"])
    func `anything but one document is refused`(text: String) {
        #expect(throws: Yaml.Failure.notOneDocument) { try Yaml.parse(text) }
    }

    @Test func `broken syntax names its line`() {
        #expect {
            try Yaml.parse("a: 1\nb: [1\n")
        } throws: { error in
            guard case .syntax(let line, _)? = error as? Yaml.Failure else { return false }
            return line >= 2
        }
    }
}
