import Crypto
import JSON

/// An own event as a client pushes it.
struct CustomEvent {
    /// The whole event, as text, its numbers written out.
    static let bytesAtMost = 16 * 1_024
    /// Of one number, written out: more than any double needs, and what our own reader takes back
    /// (`JSONLimits.numberBytes`). jsonb keeps 1e131000 in a few bytes and hands out 131,000.
    private static let digitsAtMost = 400
    private static let dataDepth = 8
    private static let dataMembers = 64
    /// What conditions see of every event beside its data.
    private static let takenNames = ["id", "type", "at", "subject", "security", "actor_id"]
    private static let taken = takenNames.joined(separator: ", ")

    static let idBytes = 1...100

    /// The client's own, under which it is stored once.
    let id: String?
    let type: EventType
    let subject: String?
    let data: JSONObject

    init(_ value: JSONValue) throws(FieldErrors) {
        var f = try Fields(value, nulls: .missing)
        id = f.parsed(optional: "id", expected: "1 to 100 visible characters of ASCII", Self.id)
        let name = f.string("type", 1...100)
        let type = EventType(name)
        if f.has("type"), !name.isEmpty, type?.isCustom != true {
            f.fail("type", code: "type_not_custom", "must be custom. and parts of a-z, 0-9 and _")
        }
        subject = f.string(optional: "subject", 1...200)
        if let subject, subject.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) {
            f.fail("subject", code: FieldCode.malformed, "must not hold control characters")
        }
        data = Self.data(&f)
        if value.bytes.count + value.bytesWrittenOutMore > Self.bytesAtMost {
            f.fail(code: "too_large", "must have at most 16 KB")
        }
        try f.finish()
        guard let type else { throw FieldErrors() }
        self.type = type
    }

    private static func id(_ text: String) -> String? {
        idBytes.contains(text.utf8.count) && text.utf8.allSatisfy { (33...126).contains($0) } ? text : nil
    }

    /// The client's own, of what may be no event otherwise.
    static func id(in value: JSONValue) -> String? { value["id"]?.asString.flatMap { id($0) } }

    private static func data(_ f: inout Fields) -> JSONObject {
        guard let value = f.take("data") else { return JSONObject() }
        guard let data = value.asObject else {
            f.fail("data", code: FieldCode.wrongType, "must be an object")
            return JSONObject()
        }
        if data.count > dataMembers {
            f.fail("data", code: FieldCode.tooMany, "must have at most 64 members")
        }
        if value.depth > dataDepth {
            f.fail("data", code: FieldCode.malformed, "must be at most 8 levels deep")
        }
        for member in data.members.prefix(dataMembers) { check(member.name, member.value, &f) }
        return data
    }

    private static func check(_ name: String, _ value: JSONValue, _ f: inout Fields) {
        if !isName(name) {
            f.fail(
                "data", member: name, code: FieldCode.malformed,
                "must be named by at most 63 letters, digits and _, no digit first, and not be \(taken)"
            )
        }
        if value.hasNumber(over: digitsAtMost) {
            f.fail(
                "data", member: name, code: FieldCode.outOfRange,
                "must not hold a number of more than \(digitsAtMost) digits, its exponent written out")
        }
    }

    private static func isName(_ name: String) -> Bool {
        guard let first = name.utf8.first, first < 48 || first > 57, name.utf8.count <= 63 else {
            return false
        }
        let isWord = name.utf8.allSatisfy { byte in
            byte == 95 || (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
        }
        return isWord && !takenNames.contains(name)
    }
}

extension CustomEvent {
    /// Of all that is told under its id, in whatever order its fields are written.
    var digest: [UInt8] { digest(of: JSONValue.object(data).sorted) }

    /// Whether it is what was stored under its id. Before fields were sorted, the digest was of the data as
    /// it was written.
    func isToldBy(_ digest: [UInt8]) -> Bool {
        digest == self.digest || digest == self.digest(of: .object(data))
    }

    private func digest(of data: JSONValue) -> [UInt8] {
        let subject = self.subject.map { JSONValue.string($0) } ?? .null
        let told: JSONValue = [.string(type.name), subject, data]
        return SHA256.hash(told.bytes)
    }
}

extension JSONValue {
    /// With the members of each object in the order of their names.
    fileprivate var sorted: JSONValue {
        switch self {
        case .array(let elements): return .array(elements.map(\.sorted))
        case .object(let object):
            let members = object.members.map { ($0.name, $0.value.sorted) }
            return .object(
                JSONObject(members: members.sorted { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }))
        case .null, .bool, .number, .string: return self
        }
    }

    /// Containers inside one another, this one included.
    fileprivate var depth: Int {
        switch self {
        case .array(let elements): 1 + (elements.map(\.depth).max() ?? 0)
        case .object(let object): 1 + (object.members.map { $0.value.depth }.max() ?? 0)
        case .null, .bool, .number, .string: 0
        }
    }

    fileprivate func hasNumber(over digits: Int) -> Bool {
        switch self {
        case .array(let elements): elements.contains { $0.hasNumber(over: digits) }
        case .object(let object): object.members.contains { $0.value.hasNumber(over: digits) }
        case .number(let number): number.digitsWrittenOut > digits
        case .null, .bool, .string: false
        }
    }

    /// What its numbers grow by when their exponents are written out.
    fileprivate var bytesWrittenOutMore: Int {
        switch self {
        case .array(let elements): elements.reduce(0) { $0 + $1.bytesWrittenOutMore }
        case .object(let object): object.members.reduce(0) { $0 + $1.value.bytesWrittenOutMore }
        case .number(let number): max(number.digitsWrittenOut - number.text.utf8.count, 0)
        case .null, .bool, .string: 0
        }
    }
}
