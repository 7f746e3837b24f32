/// What people go by: names of users, keys, rules, webhooks. Whoever approves something or reads the trail
/// must not take one for another.
package enum NameText {
    /// How the mistake goes on after the field's name; nil: it can be one. Nothing of length.
    package static func mistake(in text: String) -> String? {
        let scalars = text.unicodeScalars
        if scalars.contains(where: isControl) { return "must not hold control characters" }
        if hidesSomething(text) {
            return "must not hold characters that are not seen or turn the direction of text"
        }
        let isBlank = !text.isEmpty && scalars.allSatisfy(\.properties.isWhitespace)
        return isBlank ? "must not be blank" : nil
    }

    /// C1, separators of lines and paragraphs, and what is not seen but directs how others look: a name that
    /// holds it looks like another one. The two joiners belong to words of some scripts, and to emoji.
    package static func hidesSomething(_ text: some StringProtocol) -> Bool {
        text.unicodeScalars.contains { scalar in
            switch scalar.value {
            case 0x80...0x9F, 0xAD, 0x61C, 0x180E, 0x200B, 0x200E, 0x200F, 0x2028...0x202E, 0x2060...0x206F,
                0xFEFF, 0xFFF9...0xFFFB:
                true
            default: false
            }
        }
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || scalar.value == 0x7F
    }
}
