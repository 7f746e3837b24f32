import JSON
import Testing

@Suite struct NameTextTests {
    @Test(arguments: [
        "mm-btc spot", "Zoë O'Neill", "بازار", "می‌خواهم", "👩‍💻 desk", "  around  ", "", "a\u{301}",
    ])
    func `names in any script are names`(name: String) {
        #expect(NameText.mistake(in: name) == nil)
    }

    @Test(arguments: [
        ("First \u{200B}owner", "not seen"), ("\u{202E}renwo", "not seen"), ("a\u{2066}b", "not seen"),
        ("soft\u{AD}ly", "not seen"), ("\u{FEFF}mark", "not seen"), ("line\u{2028}", "not seen"),
        ("next\u{85}line", "not seen"), ("a\nb", "control"), ("\u{7F}", "control"), (" \u{A0} ", "blank"),
    ])
    func `what looks like another name, or like nothing, is none`(name: String, why: String) {
        #expect(NameText.mistake(in: name)?.contains(why) == true)
    }
}
