import EventLoop
import Glibc

/// A descriptor that a command reads from, and waits for.
struct Input {
    private let descriptor: Int32

    /// - Parameter descriptor: stays the caller's.
    init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// Blocks; a terminal gives one line at a time.
    /// - Returns: 0 at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int {
        while true {
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            guard errno == EINTR else { throw SystemError(call: "read", code: errno) }
        }
    }
}
