import CLinux
import Glibc
import Kernel
import Synchronization

/// A server of a few blocking threads that does what its script says to each connection, however wrong.
final class ScriptedServer: Sendable {
    private struct Record {
        var connections = 0
        var requests: [String] = []
    }

    let port: UInt16
    private let descriptor: Int32
    private let record = Mutex(Record())
    private let script: @Sendable (Peer) -> Void

    /// - Parameter address: a loopback address, in host order.
    init(at address: UInt32 = 0x7F00_0001, port: UInt16 = 0, _ script: @escaping @Sendable (Peer) -> Void)
        throws
    {
        self.script = script
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, 4)
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_addr.s_addr = address.bigEndian
        name.sin_port = port.bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 1_024) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isListening else { throw CannotListen(code: errno) }
        self.descriptor = descriptor
        self.port = UInt16(bigEndian: name.sin_port)
        startThread { [self] in acceptConnections() }
    }

    struct CannotListen: Error { let code: Int32 }

    /// Ends the accepting thread; connections end with their scripts.
    func stop() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// Whole requests read so far, heads and bodies as they came.
    var requests: [String] { record.withLock { $0.requests } }
    var connections: Int { record.withLock { $0.connections } }

    fileprivate func note(_ request: String) -> Int {
        record.withLock {
            $0.requests.append(request)
            return $0.requests.count
        }
    }

    private func acceptConnections() {
        while true {
            let connection = accept(descriptor, nil, nil)
            if connection < 0 {
                close(descriptor)
                return
            }
            record.withLock { $0.connections += 1 }
            startThread { [self] in
                let peer = Peer(connection, of: self)
                script(peer)
                peer.close()
            }
        }
    }
}

/// One connection as a script sees it.
final class Peer {
    private let descriptor: Int32
    private let server: ScriptedServer
    private var buffer: [UInt8] = []

    fileprivate init(_ descriptor: Int32, of server: ScriptedServer) {
        (self.descriptor, self.server) = (descriptor, server)
    }

    /// Reads one request and its Content-Length body. The number of requests that the server has seen, this
    /// one included; nil at the end of the stream.
    func readRequest() -> Int? {
        while true {
            if let end = headEnd(), buffer.count >= end + bodyLength(end) {
                let length = end + bodyLength(end)
                let text = String(decoding: buffer[..<length], as: UTF8.self)
                buffer.removeFirst(length)
                return server.note(text)
            }
            guard readMore() else { return nil }
        }
    }

    /// Blocks until the other side closes.
    func waitForEnd() { while readMore() {} }

    func write(_ text: String) {
        let bytes = Array(text.utf8)
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                send(descriptor, $0.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            sent += count
        }
    }

    func answer(_ status: String = "200 OK", headers: String = "", _ body: String = "ok") {
        write("HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)")
    }

    func endWriting() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// The next close sends a reset instead of an end of stream.
    func resetOnClose() {
        var hard = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &hard, socklen_t(MemoryLayout<linger>.size))
    }

    fileprivate func close() { Glibc.close(descriptor) }

    private func readMore() -> Bool {
        var chunk = [UInt8](repeating: 0, count: 16_384)
        let count = recv(descriptor, &chunk, chunk.count, 0)
        if count > 0 { buffer.append(contentsOf: chunk[..<count]) }
        return count > 0
    }

    private func headEnd() -> Int? {
        guard buffer.count >= 4 else { return nil }
        return (0...(buffer.count - 4)).first { buffer[$0..<($0 + 4)].elementsEqual([13, 10, 13, 10]) }.map {
            $0 + 4
        }
    }

    private func bodyLength(_ headEnd: Int) -> Int {
        let head = String(decoding: buffer[..<headEnd], as: UTF8.self).lowercased()
        guard let line = head.split(separator: "\r\n").first(where: { $0.hasPrefix("content-length:") })
        else { return 0 }
        return Int(line.dropFirst("content-length:".count).trimming()) ?? 0
    }
}

extension Substring {
    fileprivate func trimming() -> Substring { drop { $0 == " " } }
}

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

func startThread(_ run: @escaping @Sendable () -> Void) {
    var thread = pthread_t()
    let body = Unmanaged.passRetained(ThreadBody(run)).toOpaque()
    let code = pthread_create(&thread, nil, runThreadBody, body)
    precondition(code == 0, "no thread for a test server")
    pthread_detach(thread)
}

private func runThreadBody(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().run()
    return nil
}
