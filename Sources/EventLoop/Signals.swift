import CLinux
import Glibc

/// POSIX signals as readiness: blocked in every thread, read through a signalfd on one loop.
public final class Signals: ReadinessHandler {
    /// Blocks them in the calling thread and all that it starts later; call it before any thread exists.
    public static func block(_ signals: [Int32]) {
        var set = signalSet(signals)
        pthread_sigmask(SIG_BLOCK, &set, nil)
        signal(SIGPIPE, SIG_IGN)
    }

    private let descriptor: Int32
    private let reactor: Reactor
    private let handler: (Int32) -> Void

    public init(
        _ signals: [Int32], on reactor: Reactor, handler: @escaping (Int32) -> Void
    ) throws(SystemError) {
        var set = signalSet(signals)
        descriptor = try SystemError.check("signalfd") {
            signalfd(-1, &set, Int32(SFD_CLOEXEC | SFD_NONBLOCK))
        }
        self.reactor = reactor
        self.handler = handler
        try reactor.watch(descriptor, for: .readable, edgeTriggered: false, handler: self)
    }

    public func ready(_ readiness: Readiness) {
        var info = signalfd_siginfo()
        while read(descriptor, &info, MemoryLayout<signalfd_siginfo>.size)
            == MemoryLayout<signalfd_siginfo>.size
        {
            handler(Int32(info.ssi_signo))
        }
    }

    public func close() {
        reactor.unwatch(descriptor)
        Glibc.close(descriptor)
    }
}

private func signalSet(_ signals: [Int32]) -> sigset_t {
    var set = sigset_t()
    sigemptyset(&set)
    for signal in signals { sigaddset(&set, signal) }
    return set
}
