import EventLoop
import Kernel

/// A run that this node carries out.
final class ActiveRun {
    let job: Job
    let run: JobRun
    /// What is to be recorded: the handler's end, or that its time was up.
    let ending = Promise<RunEnding>()
    var leaseUntil: Timestamp
    private(set) var hasTimedOut = false
    private let reactor: Reactor
    private var timers: [TimerID] = []

    /// After its time-out a handler has that long to come back; then the run is recorded without it.
    static let grace: Period = .seconds(10)

    init(_ job: Job, _ run: JobRun, leaseUntil: Timestamp, reactor: Reactor) {
        (self.job, self.run, self.leaseUntil, self.reactor) = (job, run, leaseUntil, reactor)
    }

    func watchTime() {
        let timeout = reactor.schedule(afterNanoseconds: job.timeout.nanoseconds) { [self] in
            hasTimedOut = true
            run.isOver = true
        }
        let giveUp = reactor.schedule(afterNanoseconds: (job.timeout + Self.grace).nanoseconds) { [self] in
            ending.fulfil(.timedOut)
        }
        timers = [timeout, giveUp]
    }

    nonisolated(nonsending) func carryOut() async {
        let ended: RunEnding
        do {
            ended = .succeeded(try await job.run(run))
        } catch {
            ended = .failed(error)
        }
        for timer in timers { reactor.cancel(timer) }
        ending.fulfil(hasTimedOut ? .timedOut : ended)
    }
}
