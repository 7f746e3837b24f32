import CYaml
import JSON

/// Reads YAML as JSON values: the types of JSON only (no timestamps, no `yes`), no anchors, every name once.
struct Yaml {
    enum Failure: Error, Equatable {
        case syntax(line: Int, problem: String)
        case anchor(line: Int)
        case repeatedName(String, line: Int)
        case notOneDocument
    }

    /// What the reader makes of libyaml's events; nothing of libyaml is left in it.
    private indirect enum Event {
        case scalar(String, isPlain: Bool)
        case sequenceStart
        case mappingStart
        case end
        case other
        case finished
    }

    private var parser: yaml_parser_t
    private var line = 0

    static func parse(_ text: String) throws -> JSONValue {
        let bytes = Array(text.utf8)
        return try bytes.withUnsafeBufferPointer { buffer in
            var reader = try Yaml()
            defer { yaml_parser_delete(&reader.parser) }
            yaml_parser_set_input_string(&reader.parser, buffer.baseAddress, buffer.count)
            return try reader.document()
        }
    }

    private init() throws {
        parser = yaml_parser_t()
        guard yaml_parser_initialize(&parser) == 1 else { throw Failure.notOneDocument }
    }

    private mutating func document() throws -> JSONValue {
        var found: JSONValue?
        while true {
            switch try next() {
            case .finished:
                guard let found else { throw Failure.notOneDocument }
                return found
            case .other:
                continue
            case let start:
                guard found == nil else { throw Failure.notOneDocument }
                found = try value(from: start)
            }
        }
    }

    private mutating func value(from event: Event) throws -> JSONValue {
        switch event {
        case .scalar(let text, let isPlain): isPlain ? Self.plain(text) : .string(text)
        case .sequenceStart: try sequence()
        case .mappingStart: try mapping()
        case .end, .other, .finished: throw Failure.syntax(line: line, problem: "a value is missing")
        }
    }

    private mutating func sequence() throws -> JSONValue {
        var elements: [JSONValue] = []
        while true {
            let event = try next()
            if case .end = event { return .array(elements) }
            elements.append(try value(from: event))
        }
    }

    private mutating func mapping() throws -> JSONValue {
        var object = JSONObject()
        while true {
            switch try next() {
            case .end:
                return .object(object)
            case .scalar(let name, _):
                let nameLine = line
                guard object.append(name, try value(from: next())) else {
                    throw Failure.repeatedName(name, line: nameLine)
                }
            default:
                throw Failure.syntax(line: line, problem: "a name must be a scalar")
            }
        }
    }

    /// The core schema of YAML 1.2, as far as JSON goes: what JSON would read as null, bool or number is
    /// that.
    private static func plain(_ text: String) -> JSONValue {
        if text.isEmpty || text == "~" { return .null }
        switch try? JSONValue.parse(text) {
        case .some(let value) where value.asArray == nil && value.asObject == nil: return value
        default: return .string(text)
        }
    }

    private mutating func next() throws -> Event {
        var event = yaml_event_t()
        guard yaml_parser_parse(&parser, &event) == 1 else {
            let problem = parser.problem.map { String(cString: $0) } ?? "unknown"
            throw Failure.syntax(line: Int(parser.problem_mark.line) + 1, problem: problem)
        }
        defer { yaml_event_delete(&event) }
        line = Int(event.start_mark.line) + 1
        return try read(event)
    }

    private func read(_ event: yaml_event_t) throws -> Event {
        switch event.type {
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            guard scalar.anchor == nil else { throw Failure.anchor(line: line) }
            let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            return .scalar(
                String(decoding: bytes, as: UTF8.self), isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE)
        case YAML_SEQUENCE_START_EVENT:
            guard event.data.sequence_start.anchor == nil else { throw Failure.anchor(line: line) }
            return .sequenceStart
        case YAML_MAPPING_START_EVENT:
            guard event.data.mapping_start.anchor == nil else { throw Failure.anchor(line: line) }
            return .mappingStart
        case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: return .end
        case YAML_ALIAS_EVENT: throw Failure.anchor(line: line)
        case YAML_STREAM_END_EVENT: return .finished
        default: return .other
        }
    }
}
