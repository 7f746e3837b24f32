import Access
import HTTPServer
import JSON
import Kernel

/// Which passwords are taken: 12 to 128 characters (code points in normal form C, as NIST SP 800-63B counts
/// them), none that is guessed first, none with one's own name or address, or this service's name, in it.
/// Nothing about kinds of characters.
enum PasswordRules {
    static let length = 12...128
    /// A part of a name that is shorter stands in too many words.
    private static let partAtLeast = 4
    private static let service = "keybell"

    /// Nil: it is fit. Otherwise how the mistake goes on after the field's name.
    static func mistake(_ password: String, of user: Principal) -> String? {
        if let mistake = mistake(password) { return mistake }
        let folded = PasswordFold.plain(password)
        let own = ownParts(of: user)
        if own.contains(where: { folded.contains($0) }) { return "must not contain your name or address" }
        return nil
    }

    /// Of anybody.
    static func mistake(_ password: String) -> String? {
        let count = password.normalFormC.unicodeScalars.count
        if count < length.lowerBound { return "must have at least \(length.lowerBound) characters" }
        if count > length.upperBound { return "must have at most \(length.upperBound) characters" }
        if password.utf8.contains(0) { return "must not hold NUL" }
        if GuessedPasswords.holds(password) { return "is among those that are guessed first" }
        let plain = PasswordFold.plain(password)
        let letters = String(PasswordFold.lettered(Array(plain)))
        return plain.contains(service) || letters.contains(service) ? "must not contain \(service)" : nil
    }

    /// The words of the name, what stands before the at sign, and its words.
    private static func ownParts(of user: Principal) -> [String] {
        let local = user.email.map { $0.prefix { $0 != "@" } } ?? ""
        let words = [Substring(user.name), local].flatMap { text in
            text.split { !$0.isLetter && !$0.isNumber }.map(String.init)
        }
        return (words + [String(local)]).map(PasswordFold.plain).filter { $0.count >= partAtLeast }
    }
}

/// How people vary a word.
enum PasswordFold {
    private static let look: [Character: Character] = [
        "0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "9": "g", "@": "a", "$": "s",
        "!": "i", "|": "i", "+": "t", "(": "c",
    ]

    static func plain(_ text: String) -> String { text.lowercased().normalFormC }

    /// With letters for the digits and signs that look like them.
    static func lettered(_ plain: [Character]) -> [Character] { plain.map { look[$0] ?? $0 } }
}
