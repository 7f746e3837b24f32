package import Events
package import JSON

/// `event.a.b`: where in an event a value stands. What `group_by` names.
package struct FieldPath: Hashable, Sendable, CustomStringConvertible {
    /// Behind `event`; at least one.
    package let names: [String]

    package var description: String { "event." + names.joined(separator: ".") }

    /// No spaces, at most 100 characters.
    package init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard text.utf8.count <= 100, parts.count >= 2, parts[0] == "event", parts.allSatisfy(Self.isName)
        else {
            return nil
        }
        names = Array(parts.dropFirst())
    }

    /// Nil when something on the way is missing or no object.
    package func value(in event: JSONObject) -> JSONValue? {
        var value = event[names[0]]
        for name in names.dropFirst() { value = value?[name] }
        return value
    }

    /// At least one type must have the field; where it is missing, the group's value is null.
    package func mistake(on patterns: [EventPattern]) -> String? {
        let types = EventType.all.filter { type in
            type.isOpenToRules && patterns.contains { $0.matches(type) }
        }
        let fields = types.flatMap { $0.dataFields ?? [] } + EventType.envelopeFields
        guard !patterns.contains(where: \.takesCustom), !fields.contains(where: { $0.name == names[0] })
        else {
            return nil
        }
        let guess = Suggestion.closest(to: names[0], among: fields.map(\.name))
        let hint = guess.map { "; did you mean event.\($0)?" } ?? ""
        return "no event type of on has the field \(names[0])\(hint)"
    }

    private static func isName(_ text: String) -> Bool {
        func isStart(_ byte: UInt8) -> Bool {
            (65...90).contains(byte) || (97...122).contains(byte) || byte == UInt8(ascii: "_")
        }
        guard let first = text.utf8.first, isStart(first) else { return false }
        return text.utf8.allSatisfy { isStart($0) || (48...57).contains($0) }
    }
}
