import JSON
import Testing

private enum Environment: String, CaseIterable { case live, testnet, paper }

@Suite struct FieldsTests {
    private func fields(_ text: String) throws -> Fields { try Fields(Array(text.utf8)) }

    /// The mistakes that `decode` finds, as `pointer code`.
    private func mistakes(_ text: String, _ decode: (inout Fields) -> Void) throws -> [String] {
        try found(text, decode).map { "\($0.pointer) \($0.code)" }
    }

    private func found(_ text: String, _ decode: (inout Fields) -> Void) throws -> [FieldError] {
        var f = try fields(text)
        decode(&f)
        do throws(FieldErrors) { try f.finish() } catch { return error.errors }
        return []
    }

    @Test func `a whole document decodes`() throws {
        var f = try fields(
            #"""
            {"name":"é🔑","n":10,"price":1.5e1,"on":true,"environment":"paper","tags":["a"],
             "rotation":{"days":3},
             "tests":[{"x":1},{"x":2}],"meta":{"any":[null]},"expires_at":"7","note":null}
            """#)
        #expect(f.string("name", 2...2) == "é🔑")
        #expect(f.int("n", 1...10) == 10)
        #expect(f.double("price", 0...20) == 15)
        #expect(f.bool("on") == true)
        #expect(f.choice("environment", Environment.self, default: .live) == .paper)
        #expect(f.strings("tags", count: 0...50, each: 1...64, default: []) == ["a"])
        #expect(f.object(optional: "rotation") { f in f.int("days", 1...5) } == 3)
        #expect(f.array("tests", count: 0...100) { f in f.int("x", 0...9) } == [1, 2])
        #expect(f.take("meta") == ["any": [nil]])
        #expect(f.parsed("expires_at", expected: "a number") { Int($0) } == 7)
        #expect(f.string(optional: "note", 1...9) == nil)
        try f.finish()
    }

    @Test func `missing and null alike take the default`() throws {
        for text in ["{}", #"{"a":null,"b":null,"c":null,"d":null,"e":null,"f":null,"g":null,"h":null}"#] {
            var f = try fields(text)
            #expect(f.string("a", 1...2, default: "z") == "z")
            #expect(f.int("b", 1...2, default: 9) == 9)
            #expect(f.double("c", 1...2, default: 9) == 9)
            #expect(f.bool("d", default: true) == true)
            #expect(f.choice("e", Environment.self, default: .testnet) == .testnet)
            #expect(f.strings("f", count: 1...2, each: 1...2, default: ["z"]) == ["z"])
            #expect(f.object(optional: "g") { _ in 1 } == nil)
            #expect(f.choices("h", Environment.self, count: 1...2, default: [.live]) == [.live])
            try f.finish()
        }
    }

    @Test func `every mistake is reported, in order, with its pointer`() throws {
        let text = #"""
            {"b":"","c":"abc","d":1.0,"e":99,"f":"testnte","g":[1,"","ok"],"h":{"days":0,"dyas":1},
             "i":[{"x":true},7],
             "j":"a\u0000b","k":"nope","l":[1,2,3],"m":9223372036854775808,"n":1e999,"o":[]}
            """#
        let mistakes = try mistakes(text) { f in
            _ = f.string("a", 1...2)
            _ = f.string("b", 1...2)
            _ = f.string("c", 1...2)
            _ = f.int("d", 1...2)
            _ = f.int("e", 1...2)
            _ = f.choice("f", Environment.self)
            _ = f.strings("g", count: 0...9, each: 1...2)
            f.object("h") { f in _ = f.int("days", 1...2) }
            f.array("i", count: 0...9) { f in _ = f.int("x", 1...2) }
            _ = f.string("j", 0...9)
            _ = f.parsed("k", expected: "a number") { Int($0) }
            _ = f.strings("l", count: 0...2, each: 1...2)
            _ = f.int("m", 0...Int.max)
            _ = f.double("n", 0...1)
            _ = f.strings("o", count: 1...2, each: 1...2)
            _ = f.parsed("p", expected: "a number") { Int($0) }
            f.object("q") { _ in }
            f.array("r", count: 0...1) { _ in }
            f.fail("c", code: "in_the_past", "must be in the future")
            f.fail("l", index: 2, code: "twice", "is there twice")
            f.fail(code: "conflict", "c and d exclude each other")
        }
        #expect(
            mistakes == [
                "/a missing", "/b too_short", "/c too_long", "/d wrong_type", "/e out_of_range",
                "/f not_a_choice", "/g/0 wrong_type", "/g/1 too_short", "/h/days out_of_range",
                "/h/dyas unknown_field", "/i/0/x wrong_type", "/i/1 wrong_type", "/j malformed",
                "/k malformed",
                "/l too_many", "/m out_of_range", "/n out_of_range", "/o too_few", "/p missing", "/q missing",
                "/r missing", "/c in_the_past", "/l/2 twice", " conflict",
            ])
    }

    @Test func `an unknown field is refused with what was probably meant`() throws {
        let errors = try found(#"{"nmae":"x","zzz":1,"a/b~c":1}"#) { f in
            _ = f.string(optional: "name", 1...2)
            _ = f.has("note")
        }
        #expect(errors.map(\.pointer) == ["/nmae", "/zzz", "/a~1b~0c"])
        #expect(errors.allSatisfy { $0.code == "unknown_field" })
        #expect(errors[0].message == #"is not a field here; did you mean "name"?"#)
        #expect(errors[1].message == "is not a field here")
    }

    @Test func `a wrong choice lists the choices and never quotes the value`() throws {
        let errors = try found(#"{"e":"Live"}"#) { f in _ = f.choice("e", Environment.self) }
        #expect(errors.map(\.message) == [#"must be one of live, testnet, paper; did you mean "live"?"#])
    }

    @Test func `what is made new knows no null, whoever asks`() throws {
        var f = try Fields(JSONValue.parse(Array(#"{"a":null,"b":null,"c":[null]}"#.utf8)), nulls: .missing)
        let (isThere, isNull) = (f.has("a"), f.isNull("a"))
        #expect(!isThere && !isNull)
        let isTaken = if case .some = f.take("b") { true } else { false }
        #expect(!isTaken)
        #expect(f.take("c") == [nil])
        try f.finish()
    }

    @Test func `a null that nobody asked for is an unknown field all the same`() throws {
        let f = try Fields(JSONValue.parse(Array(#"{"a":null}"#.utf8)), nulls: .missing)
        #expect(throws: FieldErrors.self) { try f.finish() }
    }

    @Test func `a required field that is null is missing`() throws {
        var f = try Fields(JSONValue.parse(Array(#"{"a":null}"#.utf8)), nulls: .missing)
        _ = f.string("a", 1...2)
        #expect(throws: FieldErrors.self) { try f.finish() }
    }

    @Test func `a PATCH tells missing from null`() throws {
        var f = try fields(#"{"a":null,"b":1}"#)
        #expect(f.has("a") == true && f.isNull("a") == true)
        #expect(f.has("b") == true && f.isNull("b") == false)
        #expect(f.has("c") == false && f.isNull("c") == false)
        #expect(f.take("b") == 1)
        #expect(f.take("a") == .null)
        #expect(f.take("c") == nil)
        try f.finish()
    }

    @Test func `a taken value may not hold U+0000 anywhere`() throws {
        for value in [#"["\u0000"]"#, #"{"\u0000":1}"#, #""a\u0000""#] {
            let mistakes = try mistakes("{\"meta\":\(value)}") { f in _ = f.take("meta") }
            #expect(mistakes == ["/meta malformed"])
        }
    }

    @Test(arguments: ["[]", "1", "null", "\"x\""])
    func `what is no object is refused as a whole`(text: String) {
        let expected = FieldErrors(FieldError(pointer: "", code: "wrong_type", message: "must be an object"))
        #expect(throws: expected) { try fields(text) }
    }

    @Test func `what is no JSON is a JSONError`() {
        #expect(throws: JSONError.self) { try fields("{") }
    }

    @Test func `a hundred mistakes are listed and all are counted`() throws {
        var w = JSONWriter()
        w.object { w in
            for n in 0..<250 { w.field("unknown\(n)", n) }
        }
        let f = try Fields(w.bytes)
        let error = #expect(throws: FieldErrors.self) { try f.finish() }
        #expect(error?.errors.count == 100)
        #expect(error?.total == 250)
    }

    @Test func `a very long unknown name is cut in the answer`() throws {
        let errors = try found("{\"\(String(repeating: "n", count: 5000))\":1}") { _ in }
        #expect(errors.map(\.pointer.utf8.count) == [129])
    }

    @Test func `a field error writes itself as the problem document has it`() {
        let error = FieldError(pointer: "/a", code: "missing", message: "is required")
        var w = JSONWriter()
        w.value(error)
        #expect(w.text == #"{"pointer":"/a","code":"missing","message":"is required"}"#)
    }
}
