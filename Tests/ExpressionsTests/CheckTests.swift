import Expressions
import Testing

@Suite struct CheckTests {
    private let environment = Environment([
        "event": .object(
            ObjectType(
                name: "event", tagField: "type",
                variants: [
                    .init(
                        tag: "a.made",
                        fields: ["type": .string, "grade": .double, "note": .nullable(.string)]),
                    .init(tag: "a.gone", fields: ["type": .string, "reason": .string]),
                    .init(tag: "custom.", fields: ["type": .string], isOpen: true),
                ], unknownTag: "on takes no event of this type", knownTags: ["a.made", "a.gone"])),
        "request": .object(
            ObjectType(
                name: "request",
                fields: [
                    "order": .object(
                        ObjectType(name: "order", fields: ["price": .decimal, "side": .string])),
                    "tags": .list(.string), "labels": .map(.string, .string), "count": .int,
                ])),
        "now": .timestamp, "data": .dyn,
    ])

    private func type(_ source: String) throws(ExpressionMistake) -> ExpressionType {
        try Expression(source, in: environment).type
    }

    @Test(arguments: [
        ("1", ExpressionType.int), ("request.count + 1", .int), ("request.tags", .list(.string)),
        ("request.order.price * decimal('2')", .decimal), ("request.labels.x", .string),
        ("request.labels['x']", .string), ("data.anything.at['all']", .dyn),
        ("now - duration('1h')", .timestamp),
        ("request.tags.map(t, size(t))", .list(.int)), ("request.tags.filter(t, t != '')", .list(.string)),
        ("[1, 'a']", .list(.dyn)), ("[1, null]", .list(.nullable(.int))), ("{'a': 1}", .map(.string, .int)),
        ("true ? 1 : null", .nullable(.int)), ("data + 1", .dyn), ("now.getHours('UTC') < 22", .bool),
        ("request.tags[0]", .string), ("dyn(1)", .dyn), ("type(1)", .type), ("b'' + b''", .bytes),
    ])
    func `the type is known`(source: String, wanted: ExpressionType) throws {
        #expect(try type(source) == wanted)
    }

    @Test(arguments: [
        ("request.cuont > 1", 1, ExpressionMistake.Kind.unknownField, "did you mean request.count?"),
        (
            "1 < 2 && request.order.prise < decimal('1')", 10, .unknownField,
            "did you mean request.order.price?"
        ),
        ("reqest.count > 1", 1, .unknownName, "did you mean request?"),
        ("count > 1", 1, .unknownName, "did you mean request.count?"),
        ("request.tags.contians('a')", 14, .unknownFunction, "did you mean contains?"),
        ("request.tags.contains('a')", 1, .wrongType, "contains takes a string or a range"),
        ("request.order.side.startsWith('a', 'b')", 20, .wrongArgumentCount, "takes 1 argument, not 2"),
        ("request.tags.all(t)", 14, .wrongArgumentCount, "list.all(x, …)"),
        ("request.count == 'x'", 18, .wrongType, "request.count is a whole number (int), not a string"),
        ("'x' == request.count", 1, .wrongType, "request.count is a whole number (int), not a string"),
        ("request.order.price > 1", 23, .wrongType, "a decimal, not a whole number"),
        ("request.count + 1.5", 17, .wrongType, "double(request.count)"),
        ("request.count + 'a'", 17, .wrongType, "+ is not defined for"),
        ("request.tags == 'a'", 17, .wrongType, "a list of strings"),
        ("request == 1", 12, .wrongType, "an object (request)"),
        ("now.getHours('Paris')", 14, .malformed, "a time zone is UTC or an offset"),
        ("now > timestamp('yesterday')", 17, .malformed, "no RFC 3339 time"),
        ("'a'.matches('[a')", 13, .malformed, "the pattern, at its character 1"),
        ("cidr('10.0.0.1/8').contains('1')", 6, .malformed, "no range of addresses"),
        ("request.order.side in ['buy'", 29, .malformed, "expected , or ]"),
        ("request.count => 1", 15, .malformed, "did you mean >=?"),
        ("request.count =< 1", 15, .malformed, "did you mean <=?"),
        ("request.count ≥ 1", 15, .malformed, "did you mean >=?"),
        ("request.count ≠ 1", 15, .malformed, "did you mean !=?"),
        ("'a' == ‘a’", 8, .malformed, "did you mean '?"), ("'a' == “a”", 8, .malformed, "did you mean \"?"),
        ("request.count > 1;", 18, .malformed, "ends without a ;"),
        ("request.count > 1 and true", 19, .malformed, "found and; did you mean &&?"),
        ("(request.count > 1 OR true)", 20, .malformed, "found OR; did you mean ||?"),
        ("not data.flag", 1, .malformed, "not is no operator; did you mean !?"),
        ("true && NOT data.flag", 9, .malformed, "did you mean !?"),
        ("not(data.flag)", 1, .unknownFunction, "did you mean !?"),
        ("'a' not in request.tags", 5, .malformed, "did you mean !(x in list)?"),
        ("data.note is null", 11, .malformed, "did you mean == null or != null?"),
        ("data.flag == True", 14, .unknownName, "did you mean true?"),
        ("data.note != None", 14, .unknownName, "did you mean null?"),
        ("data.note == NULL", 14, .unknownName, "did you mean null?"),
        ("data.value > 70,0", 16, .malformed, "stand behind a point"),
        ("request.tags.lenght() > 3", 14, .unknownFunction, "did you mean size()?"),
        ("request.tags.length > 3", 1, .wrongType, "did you mean request.tags.size()?"),
        ("request.tags.any(t, t == 'x')", 14, .unknownFunction, "did you mean exists?"),
        ("1 +\n  request.cuont", 3, .unknownField, "request.count"),
    ])
    func `a mistake is told with its place, what was expected and a suggestion`(
        source: String, column: Int, kind: ExpressionMistake.Kind, message: String
    ) {
        let mistake = #expect(throws: ExpressionMistake.self) { try Expression(source, in: environment) }
        #expect(mistake?.position.column == column, "\(mistake?.sentence ?? "")")
        #expect(mistake?.kind == kind)
        #expect(mistake?.message.contains(message) == true, "\(mistake?.message ?? "")")
    }

    @Test func `lines are counted`() {
        let mistake = #expect(throws: ExpressionMistake.self) {
            try Expression("true &&\n  nothing", in: environment)
        }
        #expect(mistake?.position.line == 2)
        #expect(mistake?.position.offset == 10)
        #expect(mistake?.sentence.hasPrefix("at line 2, character 3: ") == true)
    }

    @Test func `what is wanted of the whole is checked`() throws {
        let mistake = #expect(throws: ExpressionMistake.self) {
            try Expression("request.count", in: environment, giving: .bool)
        }
        #expect(mistake?.kind == .wrongType)
        #expect(throws: Never.self) { try Expression("data.flag", in: environment, giving: .bool) }
    }

    @Test(arguments: [
        "event.type == 'a.gone' && event.reason == 'x'", "event.reason == 'x' && event.type == 'a.gone'",
        "event.type == 'a.made' ? event.grade > 1.0 : false", "event.type != 'a.made' || event.grade > 1.0",
        "!(event.type == 'a.made') || event.grade > 1.0", "has(event.reason) && event.reason == 'x'",
        "event.type in ['a.gone', 'custom.x'] && event.reason == 'x'",
        "(event.type == 'a.gone' && event.reason == 'x') || (event.type == 'a.made' && event.grade > 1)",
        "event.type == 'custom.b' && event.whatever.deep == 1",
        "event.type == 'a.made' && event.note == null",
        "event.type == 'a.made' && event.note.startsWith('x')", "event.type == 'a.made' && event.grade == 70",
    ])
    func `a condition on the type tells which fields are there`(source: String) {
        #expect(throws: Never.self) { try Expression(source, in: environment) }
    }

    @Test(arguments: [
        ("event.reason == 'x'", "a.made has no field reason"),
        ("event.type == 'a.gone' || event.reason == 'x'", "a.made has no field reason"),
        ("event.type != 'a.gone' && event.reason == 'x'", "a.made has no field reason"),
        ("event.type == 'a.made' && event.reason == 'x'", "event.type == \"a.gone\""),
        ("event.type == 'a.mad'", "did you mean a.made?"), ("event.type in ['a.made', 'a.goon']", "a.gone?"),
        ("event.type == 'a.made' && event.grade == null", "not null"), ("event.grdae > 1", "no field of"),
        ("event.type == 'a.made' && event.grdae > 1", "did you mean event.grade?"), ("has(event.nope)", ""),
        ("event.type == 'a.made' && event.note < null", "null has no order"),
    ])
    func `a field that some variants lack needs a guard`(source: String, message: String) {
        if source == "has(event.nope)" {
            // An own event may have it.
            #expect(throws: Never.self) { try Expression(source, in: environment) }
            return
        }
        let mistake = #expect(throws: ExpressionMistake.self) { try Expression(source, in: environment) }
        #expect(mistake?.message.contains(message) == true, "\(mistake?.message ?? "")")
    }
}
