import CLinux
import Glibc
import Kernel

/// One per core. Whatever must not be shared (listeners, connections, database connections, timers) is plain
/// state that lives in its isolation, and its isolation is its event loop's thread.
public actor Worker {
    public nonisolated let loop: EventLoop
    public nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
    public let reactor: Reactor
    var residents: [AnyObject] = []

    public init() throws(SystemError) {
        loop = try EventLoop()
        reactor = Reactor(epoll: loop.epoll)
    }

    /// Starts the thread. It keeps the worker alive until `stop`.
    public nonisolated func start(name: String) {
        let start = Unmanaged.passRetained(ThreadStart(worker: self, name: name))
        var thread = pthread_t()
        // A closure literal here would inherit an isolation and trap; a top-level function has none.
        let code = pthread_create(&thread, nil, runWorkerThread, start.toOpaque())
        precondition(code == 0, "no thread for an event loop: \(String(cString: strerror(code)))")
        pthread_detach(thread)
    }

    /// Ends the thread after the jobs that are already queued.
    public nonisolated func stop() { loop.stop() }

    /// Starts a task that lives on this loop: isolated to the worker, and with the loop as its preferred
    /// executor.
    ///
    /// A bare `Task` would be isolated too, but each of its suspensions would resume on the global pool first
    /// and hop back: 40 µs measured, against 0.6 µs so. Isolation needs the capture of `self` in both
    /// closures.
    public func spawn(_ body: @escaping () async -> Void) {
        Task {
            await withTaskExecutorPreference(loop) {
                _ = self
                await body()
            }
        }
    }

    /// Runs `body` in this worker's isolation, and on its loop even where a callee forgets the isolation.
    public func run<Result: Sendable, Failure: Error>(
        _ body: @Sendable (isolated Worker) async throws(Failure) -> Result
    ) async throws(Failure) -> Result {
        try await withTaskExecutorPreference(loop) { () async throws(Failure) -> Result in
            try await body(self)
        }
    }
}

private final class ThreadStart: Sendable {
    let worker: Worker
    let name: String

    init(worker: Worker, name: String) {
        self.worker = worker
        self.name = name
    }
}

private func runWorkerThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    let start = Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue()
    _ = pthread_setname_np(pthread_self(), String(start.name.prefix(15)))
    start.worker.loop.run(start.worker)
    return nil
}
