// What several recipes share.

extension RequestDraft {
    /// Path and query as sent.
    var target: String {
        query.isEmpty ? path : path + "?" + query.written
    }

    /// The same without any encoding.
    var unescapedTarget: String {
        let path = path.split(separator: "/", omittingEmptySubsequences: false).map { segment in
            PercentEncoding.decode(segment) ?? String(segment)
        }.joined(separator: "/")
        return query.isEmpty ? path : path + "?" + query.unescaped
    }

    /// The body where an exchange reads JSON only; nil when there is none.
    func jsonBody() throws(SigningError) -> [UInt8]? {
        switch body {
        case .none: nil
        case .json(let bytes): bytes
        case .form: throw .unsupportedPart(.body)
        }
    }
}

extension RequestDraft {
    /// Nobody but the recipe writes what the recipe writes.
    func refuse(_ ownFields: [String]) throws(SigningError) {
        let isTaken = { (field: Field) in ownFields.contains(field.name) }
        if let taken = query.first(where: isTaken) ?? form.first(where: isTaken) {
            throw .reservedField(taken.name)
        }
        guard case .json(let bytes) = body else { return }
        if let name = JSONMembers(bytes).names.first(where: ownFields.contains) { throw .reservedField(name) }
    }

    /// Without what the recipe writes itself: a stock client has signed with a secret, a time and a nonce of
    /// its own. Everything else stays as it was written.
    package func dropping(_ ownFields: [String]) -> RequestDraft {
        let isOwn = { (field: Field) in ownFields.contains(field.name) }
        if !hasJSON, !query.contains(where: isOwn), !form.contains(where: isOwn) { return self }
        let others = { (fields: [Field]) in fields.filter { !isOwn($0) } }
        let body: Body =
            switch body {
            case .none: .none
            case .form(let fields): .form(others(fields))
            case .json(let bytes): .json(JSONMembers(bytes).dropping(ownFields))
            }
        return RequestDraft(known: method, host: host, path: path, query: others(query), body: body)
    }
}

extension ExchangeHost {
    func url(_ path: String, query: String) -> String {
        var url = base
        url.reserveCapacity(base.utf8.count + path.utf8.count + query.utf8.count + 1)
        url += path
        if query.isEmpty { return url }
        url += "?"
        url += query
        return url
    }
}

extension SignedRequest.Header {
    static let json = Self("Content-Type", "application/json")
    static let form = Self("Content-Type", "application/x-www-form-urlencoded")
}

extension String {
    /// `a, b` as two; nothing as none.
    var commaSeparated: [String] {
        split { $0 == "," || $0 == " " }.map(String.init)
    }
}
