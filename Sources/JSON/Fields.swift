/// Decodes an object field by field and keeps every mistake, so that the sender learns all of them at once.
///
/// A field that is missing or wrong yields a stand-in (an empty string, the range's lower bound); `finish`
/// throws then, so a stand-in never goes further. Fields that nobody asked for are mistakes too. For optional
/// fields and fields with a default, null is the same as missing; `Nulls` says whether `has` agrees.
///
/// ```swift
/// var f = try Fields(body)
/// let name = f.string("name", 1...200)
/// let note = f.string(optional: "note", 0...2000)
/// let rotation = f.object(optional: "rotation") { f in f.int("days", 1...365) }
/// try f.finish()
/// ```
package struct Fields {
    /// What a field that is null means to who asks for it by `has`, `isNull` or `take`.
    package enum Nulls: Sendable {
        /// It is there, and null: a merge patch clears it.
        case kept
        /// It is not there: what is made new has nothing to clear.
        case missing
    }

    private let nulls: Nulls
    private let object: JSONObject
    /// Where the object stands in its document.
    package let pointer: String
    /// Names asked for so far, there or not.
    private var known: [String] = []
    /// Which members have been asked for, by position.
    private var isKnown: [Bool]
    private(set) var mistakes = FieldErrors()

    /// Throws `FieldErrors` when the value is no object.
    package init(_ value: JSONValue, nulls: Nulls = .kept) throws(FieldErrors) {
        guard case .object(let object) = value else {
            throw FieldErrors(
                FieldError(pointer: "", code: FieldCode.wrongType, message: "must be an object"))
        }
        self.init(object, pointer: "", nulls: nulls)
    }

    /// Throws `JSONError` when the bytes are no JSON, `FieldErrors` when they are no object.
    package init(_ bytes: [UInt8], limits: JSONLimits = .standard, nulls: Nulls = .kept) throws {
        try self.init(JSONValue.parse(bytes, limits: limits), nulls: nulls)
    }

    init(
        _ object: JSONObject, pointer: String, nulls: Nulls = .kept, mistakes: FieldErrors = FieldErrors()
    ) {
        self.nulls = nulls
        self.object = object
        isKnown = Array(repeating: false, count: object.count)
        known.reserveCapacity(object.count + 4)
        self.pointer = pointer
        self.mistakes = mistakes
    }

    /// Throws every mistake found, unknown fields included.
    package func finish() throws(FieldErrors) {
        let found = foundMistakes()
        guard found.isEmpty else { throw found }
    }

    /// The mistakes so far, without unknown fields: to skip costly work on a document that is refused anyway.
    package var hasMistakes: Bool { !mistakes.isEmpty }

    // MARK: - Presence

    /// The field is there, null or not (but for `Nulls.missing`).
    package mutating func has(_ name: String) -> Bool {
        member(name) != nil
    }

    /// The field is there and null. With `has`, a PATCH tells "clear it" from "leave it".
    package mutating func isNull(_ name: String) -> Bool {
        member(name) == .null
    }

    // MARK: - Mistakes

    /// A mistake that only the domain can see, at a field.
    package mutating func fail(_ name: String, code: String, _ message: String) {
        _ = member(name)
        fail(at: JSONPointer.member(name, of: pointer), code: code, message)
    }

    /// A mistake in one element of a field that is an array.
    package mutating func fail(_ name: String, index: Int, code: String, _ message: String) {
        _ = member(name)
        let array = JSONPointer.member(name, of: pointer)
        fail(at: JSONPointer.element(index, of: array), code: code, message)
    }

    /// A mistake in one member of a field that is an object.
    package mutating func fail(_ name: String, member inner: String, code: String, _ message: String) {
        _ = member(name)
        let object = JSONPointer.member(name, of: pointer)
        fail(at: JSONPointer.member(inner, of: object), code: code, message)
    }

    /// A mistake of the object as a whole, such as two fields that exclude each other.
    package mutating func fail(code: String, _ message: String) {
        fail(at: pointer, code: code, message)
    }

    mutating func fail(at pointer: String, code: String, _ message: String) {
        mistakes.append(FieldError(pointer: pointer, code: code, message: message))
    }

    mutating func failMissing(_ name: String) {
        fail(name, code: FieldCode.missing, "is required")
    }

    // MARK: - Inside

    /// The field's value; nil when it is missing.
    mutating func member(_ name: String) -> JSONValue? {
        known.append(name)
        guard let position = object.position(of: name) else { return nil }
        isKnown[position] = true
        let value = object.members[position].value
        // Not by `?:`, where nil would be JSON's.
        if nulls == .missing, case .null = value { return nil }
        return value
    }

    /// The field's value; nil when it is missing or null.
    mutating func present(_ name: String) -> JSONValue? {
        guard let value = member(name) else { return nil }
        if case .null = value { return nil }
        return value
    }

    /// What an inner object found comes back as this object's own.
    mutating func inner<T>(
        _ object: JSONObject, at pointer: String, _ body: (inout Fields) throws -> T
    ) rethrows -> T {
        var fields = Fields(object, pointer: pointer, mistakes: mistakes)
        let result = try body(&fields)
        mistakes = fields.foundMistakes()
        return result
    }

    private func foundMistakes() -> FieldErrors {
        var found = mistakes
        for (member, isKnown) in zip(object.members, isKnown) where !isKnown {
            found.append(unknownField(member.name))
        }
        return found
    }

    private func unknownField(_ name: String) -> FieldError {
        let hint = Suggestion.hint(for: name, among: known.filter { !object.contains($0) })
        return FieldError(
            pointer: JSONPointer.member(name, of: pointer), code: FieldCode.unknownField,
            message: "is not a field here\(hint)")
    }
}
