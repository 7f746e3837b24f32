import CLinux
import EventLoop
import Glibc

/// A descriptor to read from that Ctrl-C and SIGTERM end, although signals are blocked in every thread.
struct InterruptibleInput: ~Copyable {
    struct Interrupted: Error, CustomStringConvertible {
        var description: String { "interrupted" }
    }

    private let descriptor: Int32
    private let signals: Int32

    /// - Parameter descriptor: stays the caller's.
    init(_ descriptor: Int32) throws(SystemError) {
        self.descriptor = descriptor
        var set = sigset_t()
        sigemptyset(&set)
        for signal in ServeCommand.signals { sigaddset(&set, signal) }
        signals = try SystemError.check("signalfd") { signalfd(-1, &set, Int32(SFD_CLOEXEC)) }
    }

    deinit { close(signals) }

    /// Blocks; a terminal gives one line at a time.
    /// - Returns: 0 at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        var waiting = [descriptor, signals].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        while poll(&waiting, nfds_t(waiting.count), -1) < 0 {
            guard errno == EINTR else { throw SystemError(call: "poll", code: errno) }
        }
        guard waiting[1].revents == 0 else { throw Interrupted() }
        let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        guard count >= 0 else { throw SystemError(call: "read", code: errno) }
        return count
    }
}
