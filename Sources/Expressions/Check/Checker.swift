import JSON

/// Holds an expression against the types of its variables: unknown names and fields, operands that do not
/// fit, wrong numbers of arguments. What it passes can still meet an error in a value that is `dyn` or null.
struct Checker {
    typealias Node = Syntax.Node

    let environment: Environment
    var syntax: Syntax
    var locals: [(name: String, type: ExpressionType)] = []
    private(set) var slots = 0
    /// How many there are so far.
    var crossings = 0
    /// The variants of each variable that are left where the checker stands, by their places.
    var live: [String: Set<Int>] = [:]

    init(_ syntax: Syntax, _ environment: Environment) {
        (self.syntax, self.environment) = (syntax, environment)
        for case (let name, .object(let object)) in environment.variables where object.tagField != nil {
            live[name] = Set(object.variants.indices)
        }
    }

    func mistake(_ kind: ExpressionMistake.Kind, at node: Node, _ message: String) -> ExpressionMistake {
        syntax.source.mistake(kind, at: syntax.ranges[node].lowerBound, message)
    }

    /// As it is written, cut to what a message can hold.
    func shown(_ node: Node) -> String {
        let text = syntax.text(node)
        return text.utf8.count <= 40 ? text : "\(text.prefix(37))…"
    }

    mutating func check(_ node: Node) throws(ExpressionMistake) -> ExpressionType {
        switch syntax.kinds[node] {
        case .literal(let value): return Self.type(of: value)
        case .name(let name, let isRoot): return try resolve(name, isRoot: isRoot, node)
        case .variable, .local, .matches: return .dyn
        case .select(let operand, let field, _): return try select(field, of: operand, node)
        case .has(let operand, let field): return try has(field, of: operand, node)
        case .index(let operand, let index): return try element(index, of: operand, node)
        case .not(let operand):
            try want(.bool, operand, "!")
            return .bool
        case .negate(let operand): return try negated(operand)
        case .binary(let binary, let a, let b): return try check(binary, a, b, node)
        case .and(let operands): return try logical(operands, "&&", narrowedWhen: true)
        case .or(let operands): return try logical(operands, "||", narrowedWhen: false)
        case .conditional(let condition, let a, let b): return try conditional(condition, a, b)
        case .list(let elements):
            let type = ExpressionType.list(try common(elements))
            foldList(elements, node)
            return type
        case .map(let nodes): return try map(nodes)
        case .function(_, let arguments): return try arguments.isEmpty ? .dyn : check(arguments[0])
        case .call(let name, let place, let target, let arguments):
            return try call(name, at: place, target, arguments, node)
        case .loop(let loop): return try check(loop, node)
        case .crossing: return .bool
        }
    }

    func want(_ wanted: ExpressionType, _ node: Node, is type: ExpressionType, _ what: String)
        throws(ExpressionMistake)
    {
        guard !type.fits(wanted) else { return }
        throw mistake(.wrongType, at: node, "\(what) takes \(wanted.noun); \(shown(node)) is \(type.noun)")
    }

    private mutating func want(_ wanted: ExpressionType, _ node: Node, _ what: String)
        throws(ExpressionMistake)
    {
        try want(wanted, node, is: try check(node), what)
    }

    // MARK: Names

    private mutating func resolve(
        _ name: String, isRoot: Bool, _ node: Node
    ) throws(ExpressionMistake) -> ExpressionType {
        if !isRoot, let slot = locals.lastIndex(where: { $0.name == name }) {
            syntax.replace(node, by: .local(slot))
            return locals[slot].type
        }
        if let type = environment.variables[name] {
            syntax.replace(node, by: .variable(name))
            return type
        }
        if let type = TypeName(rawValue: name), Self.denoted.contains(type) {
            syntax.replace(node, by: .literal(.type(type)))
            return .type
        }
        throw mistake(.unknownName, at: node, "\(name) is not known\(hint(forName: name))")
    }

    private static let denoted: Set<TypeName> = [
        .null, .bool, .int, .uint, .double, .string, .bytes, .list, .map, .type,
    ]

    private func hint(forName name: String) -> String {
        if let meant = Slip.value(name) { return "; did you mean \(meant)?" }
        let variables = environment.variables.sorted { $0.key < $1.key }
        for case (let variable, .object(let object)) in variables
        where object.variants.contains(where: { $0.fields[name] != nil }) {
            return "; did you mean \(variable).\(name)?"
        }
        let names = variables.map(\.key) + locals.map(\.name)
        if let close = Suggestion.closest(to: name, among: names) { return "; did you mean \(close)?" }
        return names.isEmpty ? "" : "; there is \(names.joined(separator: ", "))"
    }

    // MARK: Logic

    private mutating func logical(
        _ operands: [Node], _ symbol: String, narrowedWhen truth: Bool
    ) throws(ExpressionMistake) -> ExpressionType {
        let outer = live
        defer { live = outer }
        // An operand of `&&` matters only where all others hold: where one does not, the whole is false.
        for operand in operands { narrow(by: operand, being: truth) }
        for operand in operands { try want(.bool, operand, symbol) }
        return .bool
    }

    private mutating func conditional(
        _ condition: Node, _ first: Node, _ second: Node
    ) throws(ExpressionMistake) -> ExpressionType {
        try want(.bool, condition, "?:")
        let outer = live
        defer { live = outer }
        narrow(by: condition, being: true)
        let a = try check(first)
        live = outer
        narrow(by: condition, being: false)
        let b = try check(second)
        guard let joined = a.joined(with: b) else {
            throw mistake(
                .wrongType, at: second,
                "both sides of : must be of one type; \(shown(first)) is \(a.noun), the other \(b.noun)")
        }
        return joined
    }

    // MARK: Literals

    static func type(of value: Value) -> ExpressionType {
        switch value {
        case .null: .null
        case .bool: .bool
        case .int: .int
        case .uint: .uint
        case .double: .double
        case .string: .string
        case .bytes: .bytes
        case .timestamp: .timestamp
        case .duration: .duration
        case .type: .type
        case .ip: .ip
        case .cidr: .cidr
        case .decimal: .decimal
        case .list, .map, .object: .dyn
        }
    }

    /// Of elements that need not be alike: then `dyn`.
    private mutating func common(_ nodes: [Node]) throws(ExpressionMistake) -> ExpressionType {
        var common: ExpressionType?
        for node in nodes {
            let type = try check(node)
            common = common.map { $0.joined(with: type) ?? .dyn } ?? type
        }
        return common ?? .dyn
    }

    /// `['a', 'b']` is made once and not for every event.
    private mutating func foldList(_ elements: [Node], _ node: Node) {
        let values = elements.compactMap { element -> Value? in
            if case .literal(let value) = syntax.kinds[element] { value } else { nil }
        }
        if values.count == elements.count { syntax.replace(node, by: .literal(.list(values))) }
    }

    private mutating func map(_ nodes: [Node]) throws(ExpressionMistake) -> ExpressionType {
        let keys = stride(from: 0, to: nodes.count, by: 2).map { nodes[$0] }
        for key in keys {
            let type = try check(key)
            let isKey = [.dyn, .bool, .int, .uint, .string].contains(type.bare)
            if !isKey {
                throw mistake(
                    .wrongType, at: key, "a key is a bool, an int, a uint or a string; this is \(type.noun)")
            }
        }
        let values = stride(from: 1, to: nodes.count, by: 2).map { nodes[$0] }
        return .map(try common(keys), try common(values))
    }

    // MARK: Loops

    private mutating func check(_ loop: NodeKind.Loop, _ node: Node) throws(ExpressionMistake)
        -> ExpressionType
    {
        let range = try check(loop.range)
        let element: ExpressionType
        switch range.bare {
        case .dyn: element = .dyn
        case .list(let type): element = type
        case .map(let key, _): element = key
        default:
            throw mistake(
                .wrongType, at: loop.range,
                "\(loop.macro.rawValue) takes a list or a map; \(shown(loop.range)) is \(range.noun)")
        }
        guard locals.count < ExpressionLimits.loops else {
            throw mistake(
                .tooLarge, at: node, "loops stand at most \(ExpressionLimits.loops) deep in each other")
        }
        var resolved = loop
        resolved.slot = locals.count
        slots = max(slots, locals.count + 1)
        syntax.replace(node, by: .loop(resolved))
        locals.append((loop.variable, element))
        defer { locals.removeLast() }
        if let condition = loop.condition { try want(.bool, condition, loop.macro.rawValue) }
        switch loop.macro {
        case .all, .exists, .existsOne: return .bool
        case .filter: return .list(element)
        case .map:
            return .list(try loop.transform.map { node throws(ExpressionMistake) in try check(node) } ?? .dyn)
        }
    }
}
