import JSON
package import Kernel

/// The query of a request, read name by name; all mistakes are reported at once. Unknown and repeated names
/// are mistakes. Pointers of mistakes read `query:name`.
package struct Parameters {
    private var values: [String: String] = [:]
    private var unread: Set<String> = []
    private var known: [String] = []
    private var mistakes = FieldErrors()

    package init(_ raw: ArraySlice<UInt8>?) throws(Problem) {
        guard let raw else { return }
        do throws(QueryError) {
            for parameter in try Query(raw).parameters {
                if values.updateValue(parameter.value, forKey: parameter.name) != nil {
                    fail(parameter.name, code: "repeated", "stands more than once")
                }
            }
        } catch {
            throw Problem(.invalidParameter, error.sentence)
        }
        unread = Set(values.keys)
    }

    package mutating func fail(_ name: String, code: String, _ message: String) {
        mistakes.append(FieldError(pointer: "query:\(name)", code: code, message: message))
    }

    package mutating func text(_ name: String, _ length: ClosedRange<Int> = 1...200) -> String? {
        guard let value = take(name) else { return nil }
        let count = value.unicodeScalars.count
        if count < length.lowerBound {
            fail(name, code: FieldCode.tooShort, "must have at least \(length.lowerBound) characters")
        } else if count > length.upperBound {
            fail(name, code: FieldCode.tooLong, "must have at most \(length.upperBound) characters")
        } else if value.utf8.contains(0) {
            fail(name, code: FieldCode.malformed, "must not hold NUL")
        } else {
            return value
        }
        return nil
    }

    /// A value that must be there.
    package mutating func required<Value>(_ name: String, _ read: (inout Parameters) -> Value?) -> Value? {
        let isThere = values[name] != nil
        let value = read(&self)
        if !isThere { fail(name, code: FieldCode.missing, "is required") }
        return value
    }

    package mutating func int(_ name: String, _ range: ClosedRange<Int>) -> Int? {
        guard let value = take(name) else { return nil }
        guard let number = Int(value), range.contains(number), !value.hasPrefix("+") else {
            fail(
                name, code: FieldCode.outOfRange,
                "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    package mutating func bool(_ name: String, default fallback: Bool) -> Bool {
        switch take(name) {
        case nil: return fallback
        case "true": return true
        case "false": return false
        default:
            fail(name, code: FieldCode.notAChoice, "must be true or false")
            return fallback
        }
    }

    package mutating func choice<Choice: CaseIterable & RawRepresentable>(
        _ name: String, _ type: Choice.Type
    ) -> Choice? where Choice.RawValue == String {
        guard let value = take(name) else { return nil }
        if let choice = Choice(rawValue: value) { return choice }
        let choices = Choice.allCases.map(\.rawValue)
        let guess = Suggestion.closest(to: value, among: choices).map { "; did you mean \($0)?" } ?? ""
        fail(name, code: FieldCode.notAChoice, "must be one of \(choices.joined(separator: ", "))\(guess)")
        return nil
    }

    /// - Parameter expected: how the mistake goes on after "must be".
    package mutating func parsed<Value>(_ name: String, expected: String, _ parse: (String) -> Value?)
        -> Value?
    {
        guard let text = take(name) else { return nil }
        if let value = parse(text) { return value }
        fail(name, code: FieldCode.malformed, "must be \(expected)")
        return nil
    }

    package mutating func time(_ name: String) -> Timestamp? {
        parsed(name, expected: "an RFC 3339 time") { Timestamp($0) }
    }

    /// `[from, to)`; either may be left open.
    package mutating func fromTo() -> (from: Timestamp?, to: Timestamp?) {
        let (from, to) = (time("from"), time("to"))
        if let from, let to, to <= from { fail("to", code: FieldCode.outOfRange, "must be after from") }
        return (from, to)
    }

    package mutating func id<Kind: IDKind>(_ name: String, _ kind: Kind.Type) -> ID<Kind>? {
        parsed(name, expected: "an id that begins with \(Kind.prefix)_") { ID<Kind>($0) }
    }

    /// How many items a page may have; 50 when nothing is said.
    package mutating func limit(upTo most: Int = 200) -> Int { int("limit", 1...most) ?? min(50, most) }

    package mutating func cursor() -> Cursor? {
        parsed("cursor", expected: "the next_cursor of a previous answer") { Cursor($0) }
    }

    /// Where the previous page of a list ended that is sorted by one thing alone.
    package mutating func cursor<Place>(_ parse: (String) -> Place?) -> Place? {
        parsed("cursor", expected: "the next_cursor of a previous answer") { text in
            Cursor(text).flatMap { $0.parts.count == 1 ? parse($0.parts[0]) : nil }
        }
    }

    /// Stands for the list that is asked for: its sort and filters as they were sent, whatever the page
    /// (FNV-1a).
    package var mark: String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for (name, value) in values.sorted(by: { $0.key < $1.key }) where name != "cursor" && name != "limit"
        {
            for byte in "\(name)=\(value)&".utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        }
        return String(hash >> 24, radix: 36)
    }

    /// Names that nobody asked for are no mistakes: somebody else's protocol says so.
    package mutating func passOverOthers() { unread = [] }

    /// Throws all mistakes, names that nobody asked for included.
    package consuming func finish() throws(Problem) {
        // Most requests bring no query; sorting nothing costs 300 instructions.
        if unread.isEmpty, mistakes.isEmpty { return }
        for name in unread.sorted() {
            let guess = Suggestion.closest(to: name, among: known).map { "; did you mean \($0)?" } ?? ""
            fail(name, code: "unknown_parameter", "is not a parameter here\(guess)")
        }
        guard mistakes.isEmpty else {
            throw Problem(.invalidParameter, "Some query parameters are wrong.", errors: mistakes.errors)
        }
    }

    private mutating func take(_ name: String) -> String? {
        known.append(name)
        unread.remove(name)
        return values[name]
    }
}

/// Where the next page begins: the sort key of the last item, opaque to clients, checked on the way in.
package struct Cursor: Equatable, Sendable {
    package let parts: [String]

    package init(_ parts: [String]) { self.parts = parts }

    /// Base64url of the parts, each preceded by its length.
    package var text: String {
        let bytes = parts.flatMap { Array("\($0.utf8.count):\($0)".utf8) }
        return String(decoding: Base64URL.encode(bytes), as: UTF8.self)
    }

    package init?(_ text: String) {
        guard text.utf8.count <= 1_024, let bytes = Base64URL.decode(Array(text.utf8)) else { return nil }
        var rest = bytes[...]
        var parts: [String] = []
        while !rest.isEmpty {
            guard let colon = rest.prefix(5).firstIndex(of: UInt8(ascii: ":")),
                let count = Int(String(decoding: rest[..<colon], as: UTF8.self)), count >= 0,
                rest.count - (colon - rest.startIndex) - 1 >= count
            else { return nil }
            let start = colon + 1
            guard let part = String(validating: rest[start..<start + count], as: UTF8.self) else {
                return nil
            }
            parts.append(part)
            rest = rest[(start + count)...]
        }
        self.parts = parts
    }
}

/// RFC 4648 5 without padding; small texts only.
private enum Base64URL {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    static func encode(_ bytes: [UInt8]) -> [UInt8] {
        var (out, buffer, bits): ([UInt8], UInt32, UInt32) = ([], 0, 0)
        for byte in bytes {
            buffer = buffer << 8 | UInt32(byte)
            bits += 8
            while bits >= 6 {
                bits -= 6
                out.append(alphabet[Int(buffer >> bits & 63)])
            }
        }
        if bits > 0 { out.append(alphabet[Int(buffer << (6 - bits) & 63)]) }
        return out
    }

    static func decode(_ text: [UInt8]) -> [UInt8]? {
        var (out, buffer, bits): ([UInt8], UInt32, UInt32) = ([], 0, 0)
        for byte in text {
            guard let value = alphabet.firstIndex(of: byte) else { return nil }
            buffer = buffer << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                out.append(UInt8(truncatingIfNeeded: buffer >> bits))
            }
        }
        return out
    }
}
