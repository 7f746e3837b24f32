/// How one character of a text from outside is written in each notation, so that it stands for itself.
enum Escapes {
    /// Slack's mrkdwn: these three begin mentions, links and entities
    /// (docs.slack.dev/messaging/formatting-message-text).
    static func slack(_ character: Character) -> String { markup(character, quotes: false) }

    /// HTML, in text and in quoted attributes.
    static func html(_ character: Character) -> String { markup(character, quotes: true) }

    /// Telegram knows four named entities, and quotes need none outside of attributes
    /// (core.telegram.org/bots/api#html-style).
    static func telegram(_ character: Character) -> String { markup(character, quotes: true) }

    private static func markup(_ character: Character, quotes: Bool) -> String {
        mapped(character) { scalar in
            switch scalar {
            case "&": "&amp;"
            case "<": "&lt;"
            case ">": "&gt;"
            case "\"" where quotes: "&quot;"
            default: nil
            }
        }
    }

    /// Discord's Markdown: a backslash before punctuation takes its meaning away, that of mentions, links,
    /// emoji and time stamps too.
    static func discord(_ character: Character) -> String {
        mapped(character) { scalar in
            let isPunctuation = scalar.isASCII && "\\*_~`|>#-+[]()<@:/.!".unicodeScalars.contains(scalar)
            return isPunctuation ? "\\\(scalar)" : nil
        }
    }

    /// A character may carry marks after its first scalar, so each is looked at.
    private static func mapped(_ character: Character, _ escape: (Unicode.Scalar) -> String?) -> String {
        var text = ""
        for scalar in character.unicodeScalars {
            if let escaped = escape(scalar) { text += escaped } else { text.unicodeScalars.append(scalar) }
        }
        return text
    }
}
