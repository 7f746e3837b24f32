import EventLoop
import Kernel

extension Request {
    private static let ofProxies: [HeaderName] = [
        .xForwardedFor, .forwarded, .via, .xRealIP, .xForwardedProto, .xForwardedHost,
    ]

    /// From a peer on this machine, with no proxy in between. Each of these headers is a proxy's, and one
    /// that adds none of them (nginx's bare `proxy_pass`) speaks HTTP/1.0.
    package var isFromThisMachine: Bool {
        guard head.minorVersion > 0, !Self.ofProxies.contains(where: head.headers.contains) else {
            return false
        }
        return peer.ip?.isLoopback ?? true
    }
}
