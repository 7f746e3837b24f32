import CLinux
import Glibc
package import JSON
import Synchronization

/// One HTTP message as it came over a connection.
package struct LoopbackMessage: Sendable {
    package let startLine: String
    package let fields: [(name: String, value: String)]
    package let body: [UInt8]

    package func header(_ name: String) -> String? { fields.first { $0.name == name }?.value }

    /// Of an answer; 0 for a request.
    package var status: Int { startLine.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0 }
    package var text: String { String(decoding: body, as: UTF8.self) }
    package var json: JSONValue { (try? JSONValue.parse(text)) ?? .null }
    /// Head and body, to look for what must not be there.
    package var everything: String {
        fields.reduce(startLine) { "\($0)\n\($1.name): \($1.value)" } + "\n\n\(text)"
    }
}

package enum LoopbackError: Error {
    case cannotConnect(Int32)
    case cannotListen(Int32)
    case cannotSend(Int32)
    /// Nothing came for that long: somebody hangs.
    case silence(seconds: Int)
    case cut
}

/// A TCP connection on loopback that blocks; for client and server alike. One user at a time.
package final class LoopbackConnection: Sendable {
    private let descriptor: Int32
    private let seconds: Int
    private let rest = Mutex<[UInt8]>([])

    package init(owning descriptor: Int32, seconds: Int = patienceSeconds) {
        (self.descriptor, self.seconds) = (descriptor, seconds)
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
    }

    /// - Parameter sendBufferBytes: what the system takes before `send` waits for the other side; its own
    ///   choice, which grows to megabytes, unless one is given.
    package convenience init(
        to port: UInt16, seconds: Int = patienceSeconds, sendBufferBytes: Int32? = nil
    ) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        self.init(owning: descriptor, seconds: seconds)
        if var size = sendBufferBytes { setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &size, 4) }
        guard withLoopbackAddress(port, { connect(descriptor, $0, $1) }) == 0 else {
            throw LoopbackError.cannotConnect(errno)
        }
    }

    deinit { close(descriptor) }

    /// Whoever is at the other end is told so when this is let go of (RST, in place of FIN).
    package func reset() {
        var now = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
    }

    package func send(_ text: String) throws { try send(Array(text.utf8)) }

    package func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress.map { $0 + sent }, bytes.count - sent, noSignal)
            }
            guard count > 0 else { throw LoopbackError.cannotSend(errno) }
            sent += count
        }
    }

    /// The next message; nil when the other side closed before it began.
    package func receive() throws -> LoopbackMessage? {
        var reader = MessageReader(buffer: rest.withLock { $0 })
        let message = try reader.read { try self.more() }
        rest.withLock { $0 = reader.buffer }
        return message
    }

    /// Blocks until the other side closes.
    package func waitForEnd() { while let bytes = try? more(), !bytes.isEmpty {} }

    /// Empty: the end of the stream.
    private func more() throws -> [UInt8] {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &chunk, chunk.count, 0)
        if count < 0 {
            throw errno == EAGAIN ? LoopbackError.silence(seconds: seconds) : LoopbackError.cut
        }
        return Array(chunk.prefix(count))
    }
}

private let noSignal = Int32(MSG_NOSIGNAL)

/// Calls `body` with 127.0.0.1 and the port.
func withLoopbackAddress<Result>(
    _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
) -> Result {
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    name.sin_port = port.bigEndian
    return withUnsafePointer(to: &name) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }
}

/// A socket that listens on loopback, at `port` or at a free one.
func listenOnLoopback(port: UInt16 = 0) throws -> (descriptor: Int32, port: UInt16) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var on: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, 4)
    guard withLoopbackAddress(port, { bind(descriptor, $0, $1) }) == 0, listen(descriptor, 1_024) == 0 else {
        defer { close(descriptor) }
        throw LoopbackError.cannotListen(errno)
    }
    var name = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    _ = withUnsafeMutablePointer(to: &name) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
    }
    return (descriptor, UInt16(bigEndian: name.sin_port))
}

/// As many descriptors as there may be, for tests of very many connections: often it is a thousand, unless
/// somebody asks.
package func raiseOpenFileLimit() {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
}

/// Ports for services that are started later, below those that the system gives to whoever connects: any
/// connection could take one of these first. A block of them is this process's own as long as it listens on
/// the block's first one; Scripts/lib/service.py does the same.
enum OwnPorts {
    private static let all: Range<UInt16> = 10_000..<32_000
    private static let blockSize: UInt16 = 200
    private static let given = Atomic<UInt16>(0)
    /// Never closed.
    private static let first = stride(from: all.lowerBound, to: all.upperBound, by: Int(blockSize)).first {
        (try? listenOnLoopback(port: $0)) != nil
    }

    /// None is given again until all others were.
    static func next() throws -> UInt16 {
        guard let first else { throw LoopbackError.cannotListen(EADDRINUSE) }
        for _ in 1..<blockSize {
            let place = given.wrappingAdd(1, ordering: .relaxed).oldValue % (blockSize - 1)
            guard let (descriptor, port) = try? listenOnLoopback(port: first + 1 + place) else { continue }
            close(descriptor)
            return port
        }
        throw LoopbackError.cannotListen(EADDRINUSE)
    }
}
