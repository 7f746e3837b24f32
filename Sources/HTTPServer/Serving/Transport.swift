import EventLoop

/// The bytes of a connection, plain or through TLS.
final class Transport {
    let socket: Socket
    private let tls: TLSSession?

    /// Nil when TLS has no memory: what was to be encrypted is never served plain.
    init?(_ socket: consuming Socket, tls context: TLSContext?) {
        let descriptor = socket.descriptor
        self.socket = socket
        tls = context.flatMap { TLSSession($0, descriptor: descriptor) }
        guard (tls == nil) == (context == nil) else { return nil }
    }

    var isTLS: Bool { tls != nil }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Transfer {
        tls?.read(into: buffer) ?? socket.read(into: buffer)
    }

    func write(_ buffer: UnsafeRawBufferPointer) -> Transfer {
        tls?.write(buffer) ?? socket.write(buffer)
    }

    /// Tells the other side that nothing more comes.
    func finish() {
        tls?.sendCloseNotify()
        socket.shutdownWriting()
    }
}
