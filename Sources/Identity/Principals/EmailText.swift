import JSON
import Kernel

/// What an email address may be: something, an at sign, something; no spaces, and nothing that looks like
/// another address. Whether mail arrives there is another question.
///
/// Whoever is invited, granted something, or told of in an alert is told apart by their address. So letters
/// that are another way to write plain ones (Unicode's normal form KC) are refused, and so are words,
/// between `@`, `.`, `-`, `_` and `+`, that mix alphabets whose letters look alike, or that write Latin
/// letters only in another alphabet (Unicode Technical Standard 39 calls these mixed-script and
/// whole-script confusables).
enum EmailText {
    static let bytesAtMost = 254

    /// How the mistake goes on after the field's name; nil: it can be one.
    static func mistake(in text: String) -> String? {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        let isFit =
            text.utf8.count <= bytesAtMost && parts.count == 2
            && parts.allSatisfy { part in
                !part.isEmpty && !NameText.hidesSomething(part)
                    && part.unicodeScalars.allSatisfy { scalar in
                        !scalar.properties.isWhitespace && scalar.value > 0x20 && scalar.value != 0x7F
                    }
            }
        guard isFit else { return "must be an email address" }
        let plain = text.lowercased().normalFormC
        if plain.unicodeScalars.contains(where: isAnotherWay) {
            return "must not hold letters that are another way to write plain ones"
        }
        if plain.split(whereSeparator: { "@.-_+".contains($0) }).contains(where: looksLikeAnother) {
            return "must not mix alphabets whose letters look alike"
        }
        return nil
    }

    /// Full-width, mathematical and circled letters, ligatures and the like. These two are letters of their
    /// own.
    private static func isAnotherWay(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.changesWhenNFKCCaseFolded && scalar != "ß" && scalar != "ς"
    }

    private static func looksLikeAnother(_ word: Substring) -> Bool {
        let letters = word.unicodeScalars.filter(\.properties.isAlphabetic)
        let alphabets = Set(letters.compactMap(Alphabet.init))
        if alphabets.count > 1 { return true }
        guard let only = alphabets.first, only != .latin else { return false }
        return letters.allSatisfy(looksLatin.contains)
    }

    /// Those with letters that look like letters of another one of them.
    private enum Alphabet {
        case latin, greek, cyrillic, armenian, cherokee, coptic

        /// Nil: nobody takes it for a letter of these.
        init?(_ letter: Unicode.Scalar) {
            switch letter.value {
            case 0x41...0x5A, 0x61...0x7A, 0xC0...0x24F, 0x250...0x2AF, 0x1E00...0x1EFF, 0x2C60...0x2C7F,
                0xA722...0xA7FF, 0xAB30...0xAB64:
                self = .latin
            case 0x370...0x3E1, 0x3F0...0x3FF, 0x1F00...0x1FFF: self = .greek
            case 0x400...0x52F, 0x1C80...0x1C8F, 0x2DE0...0x2DFF, 0xA640...0xA69F: self = .cyrillic
            case 0x530...0x58F: self = .armenian
            case 0x13A0...0x13FF, 0xAB70...0xABBF: self = .cherokee
            case 0x3E2...0x3EF, 0x2C80...0x2CFF: self = .coptic
            default: return nil
            }
        }
    }

    /// Small letters of other alphabets that are taken for Latin ones.
    private static let looksLatin = Set(
        ("асԁеһіјӏорԛѕѵԝхуү" + "αγικνορυχω" + "ցհոսօզռ").unicodeScalars)
}
