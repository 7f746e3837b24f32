package import JSON

/// An answer: a value until the connection writes it.
package struct Response {
    package enum Body {
        case none
        case bytes([UInt8])
        case kept(KeptBody)
        /// Written piece by piece, chunked; each `write` waits until the client has taken what came before.
        case stream((any BodyWriter) async throws -> Void)

        /// Nil of a stream.
        package var bytes: [UInt8]? {
            switch self {
            case .none: []
            case .bytes(let bytes): bytes
            case .kept(let body): body.bytes
            case .stream: nil
            }
        }
    }

    package var head: ResponseHead
    package var body: Body

    package init(_ status: HTTPStatus, type: String? = nil, body: Body = .none) {
        head = ResponseHead(status)
        self.body = body
        if let type { head.add(.contentType, type) }
    }

    package static func json(
        _ status: HTTPStatus = .ok, _ write: (inout JSONWriter) throws -> Void
    ) rethrows -> Response {
        var w = JSONWriter()
        try write(&w)
        return Response(status, type: "application/json", body: .bytes(w.bytes))
    }

    package static func object(
        _ status: HTTPStatus = .ok, _ write: (inout JSONWriter) throws -> Void
    ) rethrows -> Response {
        try json(status) { w in try w.object(write) }
    }

    package static func text(_ text: String, type: String = "text/plain; charset=utf-8") -> Response {
        Response(.ok, type: type, body: .bytes(Array(text.utf8)))
    }

    package func header(_ name: HeaderName, _ value: String) -> Response {
        var copy = self
        copy.head.add(name, value)
        return copy
    }
}

/// The receiving end of a streamed answer.
package protocol BodyWriter: AnyObject {
    /// Sends bytes; suspends while the client reads slowly. Throws when it is gone.
    nonisolated(nonsending) func write(_ bytes: [UInt8]) async throws(BodyError)
    /// Whether the server is draining: a long stream should end soon.
    var isDraining: Bool { get }
    /// Called once, when the client leaves or the server drains, so that a waiting stream can stop.
    func onEnd(_ action: @escaping () -> Void)
}
