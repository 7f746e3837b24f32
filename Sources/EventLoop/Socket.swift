import CLinux
import Glibc

/// What a read or write came to.
public enum Transfer: Equatable, Sendable {
    case bytes(Int)
    case wouldBlock
    case endOfStream
    case failed(Int32)
}

/// A connected stream socket, non-blocking. Owns its descriptor.
public struct Socket: ~Copyable {
    public let descriptor: Int32

    public init(owning descriptor: Int32) { self.descriptor = descriptor }

    deinit { Glibc.close(descriptor) }

    public func read(into buffer: UnsafeMutableRawBufferPointer) -> Transfer {
        while true {
            let count = Glibc.recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count > 0 { return .bytes(count) }
            if count == 0 { return .endOfStream }
            if errno == EINTR { continue }
            return errno == EAGAIN ? .wouldBlock : .failed(errno)
        }
    }

    public func write(_ buffer: UnsafeRawBufferPointer) -> Transfer {
        while true {
            let count = Glibc.send(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL))
            if count >= 0 { return .bytes(count) }
            if errno == EINTR { continue }
            return errno == EAGAIN ? .wouldBlock : .failed(errno)
        }
    }

    /// Sends what is queued and then an end of stream; the other side may still talk.
    public func shutdownWriting() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Small answers leave at once (Nagle's algorithm would hold a second one back).
    public func setNoDelay() {
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, 4)
    }
}
