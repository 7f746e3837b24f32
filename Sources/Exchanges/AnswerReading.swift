import JSON
import Kernel

// Exchanges write numbers as text and text as numbers, and change it: what a member means counts here, not
// its JSON type. What has a type that means nothing is told apart from what is missing.

extension JSONValue {
    /// A short text, or a whole number as text.
    func words(_ name: String) -> String? {
        switch self[name] {
        case .string(let text): text
        case .number(let number): number.text
        default: nil
        }
    }

    func int(_ name: String) -> Int64? { words(name).flatMap { Int64($0) } }

    /// true or false; nil for anything else that stands there, false when nothing does.
    func flag(_ name: String) -> Bool? {
        guard let value = self[name], !value.isNull else { return false }
        return value.asBool
    }

    /// Names in an array of strings; nil for anything else.
    func names(_ name: String) -> [String]? {
        guard let elements = self[name]?.asArray else { return nil }
        let names = elements.compactMap(\.asString)
        return names.count == elements.count ? names : nil
    }

    var holdsNUL: Bool {
        switch self {
        case .string(let text): text.utf8.contains(0)
        case .array(let elements): elements.contains(where: \.holdsNUL)
        case .object(let object): object.members.contains { $0.name.utf8.contains(0) || $0.value.holdsNUL }
        default: false
        }
    }
}

extension Timestamp {
    /// Exchanges write 0 for never. Past the year 9999 it is no time.
    init?(exchangeMilliseconds milliseconds: Int64?) {
        guard let milliseconds, (1...253_402_300_799_999).contains(milliseconds) else { return nil }
        self.init(milliseconds: milliseconds)
    }
}
