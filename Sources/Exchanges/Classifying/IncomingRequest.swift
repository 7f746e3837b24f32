import JSON

/// A request for an exchange, as a client wrote it and before anybody understood it.
package struct IncomingRequest: Sendable, Equatable {
    package var method: String
    /// Which of the exchange's hosts: one of `Exchange.aliases`.
    package var host: String
    /// Behind the host, still encoded, without the query.
    package var path: String
    /// Behind the first `?`, still encoded.
    package var query: String
    package var contentType: String?
    package var body: [UInt8]

    package init(
        _ method: String, host: String, path: String, query: String = "", contentType: String? = nil,
        body: [UInt8] = []
    ) {
        (self.method, self.host, self.path, self.query) = (method, host, path, query)
        (self.contentType, self.body) = (contentType, body)
    }
}

/// What an exchange reads in a body.
enum BodyFormat: String, Sendable {
    case form = "application/x-www-form-urlencoded"
    case json = "application/json"
}

extension IncomingRequest {
    /// The request in parts, if it has one reading only; what its writer wrote is kept to the byte.
    /// - Parameter formats: of a body, at this host.
    func draft(in formats: [BodyFormat]) throws(MeaningProblem) -> RequestDraft {
        guard let method = RequestDraft.Method(rawValue: method) else {
            throw MeaningProblem(.method, nil, "is not one that exchanges read, in capital letters")
        }
        let fields = try Self.fields(in: query, of: .query)
        let content = try content(in: formats)
        do throws(DraftRefusal) {
            return try RequestDraft(method, host: host, path: path, query: fields, body: content)
        } catch {
            throw MeaningProblem(error, inQuery: fields)
        }
    }

    private func content(in formats: [BodyFormat]) throws(MeaningProblem) -> RequestDraft.Body {
        guard !body.isEmpty else { return .none }
        guard body.count <= Self.bodyBytesAtMost else { throw MeaningProblem(.body, nil, "is too long") }
        guard let contentType, let format = formats.first(where: { Self.isType(contentType, $0) }) else {
            let wanted = formats.map(\.rawValue).joined(separator: " or ")
            throw MeaningProblem(
                .body, nil, wanted.isEmpty ? "is not read here" : "must be sent as \(wanted)")
        }
        if format == .json { return .json(body) }
        guard let text = String(validating: body, as: UTF8.self) else {
            throw MeaningProblem(.body, nil, "is not UTF-8")
        }
        return .form(try Self.fields(in: text, of: .body))
    }

    /// A batch of orders is far below.
    private static let bodyBytesAtMost = 1 << 18

    private static func fields(
        in text: String, of part: MeaningProblem.Part
    ) throws(MeaningProblem) -> [RequestDraft.Field] {
        guard !text.isEmpty else { return [] }
        var fields: [RequestDraft.Field] = []
        // Of bytes: characters cost much more, and none of them joins with a `&`.
        for bytes in text.utf8.split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: false) {
            let pair = Substring(bytes)
            guard let field = RequestDraft.Field(written: pair) else {
                throw MeaningProblem(
                    part, nil,
                    "has a parameter that is no name=value, or holds what must be encoded, as + and ;")
            }
            fields.append(field)
        }
        return fields
    }

    /// The type, and UTF-8 where it names an encoding at all.
    private static func isType(_ text: String, _ format: BodyFormat) -> Bool {
        let parts = text.lowercased().split(separator: ";", omittingEmptySubsequences: false).map { part in
            String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
        guard parts.first == format.rawValue, parts.count <= 2 else { return false }
        return parts.count == 1 || ["charset=utf-8", "charset=\"utf-8\""].contains(parts[1])
    }
}

extension MeaningProblem {
    init(_ refusal: DraftRefusal, inQuery query: [RequestDraft.Field]) {
        let place = { (name: String) in query.contains { $0.name == name } ? Part.query : .body }
        switch refusal {
        case .path: self.init(.path, nil, "can be read in two ways")
        case .fieldName: self.init(.query, nil, "has a parameter without a proper name")
        case .duplicateName(let name): self.init(place(name), name, "is there twice")
        case .controlCharacter(let name): self.init(place(name), name, "holds a control character")
        case .tooManyFields: self.init(.query, nil, "has too many parameters")
        case .tooLong: self.init(.query, nil, "is too long")
        case .notJSON(let error): self.init(.body, nil, "is not JSON: \(error.kind)")
        case .exponent: self.init(.body, nil, "has a number with an exponent; write it out")
        }
    }
}
