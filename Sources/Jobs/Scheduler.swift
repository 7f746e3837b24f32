package import Access
package import EventLoop
package import Kernel
import Postgres

/// Runs the jobs that are due, on one worker of each node. Leases in PostgreSQL make sure that a job runs on
/// one node at a time; when a node dies, another takes over once the lease has lapsed.
package final class Scheduler {
    /// Between two looks at the table, when nothing is due sooner.
    package static let pollInterval: Period = .milliseconds(500)
    /// Another node may hold what is due: no looking again at once.
    private static let shortestWait: Period = .milliseconds(20)
    /// A lease with less than that left is renewed.
    private static let renewalMargin: Period = .seconds(20)
    /// Runs at once on this node: a long one must not keep the checkpoint waiting.
    package static let runLimit = 8
    /// How often the end of a run is tried to be recorded, a second apart; after that its lease lapses.
    private static let recordingAttempts = 20

    private let jobs: [Job]
    private let book: RunBook
    private let node: NodeID
    private let clock: Clock
    private let reactor: Reactor
    private let log: Log
    private let isPaused: () -> Bool
    private var active: [String: ActiveRun] = [:]
    /// Runs whose end is not recorded yet.
    private var unrecorded = 0
    private var isStopping = false
    private var isIdle = true
    private let bell = Wakeup()
    /// Hears how each run of this node ended.
    package var onEnd: ((_ job: String, _ outcome: RunRecord.Outcome) -> Void)?

    /// - Parameter isPaused: while it says so, nothing new is taken here, and what runs is told to return.
    package init(
        _ jobs: [Job], book: RunBook, node: NodeID, clock: Clock, reactor: Reactor, log: Log,
        isPaused: @escaping () -> Bool = { false }
    ) {
        precondition(Set(jobs.map(\.name)).count == jobs.count, "two jobs have one name")
        self.jobs = jobs
        self.book = book
        self.node = node
        self.clock = clock
        self.reactor = reactor
        self.log = log
        self.isPaused = isPaused
    }

    /// Registers the jobs and runs them, on the loop of `worker`, until `stop`.
    package func start(on worker: isolated Worker) {
        isIdle = false
        worker.spawn {
            await self.loop(on: worker)
            self.isIdle = true
        }
    }

    /// Looks at the table now: somebody asked for a run, or moved the clock.
    package func wake() { bell.wake() }

    /// Takes nothing new, tells what runs to return, and waits for it. What does not return in time is left
    /// to its lease.
    package nonisolated(nonsending) func stop(within limit: Period = .seconds(10)) async {
        isStopping = true
        for run in active.values { run.run.callOff() }
        bell.wake()
        let step: Period = .milliseconds(5)
        var waited = Period(microseconds: 0)
        while !isIdle || unrecorded > 0, waited < limit {
            await reactor.sleep(nanoseconds: step.nanoseconds)
            waited = waited + step
        }
    }

    // MARK: Looking for work

    private func loop(on worker: isolated Worker) async {
        var isRegistered = false
        while !isStopping {
            var wait = Self.pollInterval
            do {
                if !isRegistered { try await book.jobs.register(jobs, at: clock.now()) }
                isRegistered = true
                await renewLeases()
                if isPaused() {
                    for run in active.values { run.run.callOff() }
                } else {
                    try await takeDue(on: worker)
                    wait = try await timeToNext()
                }
            } catch {
                log.warning("jobs wait for the database", ["error": .init("\(error)")])
            }
            await pause(wait)
        }
    }

    private nonisolated(nonsending) func pause(_ wait: Period) async {
        guard !isStopping else { return }
        let timer = reactor.schedule(afterNanoseconds: wait.nanoseconds) { [bell] in bell.wake() }
        await bell.wait()
        reactor.cancel(timer)
    }

    private func takeDue(on worker: isolated Worker) async throws {
        let now = clock.now()
        let states = try await book.jobs.states(jobs.map(\.name))
        for job in jobs where states[job.name]?.claim(at: now) != nil && active[job.name] == nil {
            guard active.count < Self.runLimit, !isStopping else { return }
            if let run = try await book.claim(job, for: node) { begin(job, run, on: worker) }
        }
    }

    private nonisolated(nonsending) func timeToNext() async throws -> Period {
        let now = clock.now()
        let states = try await book.jobs.states(jobs.map(\.name))
        let waiting = states.filter { active[$0.key] == nil }.values
        guard let next = waiting.map({ $0.dueAt(now) }).min() else { return Self.pollInterval }
        return min(max(next - now, Self.shortestWait), Self.pollInterval)
    }

    // MARK: Running

    private func begin(_ job: Job, _ run: JobRun, on worker: isolated Worker) {
        let begun = ActiveRun(job, run, leaseUntil: run.context.now + RunBook.leaseLength, reactor: reactor)
        active[job.name] = begun
        // The claim was under way when somebody asked to stop.
        if isStopping { run.callOff() }
        unrecorded += 1
        begun.watchTime()
        worker.spawn {
            await begun.carryOut()
            self.active[job.name] = nil
            self.bell.wake()
        }
        worker.spawn {
            await self.record(begun)
            self.unrecorded -= 1
        }
    }

    private nonisolated(nonsending) func record(_ begun: ActiveRun) async {
        let ending = await begun.ending.get()
        onEnd?(begun.job.name, ending.outcome)
        if ending.outcome != .succeeded {
            log.warning(
                "a job failed",
                [
                    "job": .init(begun.job.name), "run": .init(begun.run.id),
                    "error": .init(ending.error ?? ""),
                ])
        }
        for _ in 0..<Self.recordingAttempts {
            do {
                return try await book.end(begun.job.name, begun.run.id, ending)
            } catch {
                log.warning(
                    "the end of a run cannot be recorded",
                    ["job": .init(begun.job.name), "error": .init("\(error)")])
                await reactor.sleep(nanoseconds: Period.seconds(1).nanoseconds)
            }
        }
    }

    private nonisolated(nonsending) func renewLeases() async {
        for begun in active.values where !begun.ending.isFulfilled {
            let now = clock.now()
            guard begun.leaseUntil - now < Self.renewalMargin else { continue }
            do {
                let until = now + RunBook.leaseLength
                let isOurs = try await book.jobs.renew(
                    begun.job.name, run: begun.run.id, node: node, until: until)
                if isOurs { begun.leaseUntil = until } else { begun.run.isOver = true }
            } catch {
                if begun.leaseUntil <= now { begun.run.isOver = true }
            }
        }
    }
}
