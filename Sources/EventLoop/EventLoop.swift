import CLinux
import Glibc
import Synchronization

/// One thread, one epoll: the executor of everything that happens on it. Jobs from any thread go through the
/// inbox; readiness and timers go to the worker's reactor, which only this thread touches.
public final class EventLoop: SerialExecutor, TaskExecutor {
    private struct Inbox {
        var jobs: [UnownedJob] = []
        /// In epoll_wait, or about to be: only then does a new job need the eventfd (a system call).
        var isAsleep = false
        var isStopped = false
    }

    private let inbox = Mutex(Inbox())
    private let thread = Atomic<UInt>(0)
    private let wakeup: Int32
    let epoll: Int32

    public init() throws(SystemError) {
        epoll = try SystemError.check("epoll_create1") { epoll_create1(Int32(EPOLL_CLOEXEC)) }
        wakeup = try SystemError.check("eventfd") { eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK)) }
        var event = epoll_event(
            events: EPOLLIN.rawValue | EPOLLET.rawValue, data: epoll_data_t(u64: Reactor.wakeupMark))
        _ = try SystemError.check("epoll_ctl") { epoll_ctl(epoll, EPOLL_CTL_ADD, wakeup, &event) }
    }

    deinit {
        close(epoll)
        close(wakeup)
    }

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let wasAsleep = inbox.withLock { inbox in
            inbox.jobs.append(job)
            defer { inbox.isAsleep = false }
            return inbox.isAsleep
        }
        // The loop's own thread is awake: it tells handlers what it waited for.
        if wasAsleep && !isOnThread { wake() }
    }

    /// Ends `run` after the jobs that are already in the inbox.
    public func stop() {
        inbox.withLock { $0.isStopped = true }
        wake()
    }

    public func checkIsolated() {
        precondition(isOnThread, "this state belongs to another event loop")
    }

    public func isIsolatingCurrentContext() -> Bool? { isOnThread }

    var isOnThread: Bool { thread.load(ordering: .relaxed) == UInt(pthread_self()) }

    private func wake() {
        var one: UInt64 = 1
        _ = write(wakeup, &one, 8)
    }
}

// MARK: The thread

extension EventLoop {
    /// Runs until `stop`, on the calling thread, dispatching readiness and timers of `worker`.
    func run(_ worker: Worker) {
        thread.store(UInt(pthread_self()), ordering: .relaxed)
        var jobs: [UnownedJob] = []
        while true {
            let timeout = worker.assumeIsolated { $0.reactor.millisecondsToNextTimer() }
            guard let mayBlock = takeJobs(&jobs, timeout: timeout) else { return }
            // Polled in every turn, so that a stream of jobs cannot starve the sockets.
            worker.assumeIsolated { $0.reactor.poll(milliseconds: mayBlock ? timeout : 0) }
            takeJobsOfPoll(&jobs)
            // As both: a task that prefers this loop and is isolated to its worker then never needs to hop.
            for job in jobs {
                job.runSynchronously(
                    isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
            }
            jobs.removeAll(keepingCapacity: true)
            worker.assumeIsolated { $0.reactor.endTurn() }
        }
    }

    /// Jobs that came with the events run in this turn, not after another poll.
    private func takeJobsOfPoll(_ jobs: inout [UnownedJob]) {
        inbox.withLock { inbox in
            inbox.isAsleep = false
            if jobs.isEmpty {
                swap(&inbox.jobs, &jobs)
            } else {
                jobs.append(contentsOf: inbox.jobs)
                inbox.jobs.removeAll(keepingCapacity: true)
            }
        }
    }

    /// Moves the inbox into `jobs`. True: there is nothing to do, the loop may sleep. Nil: stopped.
    private func takeJobs(_ jobs: inout [UnownedJob], timeout: Int32) -> Bool? {
        inbox.withLock { inbox in
            if inbox.isStopped && inbox.jobs.isEmpty { return nil }
            swap(&inbox.jobs, &jobs)
            inbox.isAsleep = jobs.isEmpty && timeout != 0
            return inbox.isAsleep
        }
    }
}
