import Testing

@testable import Identity

struct EmailTextTests {
    @Test(arguments: [
        "ann@desk.example", "Ann.O'Leary+keys@desk.example", "ada.löve@straße.example", "анна@пример.example",
        "иван.петров@desk.example", "ελένη@παράδειγμα.example", "田中taro@例え.example", "e\u{301}toile@a",
        "a@xn--e1afmkfd.example", "root@localhost",
    ])
    func `an address of one alphabet in each word is taken`(text: String) {
        #expect(EmailText.mistake(in: text) == nil)
    }

    @Test(arguments: [
        // Cyrillic а, о and е among Latin letters; Greek omicron; Armenian.
        "\u{430}nn@desk.example", "ann@desk.ex\u{430}mple", "r\u{43E}ot@desk.example", "\u{3BF}wner@a",
        "ad\u{578}n@a",
        // Words that are of one alphabet, and look Latin throughout.
        "\u{440}\u{430}\u{443}\u{440}\u{430}@desk.example", "\u{430}@desk.example",
        "ann@\u{3BD}\u{3BF}.example",
    ])
    func `what looks like another address is refused`(text: String) {
        #expect(EmailText.mistake(in: text) == "must not mix alphabets whose letters look alike")
    }

    @Test(arguments: [
        "\u{FF41}nn@desk.example", "\u{1D41A}nn@desk.example", "ann@\u{24D3}esk.example",
        "\u{FB01}n@desk.example",
        "ann@desk\u{2024}example", "a\u{17F}k@desk.example",
    ])
    func `another way to write a letter is refused`(text: String) {
        let mistake = EmailText.mistake(in: text)
        #expect(mistake == "must not hold letters that are another way to write plain ones", "\(text)")
    }

    @Test(arguments: ["", "ann", "@a", "a@", "a@b@c", "a b@c", "a\u{200B}@c", "a\n@c", "a\u{7F}@c"])
    func `what is no address is refused`(text: String) {
        #expect(EmailText.mistake(in: text) == "must be an email address")
    }
}
