import CLinux
import EventLoop
import Glibc

/// The client's end of a connection, with blocking calls that give up after a minute.
protocol Channel: AnyObject {
    var descriptor: Int32 { get }
    /// 0 at the end; throws when the connection broke.
    func read(_ buffer: inout [UInt8]) throws -> Int
    func write(_ bytes: ArraySlice<UInt8>) throws
    func hasBuffered() -> Bool
}

final class PlainChannel: Channel {
    let descriptor: Int32

    /// - Parameter receiveBytes: a small window, for clients that read slowly.
    init(_ address: SocketAddress, receiveBytes: Int32? = nil) throws {
        guard case .ip(_, let port) = address else { throw TestFailure("\(address) has no port") }
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        if var receiveBytes { setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBytes, 4) }
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var v4 = sockaddr_in()
        v4.sin_family = sa_family_t(AF_INET)
        v4.sin_port = port.bigEndian
        v4.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let code = withUnsafePointer(to: &v4) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard code == 0 else { throw TestFailure("no connection to \(address): error \(errno)") }
    }

    deinit { close(descriptor) }

    func read(_ buffer: inout [UInt8]) throws -> Int {
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count >= 0 else { throw TestFailure("recv: error \(errno)") }
        return count
    }

    func write(_ bytes: ArraySlice<UInt8>) throws {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw TestFailure("send: error \(errno)") }
            rest = rest.dropFirst(count)
        }
    }

    func hasBuffered() -> Bool { false }
}
