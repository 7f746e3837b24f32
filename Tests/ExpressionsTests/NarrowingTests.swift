import Expressions
import Kernel
import Testing

/// Conditions over an object of three variants, at random: where the checker lets a field pass, no variant
/// that has all its fields ever meets one that is missing.
@Suite struct NarrowingTests {
    private static let variants: [(tag: String, fields: [String: Value])] = [
        ("a", ["type": .string("a"), "both": .int(1), "one": .int(1)]),
        ("b", ["type": .string("b"), "both": .int(2), "two": .string("x")]),
        ("c", ["type": .string("c"), "three": .bool(true)]),
    ]

    private static let environment = Environment([
        "event": .object(
            ObjectType(
                name: "event", tagField: "type",
                variants: variants.map { variant in
                    .init(
                        tag: variant.tag,
                        fields: variant.fields.mapValues { value in
                            switch value {
                            case .int: .int
                            case .bool: .bool
                            default: .string
                            }
                        })
                }, unknownTag: "no such type", knownTags: ["a", "b", "c"]))
    ])

    private struct Event: FieldSource {
        let fields: [String: Value]

        func field(_ name: String) -> FieldValue { fields[name].map { .value($0) } ?? .absent }
        var fieldNames: [String] { fields.keys.sorted() }
    }

    private let generator = SeededGenerator(seed: 11)

    private func one(of choices: [String]) -> String {
        choices[Int(generator.next() % UInt64(choices.count))]
    }

    private func condition(_ depth: Int) -> String {
        if depth == 0 || generator.next() % 4 == 0 {
            return one(of: [
                "event.type == 'a'", "event.type == 'b'", "'c' == event.type", "event.type != 'a'",
                "event.type != 'c'", "event.type in ['a', 'b']", "event.type in ['c']", "has(event.one)",
                "has(event.two)", "has(event.both)", "event.one == 1", "event.two == 'x'", "event.both > 1",
                "event.three", "true", "false", "event.both in [1, 2]",
            ])
        }
        let (a, b, c) = (condition(depth - 1), condition(depth - 1), condition(depth - 1))
        return one(of: [
            "(\(a) && \(b))", "(\(a) && \(b) && \(c))", "(\(a) || \(b))", "(\(a) || \(b) || \(c))", "!(\(a))",
            "(\(a) ? \(b) : \(c))", "[1].all(x, \(a))", "(\(a) == \(b))",
        ])
    }

    @Test func `no field that passes the checker is missing`() {
        var passed = 0
        for _ in 0..<60_000 {
            let source = condition(3)
            guard let expression = try? Expression(source, in: Self.environment) else { continue }
            passed += 1
            for variant in Self.variants {
                let result = expression.evaluate(
                    Variables([("event", .object(Event(fields: variant.fields)))]))
                if case .failure(let error) = result {
                    Issue.record("\(source) on \(variant.tag): \(error.message)")
                    return
                }
            }
        }
        #expect(passed > 3_000)
    }
}
