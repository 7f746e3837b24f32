package import JSON
import Kernel

/// What shall be asked of an exchange, before anything is signed: no time, nonce, key or signature in it.
package struct RequestDraft: Sendable, Equatable {
    package enum Method: String, CaseIterable, Sendable {
        case get = "GET", post = "POST", put = "PUT", delete = "DELETE", patch = "PATCH"

        package func hash(into hasher: inout Hasher) { hasher.combine(case: self) }
    }

    /// A name and a value of a query or a form.
    package struct Field: Sendable, Equatable {
        package let name: String
        package let value: String
        /// `name=value` as it is sent and signed, to the byte: encoded as its writer did.
        package let written: String

        package init(_ name: String, _ value: String) {
            (self.name, self.value) = (name, value)
            written = PercentEncoding.encode(name) + "=" + PercentEncoding.encode(value)
        }

        /// As a client wrote it; nil where two readers could understand it differently.
        package init?(written: Substring) {
            guard let middle = written.utf8.firstIndex(of: UInt8(ascii: "=")),
                let name = PercentEncoding.decode(written[..<middle], in: .query),
                let value = PercentEncoding.decode(written[written.utf8.index(after: middle)...], in: .query)
            else { return nil }
            (self.name, self.value, self.written) = (name, value, String(written))
        }
    }

    package enum Body: Sendable, Equatable {
        case none
        /// `application/x-www-form-urlencoded`; Binance and Kraken put time, nonce and signature among them.
        case form([Field])
        /// JSON, byte for byte as it will be sent.
        case json([UInt8])
    }

    package let method: Method
    /// Which of the exchange's hosts: one of `Exchange.aliases`.
    package let host: String
    /// As sent: percent-encoded, without query.
    package let path: String
    /// In the order in which they are sent.
    package let query: [Field]
    package let body: Body

    /// Refuses whatever two readers could understand differently.
    package init(
        _ method: Method, host: String, path: String, query: [Field] = [], body: Body = .none
    ) throws(DraftRefusal) {
        self.init(known: method, host: host, path: path, query: query, body: body)
        try DraftRules.check(path: path)
        try DraftRules.check(fields: hasForm ? query + form : query)
        if case .json(let bytes) = body { try DraftRules.check(json: bytes) }
    }

    /// For requests that stand in this room's own text.
    init(known method: Method, host: String, path: String, query: [Field] = [], body: Body = .none) {
        (self.method, self.host, self.path) = (method, host, path)
        (self.query, self.body) = (query, body)
    }

    var hasForm: Bool {
        if case .form = body { true } else { false }
    }

    var hasJSON: Bool {
        if case .json = body { true } else { false }
    }

    var form: [Field] {
        if case .form(let fields) = body { fields } else { [] }
    }
}

extension [RequestDraft.Field] {
    /// `a=1&b=2`, in the order given.
    var written: String {
        var text = ""
        text.reserveCapacity(reduce(0) { $0 + $1.written.utf8.count + 1 })
        for field in self {
            if !text.isEmpty { text += "&" }
            text += field.written
        }
        return text
    }

    /// The same without encoding, which some exchanges sign and none is sent.
    var unescaped: String { map { "\($0.name)=\($0.value)" }.joined(separator: "&") }

    /// Byte by byte.
    var sortedByName: [RequestDraft.Field] {
        sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }
}

/// Why a request is not taken. No case carries a value.
package enum DraftRefusal: Error, Sendable, Equatable {
    case path
    case fieldName
    case duplicateName(String)
    /// NUL, CR, LF or another control character.
    case controlCharacter(in: String)
    case tooManyFields
    case tooLong
    case notJSON(JSONError)
    /// JSON readers differ in what `1e3` is: an integer, or none.
    case exponent
}

/// Bounds and shapes of what may be signed.
private enum DraftRules {
    static let pathBytesAtMost = 2_048
    static let fieldsAtMost = 256
    /// As written, all together; exchanges refuse longer URLs anyway.
    static let fieldBytesAtMost = 16_384
    /// A batch of orders is far below; see `JSONLimits`.
    static let json = JSONLimits(depth: 16, textBytes: 1 << 18)

    static func check(path: String) throws(DraftRefusal) {
        guard path.utf8.count <= pathBytesAtMost else { throw .tooLong }
        if isSimple(path) { return }
        let segments = path.split(separator: "/", omittingEmptySubsequences: false)
        guard segments.first == "", segments.count > 1, segments.dropFirst().allSatisfy(isPlain) else {
            throw .path
        }
    }

    /// Words between slashes, as nearly every path is: what is none of them is looked at closely.
    private static func isSimple(_ path: String) -> Bool {
        var (isStart, isNamed) = (false, true)
        for byte in path.utf8 {
            if byte == UInt8(ascii: "/") {
                guard isNamed else { return false }
                (isStart, isNamed) = (true, false)
            } else {
                guard isStart, PercentEncoding.isUnreserved(byte) else { return false }
                isNamed = isNamed || byte != UInt8(ascii: ".")
            }
        }
        return isStart && isNamed
    }

    /// Not empty, no `.` or `..`, and only what a path holds without encoding, or whole `%xx`.
    private static func isPlain(_ segment: Substring) -> Bool {
        guard let decoded = PercentEncoding.decode(segment), !["", ".", ".."].contains(decoded) else {
            return false
        }
        return !decoded.unicodeScalars.contains {
            $0.value < 0x20 || $0.value == 0x7F || $0 == "/" || $0 == "\\"
        }
    }

    static func check(fields: [RequestDraft.Field]) throws(DraftRefusal) {
        guard fields.count <= fieldsAtMost else { throw .tooManyFields }
        var length = 0
        for (place, field) in fields.enumerated() {
            guard !field.name.isEmpty, !hasControl(field.name) else { throw .fieldName }
            guard !hasControl(field.value) else { throw .controlCharacter(in: field.name) }
            guard fields.count > fewFields || !fields[..<place].contains(where: { isSame($0, field) }) else {
                throw .duplicateName(field.name)
            }
            length += field.written.utf8.count
        }
        guard length <= fieldBytesAtMost else { throw .tooLong }
        if fields.count > fewFields { try checkNames(of: fields) }
    }

    /// Fewer are compared one with the other.
    private static let fewFields = 12

    private static func checkNames(of fields: [RequestDraft.Field]) throws(DraftRefusal) {
        var names: Set<[UInt8]> = []
        for field in fields where !names.insert(Array(field.name.utf8)).inserted {
            throw .duplicateName(field.name)
        }
    }

    private static func isSame(_ a: RequestDraft.Field, _ b: RequestDraft.Field) -> Bool {
        a.name.utf8.elementsEqual(b.name.utf8)
    }

    private static func hasControl(_ text: String) -> Bool {
        text.utf8.contains { $0 < 0x20 || $0 == 0x7F }
    }

    /// The reader refuses invalid UTF-8, NUL, duplicate names and control characters in strings.
    static func check(json bytes: [UInt8]) throws(DraftRefusal) {
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue.parse(bytes, limits: json)
        } catch {
            throw .notJSON(error)
        }
        guard !value.hasExponent else { throw .exponent }
    }
}

extension JSONValue {
    /// Anywhere inside.
    var hasExponent: Bool {
        switch self {
        case .number(let number): number.text.utf8.contains { $0 | 0x20 == UInt8(ascii: "e") }
        case .array(let elements): elements.contains(where: \.hasExponent)
        case .object(let object): object.members.contains { $0.value.hasExponent }
        default: false
        }
    }
}
