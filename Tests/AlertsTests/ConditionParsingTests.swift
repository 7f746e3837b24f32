import JSON
import Kernel
import Testing

@testable import Alerts

struct ConditionParsingTests {
    @Test(arguments: [
        "event.previous < 70 && event.grade >= 70",
        "event.type == 'key.revoked'",
        "event.type==\"key.revoked\"&&event.a.b!=null",
        "70 <= event.grade",
        "event . grade\n>\t1 // a comment",
        "event.grade > -1.5e3",
        "event.grade > .5",
        "event.count == 0x1F",
        "event.count == -0x1f",
        "event.count == -9223372036854775808",
        "event.overdue == true && event.expired == false",
        #"event.label == r'a\n'"#,
        "event.label == '''a\nb'''",
        #"event.label == "\x41\u00e9\U0001F600\101\"""#,
        "event.label == ''",
    ]) func `this is a condition`(source: String) throws {
        #expect(try Condition(source).source == source)
    }

    @Test(arguments: [
        ("", 1, "expected a field"),
        ("event", 6, "a dot and the name"),
        ("event.", 7, "the name of a field"),
        ("event.grade", 1, "write event.grade == true"),
        ("event.grade = 70", 13, "did you mean ==?"),
        ("event.grade == 70 & event.a == 1", 19, "did you mean &&?"),
        ("event.grade == 70 &&", 21, "expected a field"),
        ("event.grade ==", 15, "expected a literal"),
        ("grade == 70", 1, "arrives with the full language"),
        ("grd == 70", 1, "did you mean event.grd?"),
        ("70 == 70", 1, "one side must be a field"),
        ("event.a < event.b", 11, "two fields arrives with the full language"),
        ("event.a == 1 || event.b == 2", 14, "|| arrives with the full language"),
        ("!event.a", 1, "! arrives with the full language"),
        ("(event.a == 1)", 1, "( arrives with the full language"),
        ("event.a in ['x']", 9, "in arrives with the full language"),
        ("event.a == 1u", 12, "an unsigned number arrives"),
        ("event.a == b'x'", 12, "a bytes literal arrives"),
        ("event.a.startsWith('x')", 9, "the function startsWith arrives"),
        ("has(event.a)", 1, "the function has arrives"),
        ("1 < event.a < 3", 13, "a comparison has two sides"),
        ("event.a == 1 event.b == 2", 14, "expected && or the end"),
        ("event.a == 'x", 12, "does not end"),
        ("event.a == 'x\ny'", 12, "does not end"),
        (#"event.a == '\q'"#, 13, "there is no such escape"),
        (#"event.a == '\ud800'"#, 13, "no Unicode character"),
        (#"event.a == '\x4'"#, 13, "takes 2 digits"),
        ("event.a == 9223372036854775808", 12, "does not fit into 64 bits"),
        ("event.a == 1e999", 12, "too large"),
        ("event.a == 1e", 14, "the digits of an exponent"),
        ("event.a == 0x", 14, "hexadecimal digits"),
        ("event.a == 12abc", 14, "does not go on like this"),
        ("event.a == 1 # x", 14, "no meaning"),
    ]) func `a mistake is told with its place`(source: String, column: Int, message: String) {
        let mistake = #expect(throws: ConditionMistake.self) { try Condition(source) }
        #expect(mistake?.column == column, "\(mistake?.sentence ?? "")")
        #expect(mistake?.message.contains(message) == true, "\(mistake?.message ?? "")")
    }

    @Test func `length, comparisons and paths are bounded`() {
        let one = "event.a == 1"
        let most = Array(repeating: one, count: 64).joined(separator: "&&")
        #expect(throws: Never.self) { try Condition(most) }
        #expect(throws: ConditionMistake.self) { try Condition(most + "&&" + one) }
        #expect(throws: ConditionMistake.self) {
            try Condition("event" + String(repeating: ".a", count: 9) + " == 1")
        }
        #expect(throws: ConditionMistake.self) { try Condition(one + String(repeating: " ", count: 4_096)) }
    }

    @Test func `no text makes the parser trap, and what parses can be evaluated`() {
        let generator = SeededGenerator(seed: 6)
        let words = [
            "event", ".", "grade", "==", "<", ">=", "&&", "70", "-1.5", "'x'", "\"", "'''", "\\", "\\u12",
            "0x", "e9",
            "true", "null", " ", "\n", "//", "(", "in", "é", "\u{0}", "😀", "r'", "b", "||", "1e", ".5",
        ]
        var parsed = 0
        for _ in 0..<20_000 {
            let bytes = generator.bytes(10)
            let count = Int(bytes[0]) % 9 + 1
            var source = bytes[1...count].map { words[Int($0) % words.count] }.joined()
            if bytes[0] % 2 == 0 { source = "event.grade == " + source }
            guard let condition = try? Condition(source) else { continue }
            parsed += 1
            _ = condition.evaluate(JSONObject())
        }
        #expect(parsed > 100)
    }
}
