import JSON
import Testing

@Suite struct JSONReaderTests {
    private func kind(_ text: String, limits: JSONLimits = .standard) -> JSONError.Kind? {
        do throws(JSONError) { _ = try JSONValue.parse(text, limits: limits) } catch { return error.kind }
        return nil
    }

    private func nested(_ levels: Int) -> String {
        String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
    }

    @Test func `values of every kind are read`() throws {
        let value = try JSONValue.parse(#" {"a" : [ null, true ,false, "x\n", -1.5E+2 ] , "" : {}} "#)
        #expect(value["a"]?[3] == "x\n")
        #expect(value["a"]?[4]?.asDouble == -150)
        #expect(value["a"]?[4]?.asNumber?.text == "-1.5E+2")
        #expect(value["a"]?[5] == nil)
        #expect(value[""]?.asObject?.count == 0)
        #expect(value.asObject?.members.map(\.name) == ["a", ""])
    }

    @Test(arguments: [
        ("", JSONError.Kind.unexpectedEnd), ("[", .unexpectedEnd), ("\"a", .unexpectedEnd),
        ("\"\\", .unexpectedEnd),
        ("\"\\u12", .unexpectedEnd), ("-", .unexpectedEnd), ("1.", .unexpectedEnd), ("1e+", .unexpectedEnd),
        ("tru", .unexpectedByte(expected: .value)), ("[1,]", .unexpectedByte(expected: .value)),
        ("{a:1}", .unexpectedByte(expected: .nameOrBrace)), ("{\"a\":1,}", .unexpectedByte(expected: .name)),
        ("{\"a\" 1}", .unexpectedByte(expected: .colon)),
        ("[1 2]", .unexpectedByte(expected: .commaOrBracket)),
        ("{\"a\":1 \"b\"", .unexpectedByte(expected: .commaOrBrace)), ("01", .invalidNumber),
        ("-a", .invalidNumber),
        ("1.e1", .invalidNumber), ("1 2", .trailingBytes), ("1\u{0}", .trailingBytes),
        ("\u{FEFF}1", .byteOrderMark),
        ("\"\t\"", .controlCharacter), ("\"\\x\"", .invalidEscape), ("\"\\u00g0\"", .invalidEscape),
        ("\"\\ud800\"", .loneSurrogate), ("\"\\udc00\"", .loneSurrogate),
        ("\"\\ud800\\u0041\"", .loneSurrogate),
    ])
    func `a mistake has its kind`(text: String, expected: JSONError.Kind) {
        #expect(kind(text) == expected)
    }

    @Test(
        arguments: [
            [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x9F, 0x80], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF],
            [0xF0, 0x8F, 0x80, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xE2, 0x82],
            [0xFF],
        ] as [[UInt8]])
    func `ill-formed UTF-8 is refused where it starts`(bytes: [UInt8]) {
        let error = #expect(throws: JSONError.self) { try JSONValue.parse([0x22, 0x61] + bytes + [0x22]) }
        #expect(error?.kind == .invalidUTF8)
        #expect(error?.offset == 2)
    }

    @Test func `a mistake tells line and column, and a sentence`() {
        let error = #expect(throws: JSONError.self) { try JSONValue.parse("{\n  \"a\": 1,\n  \"b\": tru\n}") }
        #expect(error?.offset == 19)
        #expect(error?.description == "Expected a value (line 3, column 8)")
    }

    @Test func `a name may stand once, however it is escaped`() {
        #expect(kind(#"{"a":1,"a":1}"#) == .duplicateName)
        #expect(kind(#"{"a":1,"\u0061":2}"#) == .duplicateName)
        let many = (0..<40).map { "\"n\($0)\":1" }.joined(separator: ",")
        #expect(kind("{\(many)}") == nil)
        #expect(kind("{\(many),\"n7\":1}") == .duplicateName)
    }

    @Test func `names that only look alike are different`() throws {
        let value = try JSONValue.parse("{\"K\":1,\"\u{212A}\":2,\"\u{E9}\":3,\"e\u{301}\":4}")
        #expect(value["K"] == 1)
        #expect(value["\u{212A}"] == 2)
        #expect(value["e\u{301}"] == 4)
        #expect(JSONValue.string("\u{E9}") != JSONValue.string("e\u{301}"))
    }

    @Test func `every limit holds at its edge`() {
        #expect(kind(nested(64)) == nil)
        #expect(kind(nested(65)) == .tooDeep(limit: 64))
        #expect(kind(String(repeating: "[", count: 1_000_000)) == .tooDeep(limit: 64))
        #expect(kind("[1]", limits: JSONLimits(textBytes: 3)) == nil)
        #expect(kind("[1] ", limits: JSONLimits(textBytes: 3)) == .textTooLong(limitBytes: 3))
        #expect(kind("\"abc\"", limits: JSONLimits(stringBytes: 3)) == nil)
        #expect(kind("{\"abcd\":1}", limits: JSONLimits(stringBytes: 3)) == .stringTooLong(limitBytes: 3))
        #expect(kind("123", limits: JSONLimits(numberBytes: 3)) == nil)
        #expect(kind("1234", limits: JSONLimits(numberBytes: 3)) == .numberTooLong(limitBytes: 3))
        #expect(kind("[1,2]", limits: JSONLimits(members: 2)) == nil)
        #expect(kind("[1,2,3]", limits: JSONLimits(members: 2)) == .tooManyMembers(limit: 2))
        #expect(kind(#"{"a":1,"b":2,"c":3}"#, limits: JSONLimits(members: 2)) == .tooManyMembers(limit: 2))
    }

    @Test(arguments: [
        ("9223372036854775807", Int64.max), ("-9223372036854775808", Int64.min), ("9223372036854775808", nil),
        ("1.0", nil), ("1e2", nil), ("-0", 0),
    ])
    func `an integer is exact or none`(text: String, expected: Int64?) throws {
        #expect(try JSONValue.parse(text).asInt == expected)
    }

    @Test(arguments: [
        ("0.1", 0.1), ("1e23", 1e23), ("9007199254740993", 9_007_199_254_740_992), ("1e-400", 0),
        ("2.2250738585072014e-308", Double.leastNormalMagnitude), ("1e400", nil), ("-1e400", nil),
    ])
    func `a double is the nearest or none`(text: String, expected: Double?) throws {
        #expect(try JSONValue.parse(text).asDouble == expected)
    }

    @Test func `a big number keeps its text`() throws {
        let text = "123456789012345678901234567890.123456789012345678901234567890"
        #expect(String(decoding: try JSONValue.parse(text).bytes, as: UTF8.self) == text)
    }

    @Test func `the order of members does not count`() throws {
        #expect(try JSONValue.parse(#"{"a":1,"b":2}"#) == JSONValue.parse(#"{"b":2,"a":1}"#))
        #expect(try JSONValue.parse(#"{"a":1,"b":2}"#) != JSONValue.parse(#"{"b":2,"a":2}"#))
        #expect(try JSONValue.parse("[1,2]") != JSONValue.parse("[2,1]"))
    }
}
