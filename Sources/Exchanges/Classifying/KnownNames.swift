/// The parameters that a route knows, by where they may stand.
struct KnownNames: Sendable {
    let query: Set<String>
    let body: Set<String>
    let required: Set<String>

    private init(query: Set<String>, body: Set<String>, required: Set<String>) {
        (self.query, self.body, self.required) = (query, body, required)
    }

    /// In the query or in the form, as the writer likes: `symbol! side! price`, with a mark behind what must
    /// be there.
    init(_ text: String) {
        let words = text.split(whereSeparator: { $0 == " " || $0 == "\n" })
        let names = Set(words.map { String($0.last == "!" ? $0.dropLast() : $0) })
        let required = Set(words.filter { $0.last == "!" }.map { String($0.dropLast()) })
        self.init(query: names, body: names, required: required)
    }

    static func body(_ text: String) -> KnownNames { KnownNames(text).only(.body) }
    static func query(_ text: String) -> KnownNames { KnownNames(text).only(.query) }

    private func only(_ part: MeaningProblem.Part) -> KnownNames {
        KnownNames(query: part == .query ? query : [], body: part == .body ? body : [], required: required)
    }

    func names(in part: MeaningProblem.Part) -> Set<String> { part == .query ? query : body }

    /// For the elements of a list, wherever the list stands.
    var anywhere: KnownNames {
        KnownNames(query: query.union(body), body: query.union(body), required: required)
    }

    /// The same names, of which the exchange takes a request without any.
    var optional: KnownNames { KnownNames(query: query, body: body, required: []) }

    func and(_ other: KnownNames) -> KnownNames {
        KnownNames(
            query: query.union(other.query), body: body.union(other.body),
            required: required.union(other.required))
    }
}
