extension Fields {
    // MARK: - Strings

    /// Lengths are counted in Unicode scalars, which is what every language can count and PostgreSQL's
    /// `char_length` counts. U+0000 is always refused: PostgreSQL's text cannot hold it.
    package mutating func string(_ name: String, _ length: ClosedRange<Int>) -> String {
        required(name, standIn: "") { .string($0, length) }
    }

    package mutating func string(_ name: String, _ length: ClosedRange<Int>, default: String) -> String {
        optional(name) { .string($0, length) } ?? `default`
    }

    package mutating func string(optional name: String, _ length: ClosedRange<Int>) -> String? {
        optional(name) { .string($0, length) }
    }

    // MARK: - Numbers

    /// An integer without fraction or exponent.
    package mutating func int(_ name: String, _ range: ClosedRange<Int>) -> Int {
        required(name, standIn: range.lowerBound) { .int($0, range) }
    }

    package mutating func int(_ name: String, _ range: ClosedRange<Int>, default: Int) -> Int {
        optional(name) { .int($0, range) } ?? `default`
    }

    package mutating func int(optional name: String, _ range: ClosedRange<Int>) -> Int? {
        optional(name) { .int($0, range) }
    }

    /// The nearest double to the written number.
    package mutating func double(_ name: String, _ range: ClosedRange<Double>) -> Double {
        required(name, standIn: range.lowerBound) { .double($0, range) }
    }

    package mutating func double(
        _ name: String, _ range: ClosedRange<Double>, default: Double
    ) -> Double {
        optional(name) { .double($0, range) } ?? `default`
    }

    package mutating func double(optional name: String, _ range: ClosedRange<Double>) -> Double? {
        optional(name) { .double($0, range) }
    }

    // MARK: - Truth

    package mutating func bool(_ name: String) -> Bool {
        required(name, standIn: false) { .bool($0) }
    }

    package mutating func bool(_ name: String, default: Bool) -> Bool {
        optional(name) { .bool($0) } ?? `default`
    }

    package mutating func bool(optional name: String) -> Bool? {
        optional(name) { .bool($0) }
    }

    // MARK: - Choices

    /// One of an enum's raw values; the message lists them.
    package mutating func choice<Choice: FieldChoice>(_ name: String, _ type: Choice.Type) -> Choice {
        required(name, standIn: Choice.standIn) { .choice($0, type) }
    }

    package mutating func choice<Choice: FieldChoice>(
        _ name: String, _ type: Choice.Type, default: Choice
    ) -> Choice {
        optional(name) { .choice($0, type) } ?? `default`
    }

    package mutating func choice<Choice: FieldChoice>(
        optional name: String, _ type: Choice.Type
    ) -> Choice? {
        optional(name) { .choice($0, type) }
    }

    // MARK: - Text with a meaning

    /// A string that a domain type reads: `f.parsed("expires_at", expected: "an RFC 3339 time") {
    /// Timestamp($0) }`. nil, with the mistake kept, when it is missing or the type refuses it.
    package mutating func parsed<T>(
        _ name: String, expected: String, _ parse: (String) -> T?
    ) -> T? {
        guard let value = present(name) else {
            failMissing(name)
            return nil
        }
        return accept(.parsed(value, expected, parse), at: name)
    }

    /// As above, with a stand-in instead of nil.
    package mutating func parsed<T>(
        _ name: String, expected: String, standIn: T, _ parse: (String) -> T?
    ) -> T {
        parsed(name, expected: expected, parse) ?? standIn
    }

    package mutating func parsed<T>(
        optional name: String, expected: String, _ parse: (String) -> T?
    ) -> T? {
        optional(name) { .parsed($0, expected, parse) }
    }

    // MARK: - Anything

    /// The value as it is, nil when missing. Refused only when a string in it holds U+0000.
    package mutating func take(_ name: String) -> JSONValue? {
        guard let value = member(name) else { return nil }
        guard !value.holdsNUL else {
            fail(name, code: FieldCode.malformed, FieldVerdict<String>.nulMessage)
            return nil
        }
        return value
    }

    // MARK: - Inside

    mutating func required<T>(
        _ name: String, standIn: T, _ judge: (JSONValue) -> FieldVerdict<T>
    ) -> T {
        guard let value = present(name) else {
            failMissing(name)
            return standIn
        }
        return accept(judge(value), at: name) ?? standIn
    }

    mutating func optional<T>(_ name: String, _ judge: (JSONValue) -> FieldVerdict<T>) -> T? {
        guard let value = present(name) else { return nil }
        return accept(judge(value), at: name)
    }

    /// The pointer is made for a refused value only.
    mutating func accept<T>(_ verdict: FieldVerdict<T>, at name: String, index: Int? = nil) -> T? {
        switch verdict {
        case .accepted(let value): return value
        case .refused(let code, let message):
            var place = JSONPointer.member(name, of: pointer)
            if let index { place = JSONPointer.element(index, of: place) }
            fail(at: place, code: code, message)
            return nil
        }
    }
}

extension JSONValue {
    var holdsNUL: Bool {
        switch self {
        case .null, .bool, .number: false
        case .string(let text): text.utf8.contains(0)
        case .array(let elements): elements.contains { $0.holdsNUL }
        case .object(let object): object.members.contains { $0.name.utf8.contains(0) || $0.value.holdsNUL }
        }
    }
}
