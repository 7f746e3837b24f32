import Expressions
import Glibc
import JSON
import Kernel
import Testing

/// One row of Tests/Fixtures/expressions. Scripts/judges holds the same rows against another implementation.
struct ExpressionCase: Sendable, CustomTestStringConvertible {
    let expression: String
    let variables: [(name: String, type: String, value: Value)]
    let outcome: Outcome

    enum Outcome: Sendable {
        case value(Value)
        /// The code of an evaluation error.
        case error(String)
        /// The kind of mistake for which it is refused before it is evaluated.
        case refused(String)
    }

    var testDescription: String { expression }

    static let files = [
        "literals", "arithmetic", "comparison", "logic", "fields", "macros", "strings", "conversions", "time",
        "ours",
    ]

    static func all(in file: String) throws -> [ExpressionCase] {
        let rows = try JSONValue.parse(Fixture.text("expressions/\(file).json")).asArray ?? []
        return try rows.map { try ExpressionCase($0) }
    }

    private init(_ row: JSONValue) throws {
        expression = try #require(row["expression"]?.asString)
        variables = try (row["variables"]?.asObject?.members ?? []).map { member in
            let type = try #require(member.value["type"]?.asString)
            return (member.name, type, try FixtureValue.read(member.value["value"]))
        }
        if let code = row["error"]?.asString {
            outcome = .error(code)
        } else if let kind = row["refused"]?.asString {
            outcome = .refused(kind)
        } else {
            outcome = .value(try FixtureValue.read(row["expected"]))
        }
    }

    /// What Scripts/judges had cel-cpp evaluate: 3,000 expressions of a grammar.
    static func generated() throws -> [ExpressionCase] {
        let variables = try JSONValue.parse(
            """
            {"x": {"type": "int", "value": {"int": "7"}},
             "s": {"type": "string", "value": {"string": "grün"}},
             "l": {"type": "list(int)", "value": {"list": [{"int": "3"}, {"int": "-1"}, {"int": "9"}]}}}
            """)
        return try (JSONValue.parse(Fixture.text("expressions/generated.json")).asArray ?? []).map { row in
            var members = row.asObject ?? JSONObject()
            _ = members.append("variables", variables)
            return try ExpressionCase(.object(members))
        }
    }

    var environment: Environment {
        Environment(
            Dictionary(uniqueKeysWithValues: variables.map { ($0.name, FixtureValue.type($0.type)) }))
    }

    var bindings: Variables { Variables(variables.map { ($0.name, $0.value) }) }
}

enum Fixture {
    static func text(_ path: String) throws -> String {
        let folder = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
        let file = try #require(fopen("/\(folder)/Fixtures/\(path)", "r"), "no \(path)")
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { bytes += chunk[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Values as the fixtures write them: `{"int": "5"}`.
enum FixtureValue {
    static func type(_ name: String) -> ExpressionType {
        switch name {
        case "int": .int
        case "string": .string
        case "timestamp": .timestamp
        case "list(int)": .list(.int)
        case "map(string,int)": .map(.string, .int)
        case "map(string,dyn)": .map(.string, .dyn)
        default: .dyn
        }
    }

    static func read(_ written: JSONValue?) throws -> Value {
        let member = try #require(written?.asObject?.members.first)
        let value = member.value
        switch member.name {
        case "null": return .null
        case "bool": return .bool(value == true)
        case "int": return .int(try #require(value.asString.flatMap { Int64($0) }))
        case "uint": return .uint(try #require(value.asString.flatMap { UInt64($0) }))
        case "double": return .double(try #require(value.asDouble ?? value.asString.flatMap { Double($0) }))
        case "string": return .string(try #require(value.asString))
        case "bytes": return .bytes(try bytes(try #require(value.asString)))
        case "type": return .type(try #require(value.asString.flatMap { TypeName(rawValue: $0) }))
        case "list": return .list(try (value.asArray ?? []).map { try read($0) })
        case "map":
            let entries = try (value.asArray ?? []).map { (key: try read($0[0]), value: try read($0[1])) }
            return .map(try #require(ValueMap(entries)))
        case "timestamp", "duration":
            // Read by what is under test, whose texts other rows hold against their parts.
            let text = try #require(value.asString)
            return try Expression("\(member.name)('\(text)')", in: Environment([:])).evaluate(Variables([]))
                .get()
        default: throw UnknownKind(name: member.name)
        }
    }

    private static func bytes(_ hexadecimal: String) throws -> [UInt8] {
        let digits = Array(hexadecimal)
        return try stride(from: 0, to: digits.count, by: 2).map {
            try #require(UInt8(String(digits[$0...$0 + 1]), radix: 16))
        }
    }

    struct UnknownKind: Error { let name: String }
}
