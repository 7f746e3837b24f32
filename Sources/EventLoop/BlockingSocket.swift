import CLinux
import Glibc

/// A client socket that waits, for command-line tools; never on a loop.
package final class BlockingSocket {
    private let descriptor: Int32

    /// Nil when nobody answers within the time.
    package init?(connectingTo address: SocketAddress, seconds: Int) {
        descriptor = socket(address.family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
        guard address.withSockaddr({ connect(descriptor, $0, $1) }) == 0 else {
            close(descriptor)
            return nil
        }
    }

    deinit { close(descriptor) }

    package func send(_ text: String) {
        let bytes = Array(text.utf8)
        _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    package func receive(atMost count: Int) -> String {
        var bytes = [UInt8](repeating: 0, count: count)
        let got = recv(descriptor, &bytes, count, 0)
        return String(decoding: bytes.prefix(max(got, 0)), as: UTF8.self)
    }
}
