import Expressions
import Kernel
import Testing

/// Expressions from a grammar, each of a type that is wanted: what the checker passes without `dyn` never
/// meets an operator that is not defined for its values, and gives a value of the type that was told.
@Suite struct GeneratedTests {
    @Test func `what is checked is sound`() {
        var maker = ExpressionMaker(seed: 2_025)
        var values = 0
        for _ in 0..<20_000 {
            let kind = maker.kind()
            let source = maker.expression(kind, depth: 4)
            let expression: Expression
            do throws(ExpressionMistake) {
                expression = try Expression(source, in: ExpressionMaker.environment)
            } catch {
                Issue.record("\(source): \(error.sentence)")
                return
            }
            switch expression.evaluate(ExpressionMaker.variables, cost: 20_000) {
            case .success(let value):
                values += 1
                #expect(value.typeName == kind.typeName, "\(source) is \(value.shown)")
            case .failure(let error):
                let isOfTypes = [.noSuchOverload, .noSuchField, .unknownVariable].contains(error.code)
                #expect(!isOfTypes, "\(source): \(error.message)")
            }
        }
        #expect(values > 10_000)
    }

    @Test func `words in any order never trap, and limits hold`() {
        let generator = SeededGenerator(seed: 6)
        let words = [
            "event", "x", "s", "l", ".", "==", "<", ">=", "&&", "||", "!", "-", "7", "-1.5", "2u", "'x'",
            "\"",
            "'''", "\\", "0x", "e9", "true", "null", " ", "\n", "//", "(", ")", "[", "]", "{", "}", ":", "?",
            ",",
            "in", "é", "\u{0}", "😀", "r'", "b", "1e", ".5", "has(", ".all(x,", ".map(y,", "size(", "`",
            "matches(",
            "timestamp(", "duration('1h')", "int(", "type(", "decimal('1.5')", "cidr('10.0.0.0/8')",
        ]
        var read = 0
        for _ in 0..<30_000 {
            let bytes = generator.bytes(14)
            let count = Int(bytes[0]) % 13 + 1
            let source = bytes[1...count].map { words[Int($0) % words.count] }.joined()
            guard let expression = try? Expression(source, in: ExpressionMaker.environment) else { continue }
            read += 1
            _ = expression.evaluate(ExpressionMaker.variables, cost: 2_000)
            _ = expression.explain(ExpressionMaker.variables, cost: 2_000)
        }
        #expect(read > 200)
    }

    @Test func `patterns in any order never trap, and each search keeps to its steps`() {
        let generator = SeededGenerator(seed: 7)
        let words = [
            "a", "b", ".", "*", "+", "?", "|", "(", ")", "(?:", "(?i)", "[", "]", "[^", "-", "{2}", "{1,3}",
            "{9,}",
            "^", "$", "\\b", "\\d", "\\W", "\\pL", "\\p{Lu}", "[[:alpha:]]", "\\Q", "\\E", "\\x41", "\\", "é",
            ",", "}",
        ]
        var read = 0
        for _ in 0..<30_000 {
            let bytes = generator.bytes(14)
            let count = Int(bytes[0]) % 13 + 1
            let pattern = bytes[1...count].map { words[Int($0) % words.count] }.joined()
            guard let regex = try? Regex(pattern) else { continue }
            read += 1
            var steps = 10_000
            _ = regex.search("aab é1B-\nab", steps: &steps)
            #expect(steps > -2 * ExpressionLimits.regexInstructions)
        }
        #expect(read > 2_000)
    }
}

/// A seeded walk through the grammar.
struct ExpressionMaker {
    enum Kind: CaseIterable {
        case bool, int, uint, double, string, bytes, list, timestamp, duration, decimal

        var typeName: TypeName {
            switch self {
            case .bool: .bool
            case .int: .int
            case .uint: .uint
            case .double: .double
            case .string: .string
            case .bytes: .bytes
            case .list: .list
            case .timestamp: .timestamp
            case .duration: .duration
            case .decimal: .decimal
            }
        }
    }

    static let environment = Environment([
        "x": .int, "s": .string, "l": .list(.int),
        "event": .object(
            ObjectType(name: "event", fields: ["n": .double, "t": .string, "m": .map(.string, .int)])),
    ])

    static let variables = Variables([
        ("x", .int(7)), ("s", .string("grün")), ("l", .list([.int(3), .int(-1), .int(9)])),
        ("event", .object(Fields())),
    ])

    private struct Fields: FieldSource {
        let fieldNames = ["n", "t", "m"]

        func field(_ name: String) -> FieldValue {
            switch name {
            // An int where a double is declared, as JSON has it.
            case "n": .value(.int(70))
            case "t": .value(.string("key.revoked"))
            case "m": ValueMap([(.string("a"), .int(1))]).map { .value(.map($0)) } ?? .absent
            default: .absent
            }
        }
    }

    private let generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func kind() -> Kind { one(of: Kind.allCases) }

    private func below(_ bound: Int) -> Int { Int(generator.next() % UInt64(bound)) }
    private func one<T>(of choices: [T]) -> T { choices[below(choices.count)] }

    mutating func expression(_ kind: Kind, depth: Int) -> String {
        if depth == 0 || below(6) == 0 { return leaf(kind) }
        func part(_ kind: Kind) -> String { expression(kind, depth: depth - 1) }
        if below(8) == 0 { return "(\(part(.bool)) ? \(part(kind)) : \(part(kind)))" }
        switch kind {
        case .bool: return truth(depth - 1)
        case .int:
            return one(of: [
                "(\(part(.int)) \(one(of: ["+", "-", "*", "/", "%"])) \(part(.int)))", "-(\(part(.int)))",
                "size(\(part(one(of: [.string, .bytes, .list]))))",
                "int(\(part(one(of: [.double, .uint, .timestamp]))))",
                "\(part(.list))[\(part(.int))]", "\(part(.timestamp)).getDayOfYear('+05:30')",
                "\(part(.duration)).getMinutes()",
            ])
        case .uint:
            return one(of: ["(\(part(.uint)) + \(part(.uint)))", "uint(\(part(one(of: [.int, .double]))))"])
        case .double:
            return one(of: [
                "(\(part(.double)) \(one(of: ["+", "-", "*", "/"])) \(part(.double)))",
                "double(\(part(.int)))",
                "-(\(part(.double)))",
            ])
        case .string:
            return one(of: [
                "(\(part(.string)) + \(part(.string)))",
                "string(\(part(one(of: [.int, .uint, .double, .bool, .timestamp, .duration, .decimal]))))",
            ])
        case .bytes: return one(of: ["(\(part(.bytes)) + \(part(.bytes)))", "bytes(\(part(.string)))"])
        case .list:
            return one(of: [
                "[\(part(.int)), \(part(.int))]", "(\(part(.list)) + \(part(.list)))",
                "\(part(.list)).map(e, e + \(part(.int)))", "\(part(.list)).filter(e, e > \(part(.int)))",
                "\(part(.list)).map(e, e != 3, e * 2)",
            ])
        case .timestamp:
            return one(of: [
                "(\(part(.timestamp)) + \(part(.duration)))", "(\(part(.timestamp)) - \(part(.duration)))",
            ])
        case .duration:
            return one(of: [
                "(\(part(.timestamp)) - \(part(.timestamp)))", "(\(part(.duration)) + \(part(.duration)))",
            ])
        case .decimal:
            return "(\(part(.decimal)) \(one(of: ["+", "-", "*"])) \(part(.decimal)))"
        }
    }

    private mutating func truth(_ depth: Int) -> String {
        func part(_ kind: Kind) -> String { expression(kind, depth: depth) }
        let kind = one(of: [
            Kind.int, .uint, .double, .string, .bytes, .timestamp, .duration, .decimal, .bool,
        ])
        return one(of: [
            "(\(part(.bool)) && \(part(.bool)))", "(\(part(.bool)) || \(part(.bool)))", "!(\(part(.bool)))",
            "(\(part(kind)) \(one(of: ["==", "!=", "<", "<=", ">", ">="])) \(part(kind)))",
            "(\(part(.int)) \(one(of: ["==", "<"])) \(part(one(of: [.uint, .double]))))",
            "(\(part(.int)) in \(part(.list)))", "(\(part(.list)) == \(part(.list)))",
            "\(part(.list)).\(one(of: ["all", "exists", "exists_one"]))(e, e > \(part(.int)))",
            "\(part(.string)).\(one(of: ["contains", "startsWith", "endsWith"]))(\(part(.string)))",
            "\(part(.string)).matches('[a-z]+.?$')", "has(event.m.a)", "('a' in event.m)",
            "(type(\(part(kind))) == \(one(of: ["int", "string", "google.protobuf.Duration"])))",
        ])
    }

    private func leaf(_ kind: Kind) -> String {
        switch kind {
        case .bool: one(of: ["true", "false"])
        case .int: one(of: ["0", "1", "-3", "9223372036854775807", "x", "event.m.a", "l[0]"])
        case .uint: one(of: ["0u", "5u", "18446744073709551615u"])
        case .double: one(of: ["0.0", "1.5", "-2e3", "event.n"])
        case .string: one(of: ["''", "'abc'", "'é😀'", "s", "event.t"])
        case .bytes: one(of: ["b''", "b'a\\xff'"])
        case .list: one(of: ["[]", "[1, 2]", "l"])
        case .timestamp: one(of: ["timestamp(0)", "timestamp('2024-02-29T12:00:00.5Z')"])
        case .duration: one(of: ["duration('0')", "duration('-90m')", "duration('1.5s')"])
        case .decimal: one(of: ["decimal('0.1')", "decimal(7)", "decimal('-99.99')"])
        }
    }
}
