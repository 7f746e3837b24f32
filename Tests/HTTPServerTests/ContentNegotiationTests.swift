import HTTPServer
import Testing

@Suite struct ContentNegotiationTests {
    @Test(arguments: [
        ("gzip", true), ("gzip, deflate, br, zstd", true), ("GZIP", true), ("*", true), ("x-gzip", true),
        ("gzip;q=0.5", true), ("gzip; q=1.000 , br", true), ("identity;q=0.5, gzip;q=0.5", true),
        ("br, *;q=0.1", true),
        ("", false), ("br", false), ("identity", false), ("gzip;q=0", false), ("gzip;q=0.000", false),
        ("*;q=0", false),
        ("gzip;q=0, *", false), ("gzip;q=0.4, identity;q=0.5", false), ("gzip;q=2", false),
        ("gzip;q=0.1234", false),
        ("gzip;q=-1", false), ("gzip;q", false), ("gzip;x=1", false), ("gzip,", false), ("gzip br", false),
    ])
    func `gzip is used only for whoever takes it`(acceptEncoding: String, isGzip: Bool) {
        #expect((ContentCoding.negotiated(acceptEncoding: acceptEncoding) == .gzip) == isGzip)
    }

    @Test func `without Accept-Encoding nothing is compressed`() {
        #expect(ContentCoding.negotiated(acceptEncoding: nil) == .identity)
    }

    @Test func `one coding of a body is understood`() {
        #expect(ContentCoding(contentEncoding: nil) == .identity)
        #expect(ContentCoding(contentEncoding: "GZip") == .gzip)
        #expect(ContentCoding(contentEncoding: "gzip, gzip") == nil)
        #expect(ContentCoding(contentEncoding: "br") == nil)
        #expect(ContentCoding(contentEncoding: "") == nil)
    }

    @Test(
        arguments: [
            ("application/json", "application/json", nil),
            ("Application/JSON; Charset=UTF-8", "application/json", "utf-8"),
            ("text/csv;charset=\"utf-8\"", "text/csv", "utf-8"),
            ("a/b ; x=y ; charset=latin1", "a/b", "latin1"),
            ("application/problem+json", "application/problem+json", nil),
        ] as [(String, String, String?)])
    func `a media type is read`(text: String, essence: String, charset: String?) throws {
        let type = try #require(MediaType(text))
        #expect(type.essence == essence)
        #expect(type.charset == charset)
        #expect(type.isUTF8 == (charset != "latin1"))
    }

    @Test(arguments: [
        "", "application", "application/", "/json", "a/b/c", "a /b", "a/b;", "a/b; charset", "a/b; charset=",
        "a/b; charset=\"x", "a/b; a=1; a=2", "a/b, c/d", " a/b", "a/b ", "a/b; charset = utf-8",
    ])
    func `what is no media type is refused`(text: String) {
        #expect(MediaType(text) == nil)
    }

    @Test(
        arguments: [
            (nil, "application/json"), ("*/*", "application/json"), ("text/csv", "text/csv"),
            ("text/*", "text/csv"),
            ("application/json;q=0.5, text/csv", "text/csv"),
            ("application/*, text/csv;q=0.9", "application/json"),
            ("*/*;q=0.1, application/json;q=0", "text/csv"), ("text/html", nil),
            ("application/json;q=0", nil),
        ] as [(String?, String?)])
    func `the client's favourite is offered`(accept: String?, best: String?) throws {
        #expect(try #require(AcceptedTypes(accept)).best(of: ["application/json", "text/csv"]) == best)
    }

    @Test(arguments: ["", "json", "*/json", "a/b;q=x", "a/b,", "a/b c/d"])
    func `a malformed Accept is seen`(accept: String) {
        #expect(AcceptedTypes(accept) == nil)
    }
}
