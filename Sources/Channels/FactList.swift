import JSON

/// What a message says beside its sentence, as names and values of one line each.
struct FactList {
    /// More than a phone's screen holds.
    private static let limit = 10
    /// Of one list.
    private static let elementLimit = 10

    /// Of an own event nobody has a page on which all of it is read, so that what is not said is counted.
    private let isOwn: Bool
    private var facts: [Notice.Fact] = []
    /// Names of what cannot be said in a line: null, maps, and lists of more than words.
    private var unsaid: Set<String> = []

    init(isOwn: Bool = false) { self.isOwn = isOwn }

    /// What is left out is counted. No field's name has a space, so none is taken for the count.
    var fitting: [Notice.Fact] {
        let room = facts.count + (unsaid.isEmpty ? 0 : 1) > Self.limit ? Self.limit - 1 : facts.count
        let missing = facts.count - room + unsaid.count
        guard missing > 0 else { return facts }
        return facts.prefix(room) + [Notice.Fact(name: "not shown", value: "\(missing) more")]
    }

    mutating func append(_ member: JSONObject.Member) {
        let name = Plain.line(member.name)
        if let text = Self.text(member.value) {
            append(name, text)
        } else if isOwn, !name.isEmpty {
            unsaid.insert(name)
        }
    }

    mutating func append(_ name: String, _ value: String) {
        if !name.isEmpty, !value.isEmpty, !facts.contains(where: { $0.name == name }) {
            facts.append(Notice.Fact(name: name, value: value))
        }
    }

    /// Nil of what takes more than a line.
    private static func text(_ value: JSONValue) -> String? {
        if let object = value.asObject, object.members.isEmpty { return "" }
        guard let elements = value.asArray else { return word(value) }
        let words = elements.prefix(elementLimit).compactMap(word)
        guard words.count == min(elements.count, elementLimit) else { return nil }
        let more = elements.count - words.count
        return (words + (more > 0 ? ["and \(more) more"] : [])).joined(separator: ", ")
    }

    private static func word(_ value: JSONValue) -> String? {
        switch value {
        case .string(let text): Plain.line(text)
        case .number(let number): number.text
        case .bool(let truth): truth ? "yes" : "no"
        case .null, .array, .object: nil
        }
    }
}
