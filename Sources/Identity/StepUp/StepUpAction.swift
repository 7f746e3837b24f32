package import JSON

/// What somebody wants to do, as a proof is bound to it.
package struct StepUpAction: Equatable, Sendable {
    /// The operationId of openapi.yaml.
    let operation: String
    let method: String
    /// Without the query.
    let path: String

    package init(operation: String, method: String, path: String) {
        (self.operation, self.method, self.path) = (operation, method, path)
    }

    var json: JSONValue {
        ["operation": .string(operation), "method": .string(method), "path": .string(path)]
    }
}

extension StepUpAction: JSONWritable {
    package func write(to w: inout JSONWriter) { json.write(to: &w) }
}
