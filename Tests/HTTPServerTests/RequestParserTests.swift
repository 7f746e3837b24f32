import HTTPServer
import Testing

@Suite struct RequestParserTests {
    @Test func `a plain request is read`() throws {
        let text = "GET /v1/keys?limit=5 HTTP/1.1\r\nHost: localhost:8720\r\nX-Thing:  a b \t\r\n\r\n"
        let head = try #require(Transcript.heads(text).first)
        #expect(head.method == .get)
        #expect(head.path == "/v1/keys")
        #expect(head.query == "limit=5")
        #expect(head.minorVersion == 1)
        #expect(head.keepsAlive)
        #expect(!head.expectsContinue)
        #expect(head.headers.count == 2)
        #expect(head.headers[.host] == "localhost:8720")
        #expect(head.headers["x-thing"] == "a b")
        #expect(head.headers[.authorization] == nil)
    }

    @Test func `names are compared without case, and duplicates are seen`() throws {
        let text = "GET / HTTP/1.1\r\nHOST: a\r\nACCEPT: x\r\naccept: y\r\nEmpty:\r\n\r\n"
        let headers = try #require(Transcript.heads(text).first).headers
        #expect(headers[.accept] == "x")
        #expect(headers.all(.accept) == ["x", "y"])
        #expect(headers.list(.accept) == "x,y")
        #expect(headers["empty"] == "")
        #expect(headers.map(\.name.text) == ["host", "accept", "accept", "empty"])
        #expect(try headers.only(.host) == "a")
        #expect(throws: RequestError.duplicateHeader) { try headers.only(.accept) }
    }

    @Test(arguments: [
        ("1.1", "", true), ("1.0", "", false), ("1.1", "Connection: close\r\n", false),
        ("1.1", "Connection: Keep-Alive, CLOSE\r\n", false), ("1.0", "Connection: keep-alive\r\n", true),
        ("1.0", "Connection: keep-alive\r\nConnection: close\r\n", false),
        ("1.1", "Connection: upgrade\r\n", true),
    ])
    func `the connection is kept or closed`(version: String, line: String, keeps: Bool) throws {
        let head = try #require(Transcript.heads("GET / HTTP/\(version)\r\nHost: a\r\n\(line)\r\n").first)
        #expect(head.keepsAlive == keeps)
    }

    @Test(arguments: [("1.1", true, true), ("1.0", true, false), ("1.1", false, false)])
    func `100-continue counts in HTTP 1_1 with a body`(version: String, hasBody: Bool, expects: Bool) throws {
        let length = hasBody ? "Content-Length: 1\r\n" : ""
        let text = "POST / HTTP/\(version)\r\nHost: a\r\nExpect: 100-Continue\r\n\(length)\r\n"
        #expect(try #require(Transcript.heads(text).first).expectsContinue == expects)
    }

    @Test func `an endpoint's lower body limit is applied at once`() throws {
        var parser = RequestParser()
        let head = Array("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n".utf8)
        _ = try parser.next(head.span)
        #expect(throws: RequestError.bodyTooLarge) { try parser.limitBody(to: 10) }
        #expect(throws: RequestError.bodyTooLarge) { try parser.next(head.span) }
    }

    @Test func `every error has a code, a sentence and an error status`() {
        for error in RequestError.allCases {
            #expect(error.status.code >= 400)
            #expect(error.sentence.hasSuffix("."))
        }
        #expect(Set(RequestError.allCases.map(\.sentence)).count == RequestError.allCases.count)
    }
}
