import Foundation
import JSON

/// openapi.yaml as the tests see it.
struct Contract: Sendable {
    /// One operation, as written; nothing is resolved but `$ref`s of parameters.
    struct Operation: Sendable {
        let method: String
        let path: String
        let body: JSONValue
        let parameters: [JSONValue]

        var name: String { "\(method) \(path)" }
        var id: String? { body["operationId"]?.asString }
        var permission: String? { body["x-permission"]?.asString }
        var isScoped: Bool { body["x-scoped"] == true }
        var errorCodes: [String] { body["x-error-codes"]?.asArray?.compactMap(\.asString) ?? [] }
    }

    static let methods = ["get", "post", "put", "patch", "delete"]
    /// Above both files, and above the longest list in them.
    static let limits = JSONLimits(textBytes: 8 << 20, members: 100_000)

    let document: JSONValue

    static func read() throws -> Contract {
        Contract(document: try Yaml.parse(String(decoding: file("openapi.yaml"), as: UTF8.self)))
    }

    /// Read once: it is large.
    static func shared() throws -> Contract { try whole.get() }
    private static let whole = Result { try read() }

    static func file(_ name: String) throws -> [UInt8] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return Array(try Data(contentsOf: root.appending(path: name)))
    }

    func component(_ name: String) -> JSONValue? { document["components"]?[name] }

    func names(of component: String) -> [String] {
        self.component(component)?.asObject?.members.map(\.name) ?? []
    }

    /// What a reference such as `#/components/schemas/Key` points at.
    func target(of reference: String) -> JSONValue? {
        guard reference.hasPrefix("#/") else { return nil }
        return reference.dropFirst(2).split(separator: "/").reduce(Optional(document)) { node, part in
            node?[String(part)]
        }
    }

    func resolved(_ node: JSONValue) -> JSONValue? {
        guard let reference = node["$ref"]?.asString else { return node }
        return target(of: reference)
    }

    var operations: [Operation] {
        let paths = document["paths"]?.asObject?.members ?? []
        return paths.flatMap { path in
            Self.methods.compactMap { method in
                guard let body = path.value[method] else { return nil }
                let parameters =
                    (path.value["parameters"]?.asArray ?? []) + (body["parameters"]?.asArray ?? [])
                return Operation(
                    method: method.uppercased(), path: path.name, body: body,
                    parameters: parameters.compactMap(resolved))
            }
        }
    }

    /// Every object of the document, each once.
    func everyObject(_ visit: (JSONObject) -> Void) { Self.walk(document, visit) }

    private static func walk(_ node: JSONValue, _ visit: (JSONObject) -> Void) {
        switch node {
        case .array(let elements):
            for element in elements { walk(element, visit) }
        case .object(let object):
            visit(object)
            for member in object.members { walk(member.value, visit) }
        default: break
        }
    }
}
