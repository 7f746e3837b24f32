import Exchanges
import Keys

/// Watches an answer that passes in parts for what opens an account. Of what it has seen it holds back enough
/// that nothing of a secret has left when the secret is found.
struct AnswerWatch {
    /// Longer than any secret that an exchange takes over HMAC, written in JSON's longest spelling.
    private static let heldBytes = 8 * 1_024

    /// Something was found: not a byte more may leave.
    struct Found: Error {}

    private let key: UsableKey
    /// Nil: the policy lets other credentials through.
    private var names: CredentialScanner?
    private var held: [UInt8] = []

    init(for key: UsableKey, looksForOthers: Bool) {
        self.key = key
        names = looksForOthers ? CredentialScanner() : nil
    }

    /// What may leave now that this part came.
    mutating func pass(_ part: [UInt8]) throws -> [UInt8] {
        if names?.sees(part) == true { throw Found() }
        let text = held + part
        if try isSeen(in: text) { throw Found() }
        let leaving = max(text.count - Self.heldBytes, 0)
        held = Array(text[leaving...])
        return Array(text[..<leaving])
    }

    /// What is left at the end.
    func last() -> [UInt8] { held }

    /// Also where each letter is two bytes: UTF-16 has a zero beside it.
    static func isSeen(_ key: UsableKey, in text: [UInt8]) throws -> Bool {
        if try key.isSeen(in: text) { return true }
        return try text.contains(0) && key.isSeen(in: text.filter { $0 != 0 })
    }

    private func isSeen(in text: [UInt8]) throws -> Bool {
        if try Self.isSeen(key, in: text) { return true }
        guard text.contains(UInt8(ascii: "\\")) else { return false }
        return try key.isSeen(in: Self.unescaped(text))
    }

    /// Without JSON's escapes, wherever it was cut; what is none stays.
    static func unescaped(_ text: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            guard text[index] == UInt8(ascii: "\\"), index + 1 < text.count else {
                out.append(text[index])
                index += 1
                continue
            }
            if text[index + 1] == UInt8(ascii: "u"), let scalar = hex(text, from: index + 2) {
                out.append(scalar < 128 ? UInt8(scalar) : UInt8(ascii: "?"))
                index += 6
            } else {
                out.append(meaning(text[index + 1]))
                index += 2
            }
        }
        return out
    }

    private static func hex(_ text: [UInt8], from start: Int) -> Int? {
        guard start + 4 <= text.count else { return nil }
        return Int(String(decoding: text[start..<start + 4], as: UTF8.self), radix: 16)
    }

    private static func meaning(_ escaped: UInt8) -> UInt8 {
        switch escaped {
        case UInt8(ascii: "n"): 10
        case UInt8(ascii: "r"): 13
        case UInt8(ascii: "t"): 9
        default: escaped
        }
    }
}
