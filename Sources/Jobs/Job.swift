package import Access
package import JSON
package import Kernel

/// A scheduled piece of work. Whichever node gets the lease runs it; a run that was missed runs once.
package struct Job {
    /// Lower-case words joined by hyphens: `key-expiry`.
    package let name: String
    /// One sentence for `/v1/jobs`.
    package let summary: String
    /// From the start of one run to the start of the next.
    package let every: Period
    /// A run that takes longer is given up and recorded as timed out.
    package let timeout: Period
    /// Does the work in small committed steps and returns counts of what it did. Cancelling is cooperative:
    /// between steps it asks `JobRun.isOver`.
    package let run: (JobRun) async throws -> JSONObject

    package init(
        _ name: String, _ summary: String, every: Period, timeout: Period = .minutes(5),
        run: @escaping (JobRun) async throws -> JSONObject
    ) {
        self.name = name
        self.summary = summary
        self.every = every
        self.timeout = timeout
        self.run = run
    }
}

/// One run of a job, as its handler sees it.
package final class JobRun {
    package let id: RunID
    /// The installation's own context: what the run changes is audited as the installation's doing.
    package let context: Context
    /// Set when the time is up, the lease is lost or the service stops: return soon.
    package var isOver = false
    /// The service stops, or pauses: that it is cut short is not the run's doing.
    package private(set) var isCalledOff = false
    /// The first of what `each` met.
    private var failure: (any Error)?

    package init(id: RunID, context: Context) {
        self.id = id
        self.context = context
    }

    package func callOff() { (isOver, isCalledOff) = (true, true) }

    /// Works through items until the run is over. One that fails stops none of those behind it: `result`
    /// tells of the first.
    package nonisolated(nonsending) func each<Item>(
        _ items: some Sequence<Item>, _ work: nonisolated(nonsending) (Item) async throws -> Void
    ) async {
        for item in items {
            if isOver { return }
            do {
                try await work(item)
            } catch {
                failure = failure ?? error
            }
        }
    }

    /// Counts of what was done, unless something failed: then the run did.
    package func result(_ counts: KeyValuePairs<String, Int>) throws -> JSONObject {
        if let failure { throw failure }
        return JSONObject(members: counts.map { ($0.key, .number(JSONNumber($0.value))) })
    }

    /// Steps of at most so many rows, until one finds fewer or the run is over; how many there were in all.
    package nonisolated(nonsending) func inSteps(
        of rows: Int, _ step: nonisolated(nonsending) () async throws -> Int
    ) async throws -> Int {
        var (total, found) = (0, 0)
        repeat {
            found = try await step()
            total += found
        } while found == rows && !isOver
        return total
    }
}
