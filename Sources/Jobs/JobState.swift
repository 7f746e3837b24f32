package import Access
package import Kernel

/// Where a job stands: idle, asked for by hand, or run by a node that holds its lease. Pure.
package struct JobState: Equatable, Sendable {
    package enum Phase: Equatable, Sendable {
        case idle
        /// Asked for by hand; no node has taken it yet.
        case requested(RunID)
        case running(RunID, node: NodeID, leaseUntil: Timestamp)
    }

    package let phase: Phase
    package let nextRunAt: Timestamp

    package init(phase: Phase, nextRunAt: Timestamp) {
        self.phase = phase
        self.nextRunAt = nextRunAt
    }

    /// What a node that may take the job has to do with it.
    package enum Claim: Equatable, Sendable {
        case runOnSchedule
        case runByHand(RunID)
        /// The node that ran it is gone, or was cut off for longer than its lease.
        case abandon(RunID)
    }

    /// Nil while there is nothing to do.
    package func claim(at now: Timestamp) -> Claim? {
        guard now >= dueAt(now) else { return nil }
        return switch phase {
        case .idle: .runOnSchedule
        case .requested(let run): .runByHand(run)
        case .running(let run, _, _): .abandon(run)
        }
    }

    /// When there will be something to do, unless somebody asks sooner.
    package func dueAt(_ now: Timestamp) -> Timestamp {
        switch phase {
        case .idle: nextRunAt
        case .requested: now
        case .running(_, _, let leaseUntil): leaseUntil
        }
    }

    package var run: RunID? {
        switch phase {
        case .idle: nil
        case .requested(let run), .running(let run, _, _): run
        }
    }
}

/// When a job runs. Pure.
package enum Schedule {
    /// The first time after `now` on the raster that `planned` stands on: runs that were missed meanwhile run
    /// once.
    package static func next(after planned: Timestamp, every: Period, now: Timestamp) -> Timestamp {
        precondition(every.microseconds > 0, "a job needs an interval")
        guard planned <= now else { return planned }
        let missed = (now - planned).microseconds / every.microseconds
        return Timestamp(microseconds: planned.microseconds + (missed + 1) * every.microseconds)
    }
}
