import CLinux
import Glibc
package import Kernel

/// An address to listen on or connect to: `127.0.0.1:8720`, `[::1]:8720`, or `unix:/path`.
package enum SocketAddress: Hashable, Sendable, CustomStringConvertible {
    case ip(IPAddress, port: UInt16)
    case unix(String)

    package init?(_ text: String) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            // sun_path holds 107 bytes and a NUL.
            guard path.hasPrefix("/"), path.utf8.count <= 107 else { return nil }
            self = .unix(path)
            return
        }
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        guard let address = IPAddress(host == "localhost" ? "127.0.0.1" : host) else { return nil }
        self = .ip(address, port: port)
    }

    package var description: String {
        switch self {
        case .ip(let address, let port):
            return address.family == .v4 ? "\(address):\(port)" : "[\(address)]:\(port)"
        case .unix(let path): return "unix:\(path)"
        }
    }

    /// The address itself, when there is one: what access rules compare.
    package var ip: IPAddress? {
        if case .ip(let address, _) = self { return address }
        return nil
    }
}

/// A listening socket. Several workers listen on one address (SO_REUSEPORT); the kernel spreads the
/// connections.
package final class Listener: ReadinessHandler {
    package let address: SocketAddress
    private let descriptor: Int32
    private let reactor: Reactor
    private let accept: (consuming Socket, SocketAddress) -> Void
    private var isClosed = false

    /// - Parameter backlog: connections that the kernel completes and holds for us.
    package init(
        _ address: SocketAddress, on reactor: Reactor, backlog: Int32 = 4_096,
        accept: @escaping (consuming Socket, SocketAddress) -> Void
    ) throws(SystemError) {
        descriptor = try Self.open(address)
        self.reactor = reactor
        self.accept = accept
        do {
            try SystemError.check("listen") { [descriptor] in listen(descriptor, backlog) }
        } catch {
            Glibc.close(descriptor)
            throw error
        }
        self.address = Self.boundAddress(descriptor) ?? address
        try reactor.watch(descriptor, for: .readable, edgeTriggered: false, handler: self)
    }

    package func close() {
        guard !isClosed else { return }
        isClosed = true
        reactor.unwatch(descriptor)
        Glibc.close(descriptor)
        if case .unix(let path) = address { unlink(path) }
    }

    /// At most 64 a turn, so that a flood of new connections does not starve the open ones.
    package func ready(_ readiness: Readiness) {
        for _ in 0..<64 {
            guard !isClosed else { return }
            var storage = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let accepted = withUnsafeMutablePointer(to: &storage) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    accept4(descriptor, $0, &length, Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue))
                }
            }
            // Out of descriptors or aborted by the peer: level-triggered readiness tries again later.
            guard accepted >= 0 else { return }
            accept(Socket(owning: accepted), SocketAddress(storage) ?? address)
        }
    }

    private static func open(_ address: SocketAddress) throws(SystemError) -> Int32 {
        let family = address.family
        let descriptor = try SystemError.check("socket") {
            socket(family, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        }
        var on: Int32 = 1
        if family != AF_UNIX {
            setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, 4)
            setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, 4)
        }
        do {
            try SystemError.check("bind") { address.withSockaddr { bind(descriptor, $0, $1) } }
        } catch {
            Glibc.close(descriptor)
            throw error
        }
        return descriptor
    }

    private static func boundAddress(_ descriptor: Int32) -> SocketAddress? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let code = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        return code == 0 ? SocketAddress(storage) : nil
    }
}

// MARK: sockaddr

extension SocketAddress {
    var family: Int32 {
        switch self {
        case .ip(let address, _): return address.family == .v4 ? AF_INET : AF_INET6
        case .unix: return AF_UNIX
        }
    }

    init?(_ storage: sockaddr_storage) {
        var storage = storage
        switch Int32(storage.ss_family) {
        case AF_INET:
            let v4 = withUnsafeBytes(of: &storage) { $0.loadUnaligned(as: sockaddr_in.self) }
            self = .ip(
                IPAddress(v4: UInt32(bigEndian: v4.sin_addr.s_addr)), port: UInt16(bigEndian: v4.sin_port))
        case AF_INET6:
            let v6 = withUnsafeBytes(of: &storage) { $0.loadUnaligned(as: sockaddr_in6.self) }
            let (high, low) = withUnsafeBytes(of: v6.sin6_addr) {
                ($0.loadUnaligned(as: UInt64.self), $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            }
            self = .ip(
                IPAddress(v6: UInt64(bigEndian: high), UInt64(bigEndian: low)),
                port: UInt16(bigEndian: v6.sin6_port))
        default: return nil
        }
    }

    func withSockaddr<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        switch self {
        case .ip(let address, let port) where address.family == .v4:
            var v4 = sockaddr_in()
            v4.sin_family = sa_family_t(AF_INET)
            v4.sin_port = port.bigEndian
            v4.sin_addr.s_addr = UInt32(truncatingIfNeeded: address.low).bigEndian
            return Self.rebound(v4, body)
        case .ip(let address, let port):
            var v6 = sockaddr_in6()
            v6.sin6_family = sa_family_t(AF_INET6)
            v6.sin6_port = port.bigEndian
            withUnsafeMutableBytes(of: &v6.sin6_addr) { bytes in
                bytes.storeBytes(of: address.high.bigEndian, as: UInt64.self)
                bytes.storeBytes(of: address.low.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
            return Self.rebound(v6, body)
        case .unix(let path):
            var un = sockaddr_un()
            un.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &un.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
            return Self.rebound(un, body)
        }
    }

    private static func rebound<Address, Result>(
        _ address: Address, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<Address>.size))
            }
        }
    }
}
