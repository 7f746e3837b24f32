import CLinux
package import EventLoop
import Glibc
package import Kernel

/// Turns a name into all its addresses. A value with a closure, so that tests can answer as an attacker's
/// name server would.
package struct Resolver: Sendable {
    package struct Failure: Error, Equatable, Sendable {
        package let reason: String

        package init(_ reason: String) { self.reason = reason }
    }

    /// Every address, in the order in which to try them. It may run on any thread.
    package var addresses: @Sendable (_ name: String) async throws -> [IPAddress]

    package init(addresses: @escaping @Sendable (_ name: String) async throws -> [IPAddress]) {
        self.addresses = addresses
    }

    /// More answers than this are cut: nobody tries so many.
    package static let maximumAddresses = 32

    /// The system's resolver (files, DNS, whatever nsswitch.conf says) on a few threads of its own: a name
    /// server that does not answer holds one of them for up to half a minute, never a loop.
    package static func system(_ threads: OffLoop) -> Resolver {
        Resolver { name in try await threads.run { try lookUp(name) } }
    }

    static func lookUp(_ name: String) throws -> [IPAddress] {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = klinux_stream_sockets()
        hints.ai_flags = AI_ADDRCONFIG
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(name, nil, &hints, &list)
        guard code == 0 else { throw Failure(String(cString: gai_strerror(code))) }
        defer { freeaddrinfo(list) }
        var addresses: [IPAddress] = []
        var next = list
        while let entry = next {
            if let address = address(entry.pointee), !addresses.contains(address) {
                addresses.append(address)
            }
            next = entry.pointee.ai_next
        }
        return addresses
    }

    private static func address(_ entry: addrinfo) -> IPAddress? {
        guard let bytes = UnsafeRawPointer(entry.ai_addr) else { return nil }
        switch entry.ai_family {
        case AF_INET:
            return IPAddress(v4: UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self)))
        case AF_INET6:
            let high = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            let low = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
            return IPAddress(v6: high, low)
        default: return nil
        }
    }
}
