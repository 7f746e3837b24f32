import HTTPServer
import Testing

@Suite struct ResponseHeadTests {
    private static func text(
        _ head: ResponseHead, _ framing: ResponseFraming, _ connection: ConnectionOption = .none
    ) -> String {
        var bytes: [UInt8] = []
        head.append(to: &bytes, date: HTTPDate(seconds: 0).bytes, framing: framing, connection: connection)
        return String(decoding: bytes, as: UTF8.self)
    }

    private static let date = "date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"

    @Test func `a head is written`() {
        var head = ResponseHead(.ok)
        head.set(.contentType, "application/json")
        let fields = "content-type: application/json\r\ncontent-length: 42\r\n"
        #expect(Self.text(head, .length(42)) == "HTTP/1.1 200 OK\r\n\(Self.date)\(fields)\r\n")
    }

    @Test func `framing and connection are written by us alone`() {
        var head = ResponseHead(.ok)
        for name: HeaderName in [.contentLength, .transferEncoding, .connection, .date] {
            head.add(name, "1")
        }
        #expect(head.fields.isEmpty)
        #expect(
            Self.text(head, .chunked, .close).hasSuffix(
                "transfer-encoding: chunked\r\nconnection: close\r\n\r\n"))
        #expect(
            Self.text(head, .none, .keepAlive)
                == "HTTP/1.1 200 OK\r\n\(Self.date)connection: keep-alive\r\n\r\n")
        #expect(Self.text(head, .untilClose) == "HTTP/1.1 200 OK\r\n\(Self.date)connection: close\r\n\r\n")
    }

    @Test func `no value ends its line`() {
        var head = ResponseHead(.found)
        head.set(.location, "/a\r\nSet-Cookie: x=y\u{0}\n")
        #expect(Self.text(head, .none).contains("\r\nlocation: /a  Set-Cookie: x=y  \r\n\r\n"))
    }

    @Test func `setting replaces, adding keeps`() {
        var head = ResponseHead(.ok)
        head.add(.vary, "a")
        head.add(.vary, "b")
        #expect(head.fields.map(\.value) == ["a", "b"])
        head.set(.vary, "c")
        #expect(head.fields.map(\.value) == ["c"])
        #expect(head[.vary] == "c")
    }

    @Test func `every status has its own line`() throws {
        for code in 100...599 {
            let status = try #require(HTTPStatus(code: code))
            var bytes: [UInt8] = []
            bytes.appendStatusLine(status)
            #expect(String(decoding: bytes, as: UTF8.self) == "HTTP/1.1 \(code) \(status.reason)\r\n")
        }
        #expect(HTTPStatus(code: 99) == nil)
        #expect(HTTPStatus(code: 600) == nil)
        #expect(HTTPStatus.notFound.reason == "Not Found")
    }

    @Test func `chunks are framed`() {
        var bytes: [UInt8] = []
        bytes.appendChunkSize(255)
        bytes.appendLastChunk()
        #expect(String(decoding: bytes, as: UTF8.self) == "ff\r\n0\r\n\r\n")
    }

    @Test func `names are tokens in lower case`() {
        #expect(HeaderName(parsing: "X-Request-Id") == .xRequestID)
        for text in ["", "a b", "a:", "é", "a\r\n"] { #expect(HeaderName(parsing: text) == nil) }
    }
}
