import JSON
import Testing

@testable import Exchanges

@Suite struct RequestDraftTests {
    @Test func `paths that two readers could understand differently are refused`() throws {
        for path in [
            "", "api", "//api", "/api//x", "/api/", "/", "/./x", "/a/../b", "/%2e%2E/x", "/a%2fb", "/a%5Cb",
            "/a%0",
            "/a%zz", "/a%00", "/a%0d", "/a?b", "/a#b", "/a b", "/a\\b", "/ä", "/a%ff", "/a\r\nX: y", "/a\"",
            "/a%7f",
        ] {
            #expect(throws: DraftRefusal.path, "\(path)") { try RequestDraft(.get, host: "spot", path: path) }
        }
        for path in ["/api/v3/order", "/0/private/AddOrder", "/a-b_c.d~e", "/a%20b", "/x:y@z", "/%C3%A4"] {
            #expect(try RequestDraft(.get, host: "spot", path: path).path == path)
        }
        let long = "/" + String(repeating: "a", count: 2_048)
        #expect(throws: DraftRefusal.tooLong) { try RequestDraft(.get, host: "spot", path: long) }
    }

    @Test func `fields are refused when a name is there twice, in query or body or both`() throws {
        let (a, b) = (RequestDraft.Field("a", "1"), RequestDraft.Field("a", "2"))
        let cases: [([RequestDraft.Field], RequestDraft.Body)] = [
            ([a, b], .none), ([], .form([a, b])), ([a], .form([b])),
        ]
        for (query, body) in cases {
            #expect(throws: DraftRefusal.duplicateName("a")) {
                try RequestDraft(.post, host: "spot", path: "/p", query: query, body: body)
            }
        }
        // The two spellings of é are different bytes, and different names.
        let spellings = [RequestDraft.Field("\u{E9}", "1"), .init("e\u{301}", "2")]
        #expect(try RequestDraft(.get, host: "spot", path: "/p", query: spellings).query.count == 2)
    }

    @Test func `control characters, empty names and floods are refused`() throws {
        for control in ["\0", "\r", "\n", "\r\n", "\t", "\u{1B}", "\u{7F}"] {
            #expect(throws: DraftRefusal.controlCharacter(in: "a")) { try draft([.init("a", "x\(control)")]) }
            #expect(throws: DraftRefusal.fieldName) { try draft([.init("a\(control)", "x")]) }
        }
        #expect(throws: DraftRefusal.fieldName) { try draft([.init("", "x")]) }
        #expect(throws: DraftRefusal.tooManyFields) { try draft((0..<257).map { .init("a\($0)", "") }) }
        #expect(throws: DraftRefusal.tooLong) {
            try draft([.init("a", String(repeating: "x", count: 16_384))])
        }
    }

    @Test func `JSON bodies are strict JSON without exponents`() throws {
        let cases: [(String, DraftRefusal?)] = [
            (#"{"a":1,"b":["1e3",{"c":-2.50}]}"#, nil), (#"{"a":1e3}"#, .exponent),
            (#"[{"a":[1E-3]}]"#, .exponent),
        ]
        for (text, refusal) in cases {
            if let refusal {
                #expect(throws: refusal) { try json(Array(text.utf8)) }
            } else {
                #expect(try json(Array(text.utf8)).body == .json(Array(text.utf8)))
            }
        }
        let broken = [
            "", "{", #"{"a":1,"a":2}"#, "{}x", "\u{FEFF}{}", "{\"a\":\"\0\"}", "{\"a\":\"\n\"}",
        ].map { Array($0.utf8) }
        for bytes in broken + [[0x22, 0xFF, 0x22]] {
            #expect { try json(bytes) } throws: { error in
                if case DraftRefusal.notJSON = error { true } else { false }
            }
        }
    }

    private func draft(_ query: [RequestDraft.Field]) throws -> RequestDraft {
        try RequestDraft(.get, host: "spot", path: "/p", query: query)
    }

    private func json(_ bytes: [UInt8]) throws -> RequestDraft {
        try RequestDraft(.post, host: "spot", path: "/p", body: .json(bytes))
    }
}
