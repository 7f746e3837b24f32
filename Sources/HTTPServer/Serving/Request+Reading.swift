package import JSON

extension Request {
    /// The query, to be read name by name.
    package func parameters() throws(Problem) -> Parameters { try Parameters(head.queryBytes) }

    /// The path's parameter of that name; the router has made sure that it is there.
    package func pathParameter(_ name: String) -> String {
        guard let value = pathParameters[name] else { preconditionFailure("no path parameter \(name)") }
        return value
    }

    /// The body as a JSON object, to be read field by field.
    package nonisolated(nonsending) func fields(limit: Int) async throws -> Fields {
        try requireType("application/json")
        let nulls: Fields.Nulls = head.method == .patch ? .kept : .missing
        return try Fields(await body.collect(limit: limit), nulls: nulls)
    }

    /// 415 unless the body says that it is of this type.
    package func requireType(_ essence: String) throws(Problem) {
        let said = head.headers[.contentType]
        // As nearly everybody writes it.
        if said == essence { return }
        guard let type = said.flatMap(MediaType.init), type.essence == essence, type.isUTF8 else {
            throw Problem(
                .unsupportedMediaType, "Content-Type must be \(essence); it is \(said ?? "missing").")
        }
    }
}
