import JSON
import Testing

@Suite struct JSONWriterTests {
    private func text(_ body: (inout JSONWriter) throws -> Void) rethrows -> String {
        var w = JSONWriter()
        try body(&w)
        return w.text
    }

    @Test func `an object has its members in order, with commas between them`() {
        let text = text { w in
            w.object { w in
                w.field("id", "key_01")
                w.field("note", nil as String?)
                w.field("count", 3 as Int?)
                w.object("rotation") { w in w.field("days", 90) }
                w.object("empty") { _ in }
                w.array("tags", ["a", "b"]) { w, tag in w.value(tag) }
                w.field("flags", [true, false])
                w.field("meta", ["a": [nil, 1]] as JSONValue)
                w.raw("payload", Array("[1,2]".utf8))
                w.null("last")
            }
        }
        #expect(
            text
                == #"{"id":"key_01","note":null,"count":3,"rotation":{"days":90},"empty":{},"#
                + #""tags":["a","b"],"flags":[true,false],"meta":{"a":[null,1]},"payload":[1,2],"last":null}"#
        )
    }

    @Test func `members that are written already stand among others`() {
        let ready = JSONWriter.members { w in
            w.field("a", 1)
            w.field("b", "x")
        }
        let written = text { w in
            w.object { w in
                w.members(raw: ready)
                w.members(raw: [])
                w.field("c", true)
                w.members(raw: ready)
            }
        }
        #expect(written == #"{"a":1,"b":"x","c":true,"a":1,"b":"x"}"#)
    }

    @Test func `what must be escaped is found at every place of texts of every length`() throws {
        for length in 1...26 {
            let plain = String(repeating: "é", count: length / 3) + String(repeating: "a", count: length)
            #expect(text { w in w.string(plain) } == "\"\(plain)\"")
            for place in 0...plain.unicodeScalars.count {
                for odd: Unicode.Scalar in ["\"", "\\", "\u{1}", "\u{1F}"] {
                    var scalars = String.UnicodeScalarView(plain.unicodeScalars.prefix(place))
                    scalars.append(odd)
                    scalars.append(contentsOf: plain.unicodeScalars.dropFirst(place))
                    let odd = String(scalars)
                    #expect(try JSONValue.parse(text { w in w.string(odd) }) == .string(odd))
                }
            }
        }
    }

    @Test func `an array may stand at the top, with objects in it`() {
        let text = text { w in
            w.array([1, 2]) { w, n in w.object { w in w.field("n", n) } }
        }
        #expect(text == #"[{"n":1},{"n":2}]"#)
    }

    @Test func `a free array takes values of every kind`() {
        let text = text { w in
            w.array { w in
                w.value("x")
                w.null()
                w.raw("{}".utf8)
                w.array("y", unnamed: 1)
            }
        }
        #expect(text == #"["x",null,{},["y",1]]"#)
    }

    @Test func `lines of NDJSON have no commas between them`() {
        let text = text { w in
            for n in 1...2 {
                w.object { w in w.field("n", n) }
                w.endLine()
            }
        }
        #expect(text == "{\"n\":1}\n{\"n\":2}\n")
    }

    @Test func `control characters, quotes and backslashes are escaped and nothing else`() {
        let input = "\u{0}\u{1}\u{8}\t\n\u{B}\u{C}\r\u{1F} \"\\/<\u{7F}é🔑\u{2028}"
        let expected =
            #""\u0000\u0001\b\t\n\u000b\f\r\u001f \"\\/<"# + "\u{7F}é🔑\u{2028}\""
        #expect(text { w in w.value(input) } == expected)
        #expect(text { w in w.object { w in w.field("a\"b", 1) } } == #"{"a\"b":1}"#)
    }

    @Test(arguments: [
        (0, "0"), (7, "7"), (-1, "-1"), (10, "10"), (Int64.max, "9223372036854775807"),
        (Int64.min, "-9223372036854775808"),
    ])
    func `integers are written in full`(value: Int64, expected: String) {
        #expect(text { w in w.value(value) } == expected)
    }

    @Test func `the largest unsigned integer is written in full`() {
        #expect(text { w in w.value(UInt64.max) } == "18446744073709551615")
    }

    @Test(arguments: [
        0.1, -0.0, 1e300, .leastNonzeroMagnitude, 123456.789, .greatestFiniteMagnitude, 1, 1e16, 1.0 / 3.0,
    ])
    func `a double is written so that it reads back the same`(value: Double) throws {
        let read = try JSONValue.parse(text { w in w.value(value) })
        #expect(read.asDouble?.bitPattern == value.bitPattern)
    }

    @Test func `a short decimal is written as the shortest text is`() {
        var random = Seeded(11)
        let powers = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e12]
        let others = (0..<30_000).filter { round in
            let digits = Double(Int64.random(in: 0...9_007_199_254_740_993, using: &random) >> (round % 54))
            let value = (round % 2 == 0 ? digits : -digits) / powers[round % powers.count]
            return [value, value.nextUp, value.nextDown].contains { value in
                text { w in w.value(value) } != value.description
            }
        }
        #expect(others.isEmpty)
    }

    @Test(arguments: [Double.infinity, -.infinity, .nan, .signalingNaN])
    func `a double that JSON cannot say is null`(value: Double) {
        #expect(text { w in w.value(value) } == "null")
    }

    @Test func `the writer goes on behind bytes that stand already`() {
        var w = JSONWriter(appendingTo: Array("head:".utf8))
        w.value(1)
        #expect(w.text == "head:1")
    }

    @Test func `an escape in a name and in a later element keeps the commas right`() {
        let text = text { w in
            w.object { w in
                w.field("a", 1)
                w.field("\n", "\t")
                w.field("b", ["\"", "c"])
            }
        }
        #expect(text == #"{"a":1,"\n":"\t","b":["\"","c"]}"#)
    }

    @Test func `an error inside the closure comes out`() {
        struct Stop: Error {}
        #expect(throws: Stop.self) { try text { w in try w.object { _ in throw Stop() } } }
    }
}

extension JSONWriter {
    fileprivate mutating func array(_ text: String, unnamed number: Int) {
        array { w in
            w.value(text)
            w.value(number)
        }
    }
}
