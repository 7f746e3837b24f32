package import EventLoop

/// One request as a handler sees it. Lives on its connection's loop, until its answer is written.
package final class Request {
    package let head: RequestHead
    /// Decoded path segments by the names in the endpoint's pattern; filled by the router.
    package var pathParameters: [String: String] = [:]
    /// The peer of the TCP connection. Behind a trusted proxy, `Service` puts the client's address here.
    package var peer: SocketAddress
    package let isTLS: Bool
    /// Monotonic nanoseconds at which the head was complete.
    package let receivedAt: UInt64
    /// `X-Request-Id` of the client when it is well-formed, else one of our own; in the answer, the log, the
    /// audit.
    package var id: String
    package var body: RequestBody

    package init(
        head: RequestHead, peer: SocketAddress, isTLS: Bool, receivedAt: UInt64, id: String, body: RequestBody
    ) {
        self.head = head
        self.peer = peer
        self.isTLS = isTLS
        self.receivedAt = receivedAt
        self.id = id
        self.body = body
    }
}
