import JSON
import Testing

@Suite struct ParsingCorpusTests {
    /// Where the corpus lets a reader choose, or its verdict is about something that we refuse on purpose.
    private static let decisions: [String: Bool] = [
        // RFC 8259 §4 leaves repeated names open. Two readers that pick different ones can be played against
        // each other.
        "y_object_duplicated_key": false,
        "y_object_duplicated_key_and_value": false,
        // RFC 8259 §8.1 wants UTF-8; the corpus moved these to i_ later.
        "y_string_utf16BE_no_BOM": false,
        "y_string_utf16LE_no_BOM": false,
        // Noncharacters are scalars like any other.
        "i_string_unicode_U+10FFFE_nonchar": true,
        "i_string_unicode_U+1FFFE_nonchar": true,
        "i_string_unicode_U+FDD0_nonchar": true,
        "i_string_unicode_U+FFFE_nonchar": true,
    ]

    /// What the decisions do not name among the i_ cases (lone surrogates, ill-formed UTF-8, UTF-16, a byte
    /// order mark, 500 levels) is refused.
    private static func isAcceptable(_ name: String) -> Bool { decisions[name] ?? name.hasPrefix("y_") }

    @Test func `the corpus is complete`() {
        let verdicts = Dictionary(grouping: ParsingCase.all) { $0.name.prefix(2) }.mapValues(\.count)
        #expect(verdicts == ["y_": 102, "n_": 179, "i_": 20])
    }

    @Test(arguments: ParsingCase.all)
    func `a text is accepted exactly when it should be`(text: ParsingCase) {
        let accepted = (try? JSONValue.parse(text.bytes)) != nil
        #expect(accepted == Self.isAcceptable(text.name))
    }

    @Test(arguments: ParsingCase.all.filter { isAcceptable($0.name) })
    func `an accepted text is written and read again the same`(text: ParsingCase) throws {
        let value = try JSONValue.parse(text.bytes)
        #expect(try JSONValue.parse(value.bytes) == value)
    }
}
