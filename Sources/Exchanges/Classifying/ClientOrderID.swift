import Crypto
import JSON

/// Where an exchange takes the client's own name of an order, and what it may look like.
package struct ClientOrderIDField: Sendable, Equatable {
    package let name: String
    package let lengthAtMost: Int
    /// What each must begin with.
    package let prefix: String
    /// The parameter that lists the orders of a batch, or `Parameters.list` where the body itself is the
    /// list.
    package let list: String?
    /// A field beside which it may not stand.
    package let rival: String?

    init(
        _ name: String, _ lengthAtMost: Int, prefix: String = "", in list: String? = nil, rival: String? = nil
    ) {
        (self.name, self.lengthAtMost, self.prefix) = (name, lengthAtMost, prefix)
        (self.list, self.rival) = (list, rival)
    }

    func inList(_ list: String) -> ClientOrderIDField {
        ClientOrderIDField(name, lengthAtMost, prefix: prefix, in: list, rival: rival)
    }

    /// An id of our own: letters a to f and digits, which every exchange takes.
    /// - Parameter chance: 16 bytes; what does not fit is left out.
    package func id(from chance: [UInt8]) -> String {
        prefix + Hex.encode(chance).prefix(lengthAtMost - prefix.utf8.count)
    }
}

extension RequestClassifier {
    /// Nil where a request takes no such id.
    package func clientOrderIDField(of draft: RequestDraft) -> ClientOrderIDField? {
        table.find(draft)?.route.clientOrderID
    }

    /// The request with an id of the client in every order of it, and those ids in the orders' order: the
    /// client's own where it has given one. Everything else is as the client wrote it; a request that takes
    /// no such id is left as it is.
    /// - Parameter generate: 16 random bytes.
    package func withClientOrderID(
        _ draft: RequestDraft, generate: @escaping () -> [UInt8]
    ) throws(DraftRefusal) -> (RequestDraft, ids: [String]) {
        guard let field = clientOrderIDField(of: draft) else { return (draft, []) }
        var naming = Naming(field: field, generate: generate)
        let named = try naming.name(draft)
        return (named, naming.ids)
    }
}

/// Puts ids into one request.
private struct Naming {
    let field: ClientOrderIDField
    let generate: () -> [UInt8]
    var ids: [String] = []

    mutating func name(_ draft: RequestDraft) throws(DraftRefusal) -> RequestDraft {
        switch draft.body {
        case .json(let bytes):
            return try draft.with(query: draft.query, body: .json(nameJSON(bytes)))
        case .form(let form) where !holds(draft.query):
            return try draft.with(query: draft.query, body: .form(name(form)))
        case .form, .none:
            return try draft.with(query: name(draft.query), body: draft.body)
        }
    }

    private func holds(_ query: [RequestDraft.Field]) -> Bool {
        query.contains { [field.list, field.name, field.rival].contains($0.name) && !$0.value.isEmpty }
    }

    private mutating func name(_ fields: [RequestDraft.Field]) -> [RequestDraft.Field] {
        if let list = field.list {
            return fields.map { row in
                guard row.name == list else { return row }
                let named = nameRows(Array(row.value.utf8))
                return named == Array(row.value.utf8)
                    ? row : RequestDraft.Field(row.name, String(decoding: named, as: UTF8.self))
            }
        }
        let rival = fields.contains { $0.name == field.rival && !$0.value.isEmpty }
        guard let id = id(fields.first { $0.name == field.name }?.value, hasRival: rival) else {
            return fields
        }
        return fields.filter { $0.name != field.name } + [RequestDraft.Field(field.name, id)]
    }

    private mutating func nameJSON(_ bytes: [UInt8]) -> [UInt8] {
        guard let list = field.list else { return nameOrder(bytes) }
        if list == Parameters.list { return nameRows(bytes) }
        return JSONMembers(bytes).changing(list) { nameRows($0) }
    }

    private mutating func nameRows(_ bytes: [UInt8]) -> [UInt8] {
        JSONElements(bytes).changed { nameOrder($0) }
    }

    private mutating func nameOrder(_ bytes: [UInt8]) -> [UInt8] {
        guard let order = (try? JSONValue.parse(bytes))?.asObject else { return bytes }
        let rival = field.rival.map { text(order[$0]) != nil } ?? false
        guard let id = id(text(order[field.name]), hasRival: rival) else { return bytes }
        let rest = JSONMembers(bytes).dropping([field.name])
        return JSONMembers(rest).beginning(with: "\"\(field.name)\":\"\(id)\"") ?? bytes
    }

    private func text(_ value: JSONValue?) -> String? { value?.asString ?? value?.asNumber?.text }

    /// Nil where nothing is to be put in.
    private mutating func id(_ given: String?, hasRival: Bool) -> String? {
        if let given, !given.isEmpty {
            ids.append(given)
            return nil
        }
        guard !hasRival else { return nil }
        let id = field.id(from: generate())
        ids.append(id)
        return id
    }
}

extension RequestDraft {
    fileprivate func with(query: [Field], body: Body) throws(DraftRefusal) -> RequestDraft {
        try RequestDraft(method, host: host, path: path, query: query, body: body)
    }
}
