import Expressions
package import JSON

/// A body of the owner's own: JSON whose strings hold placeholders such as `{{data.summary}}`, each an
/// expression of CEL over `type`, `timestamp` and `data`. A string that is one placeholder and nothing else
/// becomes its value, whatever type that has. Because the template is JSON, what it gives is JSON too,
/// whatever a name in a message says. A template that is only a string gives text.
package struct MessageTemplate: Sendable {
    /// Bytes of the template as JSON.
    package static let limitBytes = 16_384
    package static let placeholdersAtMost = 100
    /// Of all placeholders of one message together, in the units of `ExpressionLimits`: a millisecond or two.
    private static let cost = 20_000

    /// As it was given.
    package let source: JSONValue
    private let root: Node
    /// Of each placeholder.
    private let costOfEach: Int

    private indirect enum Node: Sendable {
        case literal(JSONValue)
        case value(Expression)
        case text([Piece])
        case array([Node])
        case object([(name: String, node: Node)])
    }

    private enum Piece: Sendable {
        case literal(String)
        case value(Expression)
    }

    package struct Mistake: Error, Equatable { package let message: String }

    package init(_ source: JSONValue) throws(Mistake) {
        guard source.bytes.count <= Self.limitBytes else {
            throw Mistake(message: "must have at most \(Self.limitBytes) bytes")
        }
        var count = 0
        root = try Self.node(source, &count)
        self.source = source
        costOfEach = Self.cost / max(count, 1)
        guard count <= Self.placeholdersAtMost else {
            throw Mistake(message: "must have at most \(Self.placeholdersAtMost) placeholders")
        }
    }

    /// Plain text rather than JSON.
    package var isText: Bool { source.asString != nil }
    package var contentType: String { isText ? "text/plain; charset=utf-8" : "application/json" }

    private static let environment = Environment(["type": .string, "timestamp": .string, "data": .dyn])
}

// MARK: Reading

extension MessageTemplate {
    private static func node(_ value: JSONValue, _ count: inout Int) throws(Mistake) -> Node {
        switch value {
        case .string(let text):
            let pieces = try pieces(text, &count)
            if pieces.count == 1, case .value(let expression) = pieces[0] { return .value(expression) }
            return .text(pieces)
        case .array(let elements):
            var nodes: [Node] = []
            for element in elements { nodes.append(try node(element, &count)) }
            return .array(nodes)
        case .object(let object):
            var nodes: [(name: String, node: Node)] = []
            for member in object.members { nodes.append((member.name, try node(member.value, &count))) }
            return .object(nodes)
        case .null, .bool, .number: return .literal(value)
        }
    }

    private static func pieces(_ text: String, _ count: inout Int) throws(Mistake) -> [Piece] {
        var pieces: [Piece] = []
        var rest = Substring(text)
        while let open = rest.range(of: "{{") {
            guard let close = rest[open.upperBound...].range(of: "}}") else {
                throw Mistake(message: "has a {{ without its }}")
            }
            if open.lowerBound > rest.startIndex { pieces.append(.literal(String(rest[..<open.lowerBound]))) }
            count += 1
            pieces.append(.value(try expression(String(rest[open.upperBound..<close.lowerBound]))))
            rest = rest[close.upperBound...]
        }
        if !rest.isEmpty || pieces.isEmpty { pieces.append(.literal(String(rest))) }
        return pieces
    }

    private static func expression(_ text: String) throws(Mistake) -> Expression {
        do throws(ExpressionMistake) {
            return try Expression(text, in: environment)
        } catch {
            throw Mistake(message: "has a mistake in {{\(text.prefix(60))}}, \(error.sentence)")
        }
    }
}

extension Substring {
    /// The first occurrence of two ASCII bytes.
    fileprivate func range(of pair: String) -> Range<Index>? {
        guard let first = pair.utf8.first, let last = pair.utf8.last else { return nil }
        var at = startIndex
        while let found = utf8[at...].firstIndex(of: first) {
            let next = utf8.index(after: found)
            guard next < utf8.endIndex else { return nil }
            if utf8[next] == last { return found..<utf8.index(after: next) }
            at = next
        }
        return nil
    }
}

// MARK: Rendering

extension MessageTemplate {
    /// A placeholder that meets a message without what it names gives null, or nothing within a text: no
    /// message is lost for its template.
    package func render(_ message: JSONValue) -> [UInt8] {
        let value = fill(root, Self.variables(message)) { _, _ in }
        // A template that is one placeholder may give anything.
        return isText ? Array(Self.text(value).utf8) : value.bytes
    }

    /// A placeholder that fails on every sample: what it names is in none of them, and could be in none.
    /// Why is told of the sample on which it came furthest.
    func mistake(on samples: [TemplateSample]) -> Mistake? {
        var always: [String: EvaluationError]?
        for sample in samples {
            var failed: [String: EvaluationError] = [:]
            _ = fill(root, Self.variables(sample.message)) { expression, error in
                if error.isLack, sample.isOpen(expression.source) { return }
                failed[expression.source] = error
            }
            let known = always ?? failed
            always = known.filter { failed[$0.key] != nil }
            for (source, error) in failed where error.end > always?[source]?.end ?? .max {
                always?[source] = error
            }
            if always?.isEmpty == true { return nil }
        }
        guard let (source, error) = always?.min(by: { $0.key < $1.key }) else { return nil }
        return Mistake(message: "gives nothing for {{\(source.prefix(60))}} on any sample: \(error.message)")
    }

    private static func variables(_ message: JSONValue) -> Variables {
        var values: [(name: String, value: Value)] = []
        for name in ["type", "timestamp", "data"] {
            if case .value(let value)? = message[name].map({ Value.json($0) }) {
                values.append((name, value))
            }
        }
        return Variables(values)
    }

    private func fill(
        _ node: Node, _ variables: Variables, _ failed: (Expression, EvaluationError) -> Void
    ) -> JSONValue {
        func value(of expression: Expression) -> JSONValue {
            switch expression.evaluate(variables, cost: costOfEach) {
            case .success(let value): return value.json
            case .failure(let error):
                failed(expression, error)
                return .null
            }
        }
        switch node {
        case .literal(let value): return value
        case .value(let expression): return value(of: expression)
        case .text(let pieces):
            let texts = pieces.map { piece in
                switch piece {
                case .literal(let text): text
                case .value(let expression): Self.text(value(of: expression))
                }
            }
            return .string(texts.joined())
        case .array(let nodes): return .array(nodes.map { fill($0, variables, failed) })
        case .object(let members):
            var object = JSONObject()
            for member in members { _ = object.append(member.name, fill(member.node, variables, failed)) }
            return .object(object)
        }
    }

    /// Within a text: strings without quotes, nothing for null, JSON for the rest.
    private static func text(_ value: JSONValue) -> String {
        if value.isNull { return "" }
        return value.asString ?? String(decoding: value.bytes, as: UTF8.self)
    }
}

extension MessageTemplate: Equatable {
    package static func == (a: MessageTemplate, b: MessageTemplate) -> Bool { a.source == b.source }
}

extension EvaluationError {
    /// It names what is not there.
    fileprivate var isLack: Bool { code == .noSuchField || code == .noSuchKey }
    /// How far into the expression it came.
    fileprivate var end: Int { range.upperBound }
}
