import JSON
import Kernel

/// The parameters of a request, or of one order of a batch, by name.
///
/// An empty text is as good as absent, as exchanges take it. Where one is asked for as a number, a flag or a
/// choice and is none, the request is refused: what cannot be read cannot be judged.
struct Parameters: Sendable {
    enum Value: Sendable {
        case text(String)
        case json(JSONValue)
    }

    private var values: [(name: String, part: MeaningProblem.Part, value: Value)] = []
    /// Of a list of orders: where it stands, for people.
    let place: String
    /// JSON inside a query or a form, where everything may be a text.
    private let isInText: Bool

    /// - Parameters:
    ///   - captures: what stands in the path for the placeholders of its table.
    ///   - inBoth: what query and body may both say, if they say the same.
    init(
        _ draft: RequestDraft, captures: [String: String] = [:], inBoth: Set<String> = []
    ) throws(MeaningProblem) {
        (place, isInText) = ("", false)
        for (name, text) in captures { values.append((name, .path, .text(text))) }
        for field in draft.query { values.append((field.name, .query, .text(field.value))) }
        for field in draft.form { values.append((field.name, .body, .text(field.value))) }
        guard case .json(let bytes) = draft.body else { return }
        switch try Self.json(bytes, of: nil) {
        case .object(let object):
            for member in object.members {
                guard !has(member.name) else {
                    if inBoth.contains(member.name), repeats(member) { continue }
                    throw MeaningProblem(.body, member.name, "stands in the query or the path, too")
                }
                values.append((member.name, .body, .json(member.value)))
            }
        case .array(let rows): values.append((Self.list, .body, .json(.array(rows))))
        default: throw MeaningProblem(.body, nil, "is neither an object nor a list")
        }
    }

    private init(_ object: JSONObject, part: MeaningProblem.Part, place: String, isInText: Bool) {
        (self.place, self.isInText) = (place, isInText)
        values = object.members.map { ($0.name, part, .json($0.value)) }
    }

    /// What the query says already, in the same text.
    private func repeats(_ member: JSONObject.Member) -> Bool {
        guard let other = values.first(where: { $0.name.utf8.elementsEqual(member.name.utf8) }),
            other.part == .query, case .text(let text) = other.value, let own = member.value.asString
        else { return false }
        return own.utf8.elementsEqual(text.utf8)
    }

    /// The name of a body that is a list.
    static let list = "[]"

    private static func json(_ bytes: [UInt8], of name: String?) throws(MeaningProblem) -> JSONValue {
        do throws(JSONError) {
            return try JSONValue.parse(bytes, limits: JSONLimits(depth: 16, textBytes: 1 << 18))
        } catch {
            throw MeaningProblem(.body, name, "is not JSON: \(error.kind)")
        }
    }
}

// MARK: Which there are

extension Parameters {
    func has(_ name: String) -> Bool { values.contains { $0.name.utf8.elementsEqual(name.utf8) } }

    /// Not there, or nothing in it.
    func isEmpty(_ name: String) -> Bool {
        switch value(name) {
        case nil, .json(.null): true
        case .text(let text), .json(.string(let text)): text.isEmpty
        case .json(.array(let elements)): elements.isEmpty
        default: false
        }
    }

    /// Refuses what a table does not know: it could do anything.
    func check(known: KnownNames) throws(MeaningProblem) {
        for (name, part, _) in values where part != .path {
            guard known.names(in: part).contains(where: { $0.utf8.elementsEqual(name.utf8) }) else {
                throw MeaningProblem(part, place + name, "is not known here")
            }
        }
    }

    func problem(_ name: String, _ sentence: String) -> MeaningProblem {
        MeaningProblem(values.first { $0.name == name }?.part ?? .body, place + name, sentence)
    }

    func value(_ name: String) -> Value? {
        values.first { $0.name.utf8.elementsEqual(name.utf8) }?.value
    }
}

// MARK: What they say

extension Parameters {
    /// Printable ASCII, as every word of every exchange is; nil when absent or empty.
    func word(_ name: String) throws(MeaningProblem) -> String? {
        guard let text = try text(name) else { return nil }
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw problem(name, "holds more than printable ASCII")
        }
        return text
    }

    func needed(_ name: String) throws(MeaningProblem) -> String {
        guard let word = try word(name) else { throw problem(name, "is needed") }
        return word
    }

    /// A symbol may hold letters of any script; compare it byte for byte.
    func symbol(_ name: String = "symbol") throws(MeaningProblem) -> String {
        guard let text = try text(name) else { throw problem(name, "is needed") }
        let isOdd = { (scalar: Unicode.Scalar) in
            scalar.value <= 0x20 || scalar.value == 0x7F || ",;[]{}\"".unicodeScalars.contains(scalar)
        }
        guard text.utf8.count <= 64, !text.unicodeScalars.contains(where: isOdd) else {
            throw problem(name, "is no symbol")
        }
        return text
    }

    /// A text, or a number or a flag as it is written.
    func text(_ name: String) throws(MeaningProblem) -> String? {
        switch value(name) {
        case nil, .json(.null): return nil
        case .text(let text), .json(.string(let text)): return text.isEmpty ? nil : text
        case .json(.number(let number)): return number.text
        case .json(.bool(let flag)): return flag ? "true" : "false"
        default: throw problem(name, "must be a text")
        }
    }

    /// Not negative: exchanges that give a sign a meaning ask for `signed`.
    func decimal(_ name: String) throws(MeaningProblem) -> Decimal? {
        guard let value = try signed(name) else { return nil }
        guard !value.isNegative else { throw problem(name, "must not be negative") }
        return value
    }

    func signed(_ name: String) throws(MeaningProblem) -> Decimal? {
        guard let text = try text(name) else { return nil }
        guard let value = Decimal(text) else {
            throw problem(
                name,
                Self.isPlain(text)
                    ? "has too many digits: \(Decimal.digitsAtMost) at most, \(Decimal.scaleAtMost) of them "
                        + "behind the point"
                    : "must be a plain decimal number: no exponent, sign of plus or unit")
        }
        return value
    }

    /// As a decimal number is written, however many digits it has.
    private static func isPlain(_ text: String) -> Bool {
        let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
        let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, parts[0].utf8.count == 1 || !parts[0].hasPrefix("0") else { return false }
        return parts.allSatisfy { part in
            !part.isEmpty && part.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        }
    }

    /// In JSON true and false are no texts: a server that does not take a text for a flag leaves it out of
    /// account, and an order that should only reduce opens. Some servers take both.
    func flag(_ name: String, orText: Bool = false) throws(MeaningProblem) -> Bool {
        switch value(name) {
        case .json(.bool(let flag)): return flag
        case nil, .json(.null): return false
        case .text(let text): return try flag(name, text)
        case .json(.string(let text)) where text.isEmpty || orText || isInText: return try flag(name, text)
        default: throw problem(name, "must be true or false")
        }
    }

    private func flag(_ name: String, _ text: String) throws(MeaningProblem) -> Bool {
        switch text {
        // Binance also takes capital letters.
        case "true", "TRUE": return true
        case "false", "FALSE", "": return false
        default: throw problem(name, "must be true or false")
        }
    }

    /// One of a closed set; nil when absent.
    /// - Parameter isFolding: the exchange takes capital letters for small ones; the choices are small.
    func choice<Meaning>(
        _ name: String, _ choices: [String: Meaning], isFolding: Bool = false
    ) throws(MeaningProblem) -> Meaning? {
        guard let written = try word(name) else { return nil }
        let word = isFolding ? written.lowercased() : written
        guard let meaning = choices[word] else {
            let names = choices.keys.sorted().joined(separator: ", ")
            throw problem(name, "must be one of \(names)")
        }
        return meaning
    }

    func neededChoice<Meaning>(
        _ name: String, _ choices: [String: Meaning], isFolding: Bool = false
    ) throws(MeaningProblem) -> Meaning {
        guard let meaning = try choice(name, choices, isFolding: isFolding) else {
            throw problem(name, "is needed")
        }
        return meaning
    }
}

// MARK: Lists and parts

extension Parameters {
    /// No exchange takes more in one request.
    private static let rowsAtMost = 50

    /// The orders of a batch, which a query or form holds as JSON. Each may hold what the table knows.
    func rows(_ name: String, known: KnownNames) throws(MeaningProblem) -> [Parameters] {
        let found: JSONValue
        switch value(name) {
        case .json(let value): found = value
        case .text(let text): found = try Self.json(Array(text.utf8), of: name)
        case nil: throw problem(name, "is needed")
        }
        guard let elements = found.asArray, !elements.isEmpty, elements.count <= Self.rowsAtMost else {
            throw problem(name, "must be a list of 1 to \(Self.rowsAtMost)")
        }
        var rows: [Parameters] = []
        for (index, element) in elements.enumerated() {
            rows.append(try part(element, name, "\(place)\(name)[\(index)].", known))
        }
        return rows
    }

    /// An object inside; nil when absent.
    func object(_ name: String, known: KnownNames) throws(MeaningProblem) -> Parameters? {
        guard has(name), case .json(let value)? = value(name), !value.isNull else {
            if has(name), case .text? = value(name) { throw problem(name, "must be an object") }
            return nil
        }
        return try part(value, name, "\(place)\(name).", known)
    }

    private func part(
        _ value: JSONValue, _ name: String, _ place: String, _ known: KnownNames
    ) throws(MeaningProblem) -> Parameters {
        guard let object = value.asObject else { throw problem(name, "must hold objects") }
        // A body's own numbers are looked at before; those inside a text of a query are not.
        guard !value.hasExponent else { throw problem(name, "has a number with an exponent; write it out") }
        let isInText = if case .text? = self.value(name) { true } else { self.isInText }
        let part = Parameters(
            object, part: values.first { $0.name == name }?.part ?? .body, place: place, isInText: isInText)
        try part.check(known: known.anywhere)
        return part
    }

    /// Of an object that says by a name what it is.
    func names() -> [String] { values.map(\.name) }
}
