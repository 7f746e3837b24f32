/// Finds the endpoint of a path. Built once, then only read.
package struct Router<Permission: Sendable, Context> {
    package typealias Operation = Endpoint<Permission, Context>

    package let operations: [Operation]
    private let tree: RouteTree

    /// Ambiguity is our bug: two operations with one address or one id, or two names for one parameter, trap
    /// here.
    package init(_ operations: [Operation]) {
        self.operations = operations
        precondition(Set(operations.map(\.id)).count == operations.count, "an operation id is used twice")
        tree = RouteTree(operations.map { (method: $0.method, path: $0.path) })
    }

    /// - Parameter segments: the path's decoded segments.
    package func match(_ method: HTTPMethod, _ segments: [String]) -> RouteMatch {
        tree.match(method, segments)
    }

    /// What a rest parameter stands for belongs to another server, and may be spelled in any way: its
    /// operation is found all the same, and judges what `RequestHead.pathBytes` holds. Up to there a path has
    /// one spelling, so that no `..` behind that leads to another operation.
    /// - Parameter path: as sent.
    package func match(_ method: HTTPMethod, path: ArraySlice<UInt8>) throws(PathError) -> RouteMatch {
        var segments: [String] = []
        do throws(PathError) {
            try Path.read(path, into: &segments)
        } catch {
            guard let match = tree.matchRest(method, behind: segments) else { throw error }
            return match
        }
        return tree.match(method, segments)
    }
}

package enum RouteMatch {
    /// By its index in `Router.operations`.
    case found(index: Int, parameters: [String: String])
    /// The path exists; these are its methods, for the Allow header.
    case methodNotAllowed([HTTPMethod])
    case notFound
}

/// A tree of segments, literal before parameter. Not generic, as `Router` must be: unspecialised, each look
/// at a node built its type's metadata (1,100 instructions a request).
struct RouteTree {
    private struct Node {
        var literals: [String: Int] = [:]
        var parameter: (name: String, node: Int)?
        var rest: (name: String, node: Int)?
        var operations: [(method: HTTPMethod, index: Int)] = []
    }

    private var nodes = [Node()]

    init(_ routes: [(method: HTTPMethod, path: String)]) {
        for (index, route) in routes.enumerated() { insert(route.method, route.path, index) }
    }

    private mutating func insert(_ method: HTTPMethod, _ path: String, _ index: Int) {
        var current = 0
        for segment in path.split(separator: "/", omittingEmptySubsequences: true) {
            let isRest = segment.hasSuffix("*}")
            precondition(nodes[current].rest == nil || isRest, "nothing can follow \(path)'s rest parameter")
            current = child(of: current, String(segment))
        }
        let isTaken = nodes[current].operations.contains { $0.method == method }
        precondition(!isTaken, "\(method.name) \(path) is registered twice")
        nodes[current].operations.append((method, index))
    }

    private mutating func child(of parent: Int, _ segment: String) -> Int {
        if segment.hasPrefix("{") {
            let name = String(segment.dropFirst().dropLast())
            return name.hasSuffix("*")
                ? named(parent, String(name.dropLast()), \.rest) : named(parent, name, \.parameter)
        }
        if let known = nodes[parent].literals[segment] { return known }
        nodes.append(Node())
        nodes[parent].literals[segment] = nodes.count - 1
        return nodes.count - 1
    }

    private mutating func named(
        _ parent: Int, _ name: String, _ slot: WritableKeyPath<Node, (name: String, node: Int)?>
    ) -> Int {
        if let known = nodes[parent][keyPath: slot] {
            precondition(known.name == name, "one place has two parameter names: \(known.name) and \(name)")
            return known.node
        }
        nodes.append(Node())
        nodes[parent][keyPath: slot] = (name, nodes.count - 1)
        return nodes.count - 1
    }

    func match(_ method: HTTPMethod, _ segments: [String]) -> RouteMatch {
        guard let (node, parameters, depth) = walk(segments) else { return .notFound }
        guard depth < segments.count, let rest = nodes[node].rest else {
            return operation(method, at: node, parameters)
        }
        var all = parameters
        all[rest.name] = segments[depth...].joined(separator: "/")
        return operation(method, at: rest.node, all)
    }

    /// Without the rest itself; nil where these segments do not lead to one.
    func matchRest(_ method: HTTPMethod, behind segments: [String]) -> RouteMatch? {
        guard let (node, parameters, _) = walk(segments), let rest = nodes[node].rest else { return nil }
        return operation(method, at: rest.node, parameters)
    }

    /// As far as they lead, at most to where a rest begins; nil where that is nowhere.
    private func walk(_ segments: [String]) -> (node: Int, parameters: [String: String], depth: Int)? {
        var current = 0
        var parameters: [String: String] = [:]
        for (depth, segment) in segments.enumerated() {
            let node = nodes[current]
            if let next = node.literals[segment] {
                current = next
            } else if let (name, next) = node.parameter {
                parameters[name] = segment
                current = next
            } else {
                return node.rest == nil ? nil : (current, parameters, depth)
            }
        }
        return (current, parameters, segments.count)
    }

    private func operation(_ method: HTTPMethod, at node: Int, _ parameters: [String: String]) -> RouteMatch {
        let candidates = nodes[node].operations
        if candidates.isEmpty { return .notFound }
        // RFC 9110 9.3.2: HEAD is GET without the content.
        let wanted = method == .head ? .get : method
        guard let hit = candidates.first(where: { $0.method == wanted }) else {
            let methods = candidates.map(\.method)
            return .methodNotAllowed(methods + (methods.contains(.get) ? [.head] : []) + [.options])
        }
        return .found(index: hit.index, parameters: parameters)
    }
}
