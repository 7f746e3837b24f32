import EventLoop
import HTTPServer
import Kernel

/// Whose address a request counts for. Forwarding headers are believed only from proxies that the settings
/// name.
struct ClientAddress {
    let trustedProxies: [CIDR]

    /// The address behind the request; nil when it came through a unix socket.
    func address(of request: Request) -> IPAddress? {
        guard let peer = request.peer.ip else { return nil }
        guard isTrusted(peer), let list = request.head.headers.list(.xForwardedFor) else { return peer }
        // The rightmost address that no proxy of ours added is the client; all before it is hearsay.
        for entry in list.split(separator: ",").reversed() {
            guard let address = IPAddress(String(entry.filter { $0 != " " })) else { return peer }
            if !isTrusted(address) { return address }
        }
        return peer
    }

    private func isTrusted(_ address: IPAddress) -> Bool { trustedProxies.contains { $0.contains(address) } }
}
