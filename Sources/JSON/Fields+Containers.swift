extension Fields {
    // MARK: - Objects

    /// A nested object; nil, with the mistake kept, when it is missing or no object.
    @discardableResult
    package mutating func object<T>(
        _ name: String, _ body: (inout Fields) throws -> T
    ) rethrows -> T? {
        if present(name) == nil { failMissing(name) }
        return try object(optional: name, body)
    }

    @discardableResult
    package mutating func object<T>(
        optional name: String, _ body: (inout Fields) throws -> T
    ) rethrows -> T? {
        guard let value = present(name) else { return nil }
        return try object(value, at: JSONPointer.member(name, of: pointer), body)
    }

    // MARK: - Arrays

    /// An array of objects, each decoded by `body`. Elements that are no objects are left out, with the
    /// mistake kept.
    @discardableResult
    package mutating func array<T>(
        _ name: String, count: ClosedRange<Int>, _ body: (inout Fields) throws -> T
    ) rethrows -> [T] {
        if present(name) == nil { failMissing(name) }
        return try array(optional: name, count: count, body) ?? []
    }

    @discardableResult
    package mutating func array<T>(
        optional name: String, count: ClosedRange<Int>, _ body: (inout Fields) throws -> T
    ) rethrows -> [T]? {
        guard let elements = optional(name, { .elements($0, count: count) }) else { return nil }
        let array = JSONPointer.member(name, of: pointer)
        var decoded: [T] = []
        for (index, element) in elements.enumerated() {
            let place = JSONPointer.element(index, of: array)
            if let value = try object(element, at: place, body) { decoded.append(value) }
        }
        return decoded
    }

    /// The elements as they are, for each to be judged by itself.
    package mutating func values(_ name: String, count: ClosedRange<Int>) -> [JSONValue] {
        required(name, standIn: []) { .elements($0, count: count) }
    }

    /// An array of strings; see `string` for how lengths are counted.
    package mutating func strings(
        _ name: String, count: ClosedRange<Int>, each length: ClosedRange<Int>
    ) -> [String] {
        requiredList(name, count: count) { .string($0, length) }
    }

    package mutating func strings(
        _ name: String, count: ClosedRange<Int>, each length: ClosedRange<Int>, default: [String]
    ) -> [String] {
        list(name, count: count) { .string($0, length) } ?? `default`
    }

    package mutating func strings(
        optional name: String, count: ClosedRange<Int>, each length: ClosedRange<Int>
    ) -> [String]? {
        list(name, count: count) { .string($0, length) }
    }

    /// An array of an enum's raw values.
    package mutating func choices<Choice: FieldChoice>(
        _ name: String, _ type: Choice.Type, count: ClosedRange<Int>
    ) -> [Choice] {
        requiredList(name, count: count) { .choice($0, type) }
    }

    package mutating func choices<Choice: FieldChoice>(
        _ name: String, _ type: Choice.Type, count: ClosedRange<Int>, default: [Choice]
    ) -> [Choice] {
        list(name, count: count) { .choice($0, type) } ?? `default`
    }

    package mutating func choices<Choice: FieldChoice>(
        optional name: String, _ type: Choice.Type, count: ClosedRange<Int>
    ) -> [Choice]? {
        list(name, count: count) { .choice($0, type) }
    }

    /// An array of strings that a domain type reads.
    package mutating func parsedList<T>(
        _ name: String, count: ClosedRange<Int>, expected: String, default: [T]? = nil,
        _ parse: (String) -> T?
    ) -> [T] {
        guard let `default` else {
            return requiredList(name, count: count) { .parsed($0, expected, parse) }
        }
        return list(name, count: count) { .parsed($0, expected, parse) } ?? `default`
    }

    // MARK: - Inside

    private mutating func object<T>(
        _ value: JSONValue, at pointer: String, _ body: (inout Fields) throws -> T
    ) rethrows -> T? {
        guard case .object(let object) = value else {
            fail(at: pointer, code: FieldCode.wrongType, "must be an object")
            return nil
        }
        return try inner(object, at: pointer, body)
    }

    private mutating func requiredList<T>(
        _ name: String, count: ClosedRange<Int>, _ judge: (JSONValue) -> FieldVerdict<T>
    ) -> [T] {
        if present(name) == nil { failMissing(name) }
        return list(name, count: count, judge) ?? []
    }

    private mutating func list<T>(
        _ name: String, count: ClosedRange<Int>, _ judge: (JSONValue) -> FieldVerdict<T>
    ) -> [T]? {
        guard let elements = optional(name, { .elements($0, count: count) }) else { return nil }
        var accepted: [T] = []
        for (index, element) in elements.enumerated() {
            if let value = accept(judge(element), at: name, index: index) { accepted.append(value) }
        }
        return accepted
    }
}

extension FieldVerdict where T == [JSONValue] {
    /// When there are too many, none is looked at.
    static func elements(_ value: JSONValue, count: ClosedRange<Int>) -> Self {
        guard case .array(let elements) = value else { return .wrongType("an array") }
        if elements.count < count.lowerBound {
            return .refused(code: FieldCode.tooFew, "must have at least \(count.lowerBound) elements")
        }
        if elements.count > count.upperBound {
            return .refused(code: FieldCode.tooMany, "must have at most \(count.upperBound) elements")
        }
        return .accepted(elements)
    }
}
