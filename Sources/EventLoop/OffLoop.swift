import CLinux
import Glibc
import Synchronization

/// A few threads for what would block a loop: password hashing, DNS, files, compression of large bodies.
public final class OffLoop: Sendable {
    public enum Failure: Error { case queueIsFull }

    private struct State {
        var queue: [@Sendable () -> Void] = []
        var isStopped = false
    }

    private let state = Mutex(State())
    private let limit: Int
    private let threads: Int
    fileprivate let niceness: Int32
    /// Counts queued work: a blocking read takes one, or waits (EFD_SEMAPHORE).
    private let semaphore: Int32

    /// - Parameters:
    ///   - threads: how many pieces of work run at once.
    ///   - limit: how many may wait; one more is refused, so that overload shows at the caller.
    ///   - niceness: of the threads, 0 to 19: what is above 0 gives way to the loops.
    public init(threads: Int, limit: Int, name: String, niceness: Int32 = 0) throws(SystemError) {
        self.limit = limit
        self.niceness = niceness
        self.threads = threads
        semaphore = try SystemError.check("eventfd") {
            eventfd(0, Int32(Int(EFD_CLOEXEC) | Int(EFD_SEMAPHORE)))
        }
        for _ in 0..<threads { startThread(name) }
    }

    deinit { close(semaphore) }

    /// Runs `body` on one of the threads and comes back to the caller's loop with its result.
    public nonisolated(nonsending) func run<Result: Sendable>(
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try await withUnsafeThrowingContinuation { continuation in
            let accepted = submit { continuation.resume(with: Swift.Result { try body() }) }
            if !accepted { continuation.resume(throwing: Failure.queueIsFull) }
        }
    }

    /// Ends the threads once the queue is empty.
    public func stop() {
        state.withLock { $0.isStopped = true }
        for _ in 0..<threads { post() }
    }

    private func submit(_ work: @escaping @Sendable () -> Void) -> Bool {
        let accepted = state.withLock { state in
            guard !state.isStopped, state.queue.count < limit else { return false }
            state.queue.append(work)
            return true
        }
        if accepted { post() }
        return accepted
    }

    private func post() {
        var one: UInt64 = 1
        _ = write(semaphore, &one, 8)
    }

    private func startThread(_ name: String) {
        let start = Unmanaged.passRetained(OffLoopStart(pool: self, name: name))
        var thread = pthread_t()
        let code = pthread_create(&thread, nil, runOffLoopThread, start.toOpaque())
        precondition(code == 0, "no thread for the off-loop pool: \(String(cString: strerror(code)))")
        pthread_detach(thread)
    }

    fileprivate func work() {
        while true {
            var count: UInt64 = 0
            _ = read(semaphore, &count, 8)
            let (next, isStopped) = state.withLock { state in
                (state.queue.isEmpty ? nil : state.queue.removeFirst(), state.isStopped)
            }
            if let next { next() } else if isStopped { return }
        }
    }
}

private final class OffLoopStart: Sendable {
    let pool: OffLoop
    let name: String

    init(pool: OffLoop, name: String) {
        self.pool = pool
        self.name = name
    }
}

private func runOffLoopThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    let start = Unmanaged<OffLoopStart>.fromOpaque(argument).takeRetainedValue()
    _ = pthread_setname_np(pthread_self(), String(start.name.prefix(15)))
    // On Linux a thread has a niceness of its own; 0 is the calling thread.
    if start.pool.niceness > 0 {
        setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, start.pool.niceness)
    }
    start.pool.work()
    return nil
}
