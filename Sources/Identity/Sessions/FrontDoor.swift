import Access
import EventLoop
import HTTPServer
package import Kernel

/// Where browsers come from, and whether cookies may be given on the way that a request took.
package struct FrontDoor: Sendable {
    package let origin: PublicOrigin?
    package let trustedProxies: [CIDR]

    package init(origin: PublicOrigin?, trustedProxies: [CIDR]) {
        (self.origin, self.trustedProxies) = (origin, trustedProxies)
    }

    /// Throws `login_unavailable` with the reason where no cookie could be kept, or one could be read on its
    /// way.
    func check(_ request: Request) throws(Problem) {
        try checkWay(of: request)
        guard isOwn(request) else {
            throw Problem(.loginUnavailable, "The page is not of \(origin?.text ?? "").")
        }
    }

    /// The same for who is sent here by another site, as a provider does.
    func checkWay(of request: Request) throws(Problem) {
        guard origin != nil else {
            throw Problem(
                .loginUnavailable,
                "KEYBELL_PUBLIC_ORIGIN is not set: log-in needs https://… or http://localhost…")
        }
        guard isPrivate(request) else {
            throw Problem(
                .loginUnavailable,
                "Passwords are not taken over plain HTTP from another machine: use \(origin?.text ?? "").")
        }
    }

    /// Whether what a page sends is of our own origin. Programs say nothing of either, and pass.
    func isOwn(_ request: Request) -> Bool {
        let headers = request.head.headers
        if let from = headers.list(.origin), from != origin?.text { return false }
        if let site = headers.list(Self.fetchSite), site != "same-origin" { return false }
        return true
    }

    private static let fetchSite: HeaderName = "sec-fetch-site"

    /// By TLS, which may end at a proxy of ours; from this machine; or by a proxy that publishes localhost.
    private func isPrivate(_ request: Request) -> Bool {
        if request.isTLS { return true }
        let headers = request.head.headers
        if let peer = request.peer.ip, trustedProxies.contains(where: { $0.contains(peer) }) {
            let isSecure = headers.list(.xForwardedProto)?.lowercased() == "https"
            return isSecure || origin?.isLocal == true
        }
        guard !headers.contains(.xForwardedFor), !headers.contains(.forwarded) else { return false }
        return request.peer.ip?.isLoopback ?? true
    }
}
