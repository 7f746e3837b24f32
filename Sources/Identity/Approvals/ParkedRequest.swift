import Crypto
package import EventLoop
package import HTTPServer
package import JSON
import Kernel

/// A request as it came, kept to be made later exactly so.
package struct ParkedRequest: Equatable, Sendable {
    /// Decoded bytes of the body.
    package static let bodyBytes = 64 * 1_024
    /// What handlers and exchanges look at.
    private static let kept: [HeaderName] = [
        .contentType, .ifMatch, .accept, .traceParent, "locale", "x-locale", "x-gate-size-decimal",
        "cb-version",
    ]

    package let method: String
    /// As sent, percent-encoded.
    package let path: String
    package let query: String?
    package let headers: [(name: String, value: String)]
    package let body: [UInt8]

    package init(
        method: String, path: String, query: String?, headers: [(name: String, value: String)],
        body: [UInt8]
    ) {
        (self.method, self.path, self.query) = (method, path, query)
        (self.headers, self.body) = (headers, body)
    }

    package init(_ request: Request, body: [UInt8]) {
        self.init(
            method: request.head.method.name, path: request.head.path, query: request.head.query,
            headers: Self.kept.flatMap { name in
                request.head.headers.all(name).map { (name.text, $0) }
            }, body: body)
    }

    package static func == (a: Self, b: Self) -> Bool { a.bytes == b.bytes }

    private var target: String { query.map { "\(path)?\($0)" } ?? path }

    private var head: String {
        "\(method) \(target) HTTP/1.1\r\nhost: approval\r\n"
            + headers.map { "\($0.name): \($0.value)\r\n" }.joined() + "\r\n"
    }

    /// SHA-256 over what will run: the line of method and target, the headers, and the body.
    package var digest: [UInt8] { SHA256.hash(Array(head.utf8) + body) }

    /// - Parameter id: under which its doings stand in log and trail.
    package func request(
        id: String, peer: SocketAddress, receivedAt: UInt64
    ) throws(RequestError) -> Request {
        var parser = RequestParser()
        let bytes = Array(head.utf8)
        guard case .head(let head, _)? = try parser.next(bytes.span).event else {
            throw .malformedRequestLine
        }
        return Request(
            head: head, peer: peer, isTLS: true, receivedAt: receivedAt, id: id,
            body: RequestBody(bytes: body))
    }
}

// MARK: Bytes

extension ParkedRequest {
    /// What is sealed.
    package var bytes: [UInt8] {
        var w = JSONWriter(capacity: 512 + body.count * 2)
        w.object { w in
            w.field("method", method)
            w.field("path", path)
            w.field("query", query)
            w.array("headers", headers) { w, header in
                w.array { w in
                    w.value(header.name)
                    w.value(header.value)
                }
            }
            w.field("body", Base64.encode(body))
        }
        return w.bytes
    }

    package init?(_ bytes: [UInt8]) {
        guard let value = try? JSONValue.parse(bytes, limits: JSONLimits(textBytes: bytes.count)),
            let method = value["method"]?.asString, let path = value["path"]?.asString,
            let body = value["body"]?.asString.flatMap({ Base64.decode($0) })
        else { return nil }
        let headers = (value["headers"]?.asArray ?? []).compactMap { header -> (String, String)? in
            guard let name = header[0]?.asString, let value = header[1]?.asString else { return nil }
            return (name, value)
        }
        self.init(
            method: method, path: path, query: value["query"]?.asString, headers: headers, body: body)
    }
}

// MARK: For people

extension ParkedRequest {
    /// What would run, without the secrets in it.
    package var shown: JSONValue {
        let names: Redaction.Vocabulary = path.contains("/proxy/") ? .exchange : .keybell
        let named = headers.map { JSONValue.array([.string($0.name), .string($0.value)]) }
        return [
            "method": .string(method), "path": .string(path),
            "query": query.map { .string(Redaction.form($0, names)) } ?? .null, "headers": .array(named),
            "body": Redaction.body(body, names),
        ]
    }
}
