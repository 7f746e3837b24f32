/// The head of a request: valid by RFC 9112, and unambiguous. Made by `RequestParser` only.
package struct RequestHead: Sendable {
    package let method: HTTPMethod

    /// HTTP/1.`minorVersion`: 0 or 1.
    package let minorVersion: Int

    package let headers: HeaderFields

    /// Whether the connection may serve another request after this one (RFC 9112 9.3). An HTTP/1.0 client
    /// that asked for it wants to read `Connection: keep-alive` in the answer.
    package let keepsAlive: Bool

    /// Whether the client waits for `100 Continue` before it sends the body (RFC 9110 10.1.1).
    package let expectsContinue: Bool

    let pathRange: Range<Int>
    let queryRange: Range<Int>?

    /// The path as sent, still percent-encoded: begins with "/", or is "*" for OPTIONS.
    package var path: String { String(decoding: pathBytes, as: UTF8.self) }

    /// What follows the first "?", as sent. Nil without "?".
    package var query: String? { queryBytes.map { String(decoding: $0, as: UTF8.self) } }

    /// `path` without making a String.
    package var pathBytes: ArraySlice<UInt8> { headers.bytes[pathRange] }

    /// `query` without making a String.
    package var queryBytes: ArraySlice<UInt8>? { queryRange.map { headers.bytes[$0] } }
}

/// Where the body of a message ends (RFC 9112 6.3).
package enum BodyFraming: Equatable, Sendable {
    /// There is no body.
    case none
    /// That many bytes; never 0.
    case length(Int)
    case chunked
}
